"""How many weights will a run train, and how much memory do they take, before any is made?"""

from dataclasses import dataclass

from models.config import TrainConfig
from models.presets import ENCODERS, sites_of
from models.rules import RULES

BYTES = 16  # a weight: itself, its gradient and Adam's two moments, float32
MANY = 50_000_000  # weights of a rule from which a person should be told


@dataclass(frozen=True)
class Size:
    """Weights that a run trains; no activity is counted."""

    encoder: int
    rule: int  # prediction matrices or readers

    @property
    def bytes(self) -> int:
        """Of all weights with their gradients and optimiser states."""
        return BYTES * (self.encoder + self.rule)


def size_of(config: TrainConfig, classes: int = 10) -> Size:
    """classes: how many the labels tell apart, for the readers of supervised rules."""
    widths = ENCODERS[config.encoder].widths
    inputs = (config.channels, *widths)
    encoder = sum(9 * i * j + j for i, j in zip(inputs, widths, strict=False))
    learning = widths if RULES[config.rule].loss_at == "every layer" else widths[-1:]
    if RULES[config.rule].labels:
        return Size(encoder, sum((width + 1) * classes for width in learning))
    if config.rule == "clapp++":
        return Size(encoder, across_views(config, widths))
    directions = {"clapp": 2, "hinge-cpc": 2, "clapp-s": 1 if config.symmetric == "yes" else 2}
    matrices = 0 if config.rule == "random" else directions.get(config.rule, 1) * config.steps
    return Size(encoder, matrices * sum(width**2 for width in learning))


def across_views(config: TrainConfig, widths: tuple[int, ...]) -> int:
    """Weights of the matrices of CLAPP++ (method F.2, H.4)."""
    sides = [
        sites.side if config.spatial == "yes" else 1 for sites in sites_of("image", config.crop)
    ]
    sizes = [width * side**2 for width, side in zip(widths, sides, strict=True)]
    same = sum(size**2 for size in sizes) if config.feedback != "top" else 0
    return same + (sum(sizes) * sizes[-1] if config.feedback != "same" else 0)


def warning(config: TrainConfig) -> str | None:
    """A sentence for a run whose rule has very many weights, else None."""
    size = size_of(config)
    if size.rule < MANY:
        return None
    flat = "set spatial to no, or " if config.rule == "clapp++" else ""
    return (
        f"{config.rule} at {config.encoder} trains {size.rule / 1e6:,.1f} million prediction "
        f"weights beside the encoder's {size.encoder / 1e6:,.1f} million, {size.bytes / 1e9:.1f} "
        f"GB with gradients and Adam's moments; {flat}choose a narrower encoder for fewer"
    )
