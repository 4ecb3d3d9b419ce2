"""What can go wrong for a user, as one family.

SaccadeError            one sentence: what was wanted, what came, what to do
  ConfigError           a setting that does not exist or is out of range
  DataError             a data set that is missing, damaged or empty
  CheckpointError       a checkpoint that is missing, damaged or of another form
  RunError              a run that does not exist or cannot do what was asked
  DivergedError         a layer's loss stopped being a finite number
  RanksError            another process of the same run is gone
"""


class SaccadeError(Exception):
    """Raised with one sentence for a person; `code` is stable, for programs."""

    code = "internal"


class ConfigError(SaccadeError):
    code = "bad_config"


class DataError(SaccadeError):
    code = "bad_data"


class CheckpointError(SaccadeError):
    code = "bad_checkpoint"


class RunError(SaccadeError):
    code = "bad_run"


class DivergedError(SaccadeError):
    code = "nan_loss"


class RanksError(SaccadeError):
    code = "lost_process"
