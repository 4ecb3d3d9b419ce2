"""One run in several processes, which torchrun starts: what each of them computes. Needs no torch.

data     every process computes its images of each batch, in all layers (models.parallel.rows)
layers   every process computes a block of layers, for all images (models.parallel.blocks)
"""

import os
from typing import TYPE_CHECKING

from models.config import TrainConfig
from models.errors import ConfigError
from models.presets import ENCODERS

if TYPE_CHECKING:
    from models.parallel.ranks import Ranks
    from models.parallel.share import Share

COMMAND = "torchrun --nproc-per-node 2 -m backend train"
DEFAULT = TrainConfig()


def under_torchrun() -> bool:
    return "TORCHELASTIC_RUN_ID" in os.environ


def processes() -> int:
    """How many processes torchrun started for this run; 1 without it."""
    return int(os.environ["WORLD_SIZE"]) if under_torchrun() else 1


def check_alone(config: TrainConfig) -> None:
    """Raise ConfigError where a new run asks for what only processes of torchrun can do."""
    for name in ("parallel", "negatives_from"):
        asked, usual = getattr(config, name), getattr(DEFAULT, name)
        if asked != usual:
            raise ConfigError(
                f"{name} {asked!r} was asked for, but this run has one process; start several "
                f"with `{COMMAND}`, or leave {name} at {usual}"
            )


def share_of(config: TrainConfig, ranks: "Ranks") -> "Share":
    """What this process computes of every step. Raises ConfigError where that cannot be shared."""
    from models.parallel.blocks import Blocks
    from models.parallel.rows import Rows
    from models.parallel.share import Whole

    if ranks.count == 1:
        return Whole()
    ranks.use(config.device)
    if config.parallel == "layers":
        layers = len(ENCODERS[config.encoder].widths)
        if ranks.count > layers:
            raise ConfigError(
                f"parallel layers gives each process a layer or more, but there are {ranks.count} "
                f"processes and {config.encoder} has {layers} layers; start at most {layers}"
            )
        return Blocks(ranks)
    if config.update == "hebbian" and config.negatives_from == "all":
        raise ConfigError(
            "update hebbian compares images of one process only; set negatives_from to rank, "
            "update to autograd, or parallel to layers"
        )
    return Rows(ranks, together=config.negatives_from == "all", sees=config.sees)
