"""Every setting of a training run, once: the command line, the form, the run store and the
documentation are all made from the fields of TrainConfig."""

import difflib
import math
from dataclasses import MISSING, asdict, dataclass, field, fields
from typing import Any

from models.errors import ConfigError
from models.presets import ENCODERS
from models.rules import OPTIONS, OWN, RULES, rules_with

SMALLEST_VIEW = 32  # pixels
LONGEST = 80  # letters of a wrong value that an error repeats


@dataclass(frozen=True)
class Setting:
    """One setting as the form and the command line show it."""

    name: str
    type: str  # "int", "float", "text" or "choice"
    default: int | float | str
    unit: str
    minimum: float | None
    maximum: float | None
    choices: tuple[str, ...]
    rules: tuple[str, ...]  # the rules that have this setting; empty: all of them
    help: str
    torchrun: bool = False  # only of use where torchrun starts several processes


def option(name: str, help: str):
    """The field of an option that some rules have; its words stand in their rows of RULES."""
    return setting(OWN, help, choices=(OWN, *OPTIONS[name]), rules=rules_with(name))


def setting(
    default, help, *, unit="", minimum=None, maximum=None, choices=(), rules=(), torchrun=False
):
    """A dataclass field that carries its own unit, range and sentence."""
    return field(
        default=default,
        metadata={
            "help": help,
            "unit": unit,
            "minimum": minimum,
            "maximum": maximum,
            "choices": tuple(choices),
            "rules": tuple(rules),
            "torchrun": torchrun,
        },
    )


@dataclass(frozen=True)
class TrainConfig:
    """What to train, on what, for how long. Defaults are the paper's where it has one (B.4).

    A setting left at "auto" (for `crop`, at 0) takes the rule's own value at once, so a config
    always says what a run did. Raises ConfigError, also for an option that the rule does not have.
    """

    data: str = setting("photos", "Data set: a word, or the path of a pack or folder.")
    rule: str = setting("clapp", "Learning rule.", choices=RULES)
    encoder: str = setting("vgg6-small", "Encoder, by name.", choices=ENCODERS)
    epochs: int = setting(
        10, "Passes over the training images.", unit="epochs", minimum=0, maximum=100_000
    )
    batch: int = setting(
        32,
        "Images a step; negatives come from the same batch.",
        unit="images",
        minimum=2,
        maximum=65_536,
    )
    learning_rate: float = setting(
        2e-4, "Adam's step size, one optimiser a layer.", minimum=1e-8, maximum=1.0
    )
    schedule: str = setting(
        "constant",
        "Whether the step size stays as it is or falls to zero over the run, by half a cosine.",
        choices=("constant", "cosine"),
    )
    steps: int = setting(
        5,
        "Prediction steps K; step k looks k + 1 patch rows down.",
        minimum=1,
        maximum=5,
        rules=(word for word, row in RULES.items() if row.predicts),
    )
    crop: int = setting(
        0,
        "Side of the square view that is cut from an image; 0 is the rule's own, 64 (clapp++: 96).",
        unit="pixels",
        minimum=0,
        maximum=4096,
    )
    colour: str = setting(
        OWN,
        "What the encoder sees; auto is the rule's own, grey (clapp++: rgb).",
        choices=(OWN, "grey", "rgb"),
    )
    draw: str = option(
        "draw",
        "Whose draw of true or wrong future: one broadcast to the network, as the paper says, or "
        "one per layer and loss term, as the published code does.",
    )
    negatives: str = option(
        "negatives",
        "Wrong futures: one other image for all places, 16 patches from anywhere in the batch, or "
        "the next image.",
    )
    symmetric: str = option(
        "symmetric", "One matrix for both directions, carried over, instead of two independent."
    )
    spatial: str = option(
        "spatial", "One matrix over channel and position, instead of over channels alone."
    )
    feedback: str = option(
        "feedback", "Where a layer's context comes from: the same layer, the top, or both."
    )
    w_init: str = option(
        "w_init",
        "How the prediction matrices begin: uniform, as published, or near the identity over the "
        "width, which predicts at first that nothing changes.",
    )
    update: str = option(
        "update", "How weights change: by autograd, or by the explicit product of four factors."
    )
    init: str = setting(
        "uniform",
        "How the encoder's weights begin: uniform within 1 / sqrt(inputs), as published, or he, "
        "normal with variance 2 / inputs and no bias, so that activity does not fade with depth.",
        choices=("uniform", "he"),
    )
    seed: int = setting(
        0, "Seed of the weights, the order, the views and the draws.", minimum=0, maximum=2**31 - 1
    )
    device: str = setting("auto", "Where to compute.", choices=("auto", "cpu", "cuda", "mps"))
    precision: str = setting(
        "auto",
        "Arithmetic of convolutions and predictions; auto is bfloat16 where the hardware has it.",
        choices=("auto", "float32", "bfloat16", "float64"),
    )
    parallel: str = setting(
        OWN,
        "What the processes that torchrun starts share: data, the images of a batch, or layers, "
        "which are cut into blocks; auto is data. A run of one process takes auto.",
        choices=(OWN, "data", "layers"),
        torchrun=True,
    )
    negatives_from: str = setting(
        "all",
        "Where wrong futures come from when processes share the images: all of them, or each "
        "process's own (rank), as in the published code.",
        choices=("all", "rank"),
        torchrun=True,
    )
    keep: str = setting(
        "0,1,3,10,30,100,300",
        "Epochs whose encoder is kept and analysed; the first and the last always are.",
    )

    def __post_init__(self) -> None:
        for row in SETTINGS:
            check(row, getattr(self, row.name))
        rule = RULES[self.rule]
        for name in (*rule.own, *OPTIONS):
            object.__setattr__(self, name, rule.choice(name, getattr(self, name)))
        if self.crop < SMALLEST_VIEW:
            raise ConfigError(f"crop must be at least {SMALLEST_VIEW}, or 0, not {self.crop}")
        if self.update == "hebbian" and self.precision == "bfloat16":
            raise ConfigError(
                "update hebbian is exact and has no bfloat16; set precision to float32 or float64"
            )
        if self.parallel == "layers":
            self.check_forward_only()
        kept_epochs(self)

    def check_forward_only(self) -> None:
        """Raise ConfigError where something would have to go down from layer to layer."""
        if RULES[self.rule].crosses:
            raise ConfigError(
                f"parallel layers sends activity upwards alone, but rule {self.rule} sends its "
                "gradient back through all layers; set parallel to data, or choose a rule whose "
                "layers learn by themselves"
            )
        if self.feedback not in (OWN, "same"):
            raise ConfigError(
                f"parallel layers sends activity upwards alone, but feedback {self.feedback} tells "
                "every layer what the top does; set parallel to data, or feedback to same"
            )
        if self.negatives_from == "rank":
            raise ConfigError(
                "negatives_from rank is for parallel data; with parallel layers every process has "
                "all images, so leave negatives_from at all"
            )

    @property
    def channels(self) -> int:
        """Channels of what the encoder sees."""
        return 1 if self.colour == "grey" else 3

    @property
    def widths(self) -> tuple[int, ...]:
        """Units of each layer of the encoder."""
        return ENCODERS[self.encoder].widths

    @property
    def sees(self) -> str:
        """How the encoder sees an image, a word of models.encoder.ENCODER_CLASSES."""
        return RULES[self.rule].sees

    @property
    def options(self) -> dict[str, str]:
        """The options of the rule, by name."""
        return {name: getattr(self, name) for name in RULES[self.rule].options}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "TrainConfig":
        """A config from untrusted values; an unknown key is an error that names the nearest."""
        names = [row.name for row in SETTINGS]
        for name in values:
            if name not in names:
                raise ConfigError(f"unknown setting {shown(name)}; {nearest(name, names)}")
        return cls(**{name: number(name, value) for name, value in values.items()})

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def shown(value: Any) -> str:
    """A value as a sentence tells it: as Python writes it, cut where it is long."""
    text = repr(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."


def nearest(word: str, words) -> str:
    """The end of an error sentence: the likeliest right word, else all of them."""
    words = list(words)
    close = difflib.get_close_matches(str(word), words, n=1)
    return f"did you mean {close[0]!r}?" if close else f"choose one of: {', '.join(words)}"


def settings_of(config: type) -> tuple[Setting, ...]:
    """The table of settings that a frozen dataclass made with `setting` describes."""
    kinds = {int: "int", float: "float", str: "text"}
    rows = []
    for f in fields(config):
        assert f.default is not MISSING, f"{f.name} needs a default"
        kind = "choice" if f.metadata["choices"] else kinds[f.type]
        rows.append(Setting(f.name, kind, f.default, **f.metadata))
    return tuple(rows)


SETTINGS = settings_of(TrainConfig)


def number(name: str, value: Any) -> Any:
    """Whole numbers are accepted where a float is wanted; nothing else is converted."""
    kind = next(row.type for row in SETTINGS if row.name == name)
    whole = isinstance(value, int) and not isinstance(value, bool)
    return float(value) if kind == "float" and whole and abs(value) < 2**53 else value


def check(row: Setting, value: Any) -> None:
    """Raise ConfigError unless `value` has the type and range of the setting."""
    wanted = {"int": int, "float": float, "text": str, "choice": str}[row.type]
    if not isinstance(value, wanted) or isinstance(value, bool):
        raise ConfigError(f"{row.name} must be of type {wanted.__name__}, not {shown(value)}")
    if row.choices and value not in row.choices:
        raise ConfigError(f"unknown {row.name} {shown(value)}; {nearest(value, row.choices)}")
    if wanted is float and not math.isfinite(value):
        raise ConfigError(f"{row.name} must be a finite number, not {shown(value)}")
    if row.minimum is not None and value < row.minimum:
        raise ConfigError(f"{row.name} must be at least {row.minimum:g}, not {shown(value)}")
    if row.maximum is not None and value > row.maximum:
        raise ConfigError(f"{row.name} must be at most {row.maximum:g}, not {shown(value)}")


def kept_epochs(config: TrainConfig) -> tuple[int, ...]:
    """The epochs to keep, ascending: those of `keep` up to the last, with 0 and the last."""
    try:
        listed = {int(word) for word in config.keep.split(",") if word.strip()}
    except ValueError:
        raise ConfigError(
            f"keep must be whole numbers between commas, such as 0,10,30, not {shown(config.keep)}"
        ) from None
    if any(epoch < 0 for epoch in listed):
        raise ConfigError(f"keep must not hold a negative epoch, but is {shown(config.keep)}")
    return tuple(sorted({e for e in listed if e <= config.epochs} | {0, config.epochs}))
