"""What is known of a network that was trained elsewhere, as plain numbers that need no torch."""

from dataclasses import asdict, dataclass, fields
from typing import Any, ClassVar

from models.config import TrainConfig
from models.errors import RunError
from models.presets import Sites
from models.rules import RULES, RuleRow

RULE = "imported"  # stands where a trained run names its learning rule
ELSEWHERE = RuleRow(
    RULE,
    "Trained elsewhere, by a rule that is not known here.",
    "none",
    False,
    "not known",
    "",
    predicts=False,
    contrast="elsewhere",
)
SEED = 0  # of the random weights of epoch 0
WHOLE = 4096  # pixels; a view of this side is as large as the image


@dataclass(frozen=True)
class Imported:
    """A model of a library with weights of its own; what TrainConfig is to a trained run.

    Epoch 0 is the same model with random weights, epoch 1 the model with its weights.
    """

    data: str  # the data set it was looked at on first
    family: str  # a word of models.zoo.families.FAMILIES
    name: str  # of the model there
    classes: int  # outputs of its head
    layers: tuple[str, ...]  # modules whose outputs are layers 1, 2, ..., in the order they run in
    widths: tuple[int, ...]  # units of each
    signed: tuple[bool, ...]  # whether the responses of each can be negative
    mean: tuple[float, ...]  # of red, green and blue in 0..1, as the model wants them normalised
    deviation: tuple[float, ...]
    side: int  # of the view that what follows is about, pixels
    spans: tuple[tuple[tuple[int, int], ...], ...]  # Sites of each layer
    multiplications: int  # multiply-adds of one image

    rule: ClassVar[str] = RULE
    sees: ClassVar[str] = "network"
    crop: ClassVar[int] = WHOLE
    colour: ClassVar[str] = "rgb"
    channels: ClassVar[int] = 3

    @property
    def encoder(self) -> str:
        return self.name

    @property
    def sites(self) -> tuple[Sites, ...]:
        """Where the responses of each layer sit on a view of `side` pixels."""
        return tuple(map(Sites, self.spans))

    def config(self) -> dict[str, Any]:
        """The settings of the run that a training would have had, too."""
        return {
            **{"data": self.data, "rule": self.rule, "encoder": self.encoder},
            **{"epochs": 1, "seed": SEED},
        }

    def model(self) -> dict[str, Any]:
        """All else, to stand beside the settings in run.json."""
        return {name: value for name, value in asdict(self).items() if name != "data"}


def config_from(about: dict[str, Any]) -> TrainConfig | Imported:
    """What run.json, or the state of a checkpoint, says of the network. Raises a SaccadeError."""
    if "model" not in about:
        return TrainConfig.from_dict(about["config"])
    try:
        values = {"data": about["config"]["data"], **about["model"]}
        found = Imported(**{field.name: frozen(values[field.name]) for field in fields(Imported)})
        check(found)
        return found
    except (KeyError, TypeError, ValueError) as error:
        raise RunError(
            f"what run.json says of the imported model is damaged ({error!r}); import it anew"
        ) from None


def check(found: Imported) -> None:
    """Raise TypeError or ValueError for values that describe no network."""
    n = len(found.layers)
    if not all(isinstance(name, str) for name in (found.data, found.family, found.name)):
        raise TypeError("a name is no text")
    if not all(isinstance(name, str) for name in found.layers):
        raise TypeError("a layer is no text")
    if not all(isinstance(width, int) and width > 0 for width in found.widths):
        raise TypeError("a width is no number of units")
    if not n or {len(found.widths), len(found.signed), len(found.spans)} != {n}:
        raise ValueError("its layers do not match")
    if not all(isinstance(pixel, int) for s in found.spans for span in s for pixel in span):
        raise TypeError("a span is no pair of pixels")
    if not (found.side > 0 and found.classes > 0 and found.multiplications >= 0):
        raise ValueError("a size is not above 0")


def frozen(value: Any) -> Any:
    """The same with tuples for JSON's lists."""
    return tuple(map(frozen, value)) if isinstance(value, (list, tuple)) else value


def row_of(config: TrainConfig | Imported) -> RuleRow:
    """What is known of the rule that a run was trained by."""
    return RULES.get(config.rule, ELSEWHERE)
