"""What can go wrong for a user of the page and the command line, as one family.

SaccadeError            one sentence: what was wanted, what came, what to do (models.errors)
  ConfigError           bad_config
  DataError             bad_data
  CheckpointError       bad_checkpoint
  RunError              bad_run
    DamagedError        damaged       the database is no database any more
  DivergedError         nan_loss
  RanksError            lost_process  another process of the same run is gone
  NotFoundError         not_found     nothing has that name or number
  RequestError          bad_request   a request or a command that has the wrong form
  ConflictError         conflict      it exists, but its state forbids what was asked
    OutdatedError       outdated      another process has taken up the run since
  BusyError             busy          too much of it waits already
  RefusedError          refused       a host or an origin that may not talk to this server
  NoTokenError          no_token      a request without the token of this server
  TooOftenError         too_often     more requests, streams or wrong tokens than are answered
  TooLargeError         too_large     more bytes than are read
  MediaTypeError        bad_type      a body that is not of the kind that the route takes
  DiskFullError         disk_full     the disk has no room for it

How a run ended that left no word itself is told by backend.jobs.endings: killed, lost, timeout.

`failure_of` turns any error, of these or not, into the code and sentence that a user sees.
"""

import errno
import os
from pathlib import Path

from models.errors import (
    CheckpointError,
    ConfigError,
    DataError,
    DivergedError,
    RanksError,
    RunError,
    SaccadeError,
)

__all__ = [
    "BusyError",
    "CheckpointError",
    "ConfigError",
    "ConflictError",
    "DamagedError",
    "DataError",
    "DiskFullError",
    "DivergedError",
    "MediaTypeError",
    "NoTokenError",
    "NotFoundError",
    "OutdatedError",
    "RanksError",
    "RefusedError",
    "RequestError",
    "RunError",
    "SaccadeError",
    "TooLargeError",
    "TooOftenError",
    "failure_of",
]

NO_ROOM = {errno.ENOSPC, errno.EDQUOT}
DISK_FULL = "the disk is full: make room, then go on; what was saved before is kept"
OUT_OF_MEMORY = {
    "oom_cuda": "the GPU ran out of memory: take a smaller batch, crop or encoder, or device cpu",
    "oom_host": "the computer ran out of memory: take a smaller batch, crop or encoder",
}


NO_MEMORY = {  # what torch and the libraries under it say of it, in errors of no kind of their own
    "CUDA error: out of memory": "oom_cuda",
    "CUBLAS_STATUS_ALLOC_FAILED": "oom_cuda",
    "CUDNN_STATUS_ALLOC_FAILED": "oom_cuda",
    "can't allocate memory": "oom_host",
    "Cannot allocate memory": "oom_host",
    "bad_alloc": "oom_host",
}


class DamagedError(RunError):
    code = "damaged"


class NotFoundError(SaccadeError):
    code = "not_found"


class RequestError(SaccadeError):
    code = "bad_request"


class ConflictError(SaccadeError):
    code = "conflict"


class OutdatedError(ConflictError):
    code = "outdated"


class BusyError(SaccadeError):
    code = "busy"


class RefusedError(SaccadeError):
    code = "refused"


class NoTokenError(SaccadeError):
    code = "no_token"


class TooOftenError(SaccadeError):
    """`seconds`: when to come again."""

    code = "too_often"

    def __init__(self, message: str, seconds: int) -> None:
        super().__init__(message)
        self.seconds = seconds


class TooLargeError(SaccadeError):
    code = "too_large"


class MediaTypeError(SaccadeError):
    code = "bad_type"


class DiskFullError(SaccadeError):
    code = "disk_full"


def failure_of(error: BaseException, log: str = "the log") -> dict[str, str]:
    """The stable code of an error and one sentence for a person: {"code", "message"}.

    log: where the caller writes the details of an error that no one foresaw, "" for nowhere.

    A full disk is told as one however deep it lies; an error that no one foresaw is "internal"
    and tells nothing of its inside, which belongs into a log. A file goes by its own name: the
    sentence is kept with runs and benches, which may be shown and given to others.
    """
    if is_disk_full(error):
        told = isinstance(error, SaccadeError)
        return {"code": DiskFullError.code, "message": str(error) if told else DISK_FULL}
    if isinstance(error, SaccadeError):
        return {"code": error.code, "message": str(error)}
    if code := memory_code(error):
        return {"code": code, "message": OUT_OF_MEMORY[code]}
    if isinstance(error, OSError) and error.strerror:
        name = name_of(error.filename)
        where = f" ({name})" if name else ""
        message = f"a file could not be used{where}: {error.strerror}; mend that and try again"
        return {"code": "internal", "message": message}
    message = f"Saccade failed unexpectedly ({type(error).__name__})"
    return {"code": "internal", "message": message + (f"; {log} has the details" if log else "")}


def name_of(file: object) -> str:
    """The last part of what an OSError says of a file: a path as text, bytes or Path, or none."""
    return Path(os.fsdecode(file)).name if isinstance(file, str | bytes | os.PathLike) else ""


def is_disk_full(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, DiskFullError) or (
            isinstance(error, OSError) and error.errno in NO_ROOM
        ):
            return True
        error = error.__cause__ or error.__context__
    return False


def memory_code(error: BaseException) -> str | None:
    """Which memory ran out, or None. torch's own error is known by its name: it is not imported."""
    if isinstance(error, MemoryError):
        return "oom_host"
    if isinstance(error, OSError):
        return "oom_host" if error.errno == errno.ENOMEM else None
    if not isinstance(error, RuntimeError):
        return None
    if type(error).__name__ == "OutOfMemoryError":
        return "oom_cuda"
    return next((code for told, code in NO_MEMORY.items() if told in str(error)), None)
