"""The learning rules by word: menu, parser and documentation in one table. Needs no torch."""

from dataclasses import dataclass, field
from importlib import import_module

from models.errors import ConfigError

OWN = "auto"  # the word of a setting that leaves the choice to the rule


@dataclass(frozen=True)
class RuleRow:
    """One rule: its sentence, where its losses sit, and the class that computes it."""

    word: str
    sentence: str
    loss_at: str  # "every layer", "top" or "none"
    crosses: bool  # does a loss send gradient into the layers below its own?
    samples: str  # which futures a step compares
    where: str  # "module:Class"
    options: dict[str, tuple[str, ...]] = field(default_factory=dict)  # first word: the default
    labels: bool = False  # does it learn from the labels of the training images?
    predicts: bool = True  # does it look `steps` patch rows ahead?
    sees: str = "patches"  # a word of models.encoder.ENCODER_CLASSES
    own: dict[str, int | str] = field(default_factory=lambda: {"crop": 64, "colour": "grey"})
    contrast: str = "hinge"  # how true is told from wrong: "hinge", "InfoNCE", "labels", ...

    def load(self) -> type:
        """The Rule class; this is where torch is imported."""
        module, name = self.where.split(":")
        return getattr(import_module(module), name)

    @property
    def no_scores(self) -> str | None:
        """Why it has no true and wrong scores, as the end of a sentence; None where it has."""
        return {
            "none": "the untrained encoder has no loss, so nothing in it learns",
            "labels": f"{self.word} learns from labels, not from predictions, so it has no true "
            "and wrong scores, no margin and no distance k",
            "elsewhere": "the network was trained elsewhere, by a rule that is not known here",
        }.get(self.contrast)

    @property
    def four_factors(self) -> bool:
        """Whether its update is also written as a product of four factors (models.hebbian)."""
        return "update" in self.options

    def choice(self, name: str, value: int | str) -> int | str:
        """The value of an option or of a setting in `own`, once the rule has had its say.

        Raises ConfigError for an option, or a word of it, that this rule does not have.
        """
        if name in self.own:
            return self.own[name] if value in (OWN, 0) else value
        if name not in self.options:
            if value == OWN:
                return value
            there = ", ".join(self.options) or "none"
            raise ConfigError(
                f"{name} {value!r} was asked for, but rule {self.word} has no {name} (its options: "
                f"{there}); leave it out, or choose a rule that has it"
            )
        words = self.options[name]
        if value not in (OWN, *words):
            raise ConfigError(
                f"{name} {value!r} was asked for, but rule {self.word} has {name} "
                f"{' or '.join(words)}"
            )
        return words[0] if value == OWN else value


DRAW = ("network", "per-layer")
UPDATE = ("autograd", "hebbian")
W_INIT = ("uniform", "identity")
WHOLE_COLOUR = {"crop": 96, "colour": "rgb"}

RULES: dict[str, RuleRow] = {
    row.word: row
    for row in (
        RuleRow(
            "clapp",
            "Each layer predicts its own future from its present with a local hinge loss.",
            "every layer",
            False,
            "the true or a wrong future, one broadcast draw per image",
            "models.rules.clapp:CLAPP",
            {"draw": DRAW, "w_init": W_INIT, "update": UPDATE},
        ),
        RuleRow(
            "clapp-s",
            "CLAPP with the true and the wrong future at every step.",
            "every layer",
            False,
            "the true and a wrong future",
            "models.rules.clapp_s:CLAPPs",
            {
                "negatives": ("image", "anywhere"),
                "symmetric": ("no", "yes"),
                "w_init": W_INIT,
                "update": UPDATE,
            },
        ),
        RuleRow(
            "clapp++",
            "Whole images: each layer predicts itself, or is told by the top, across two views.",
            "every layer",
            False,
            "the other view of the image and another image",
            "models.rules.clapp_pp:CLAPPpp",
            {
                "spatial": ("yes", "no"),
                "feedback": ("same", "top", "both"),
                "negatives": ("image", "next"),
            },
            predicts=False,
            sees="image",
            own=WHOLE_COLOUR,
        ),
        RuleRow(
            "hinge-cpc",
            "CLAPP's loss at the top layer alone, its gradient sent through all six.",
            "top",
            True,
            "the true or a wrong future, one broadcast draw per image",
            "models.rules.hinge_cpc:HingeCPC",
            {"draw": DRAW, "w_init": W_INIT},
        ),
        RuleRow(
            "greedy-infomax",
            "Each layer picks its true future among 17 by cross-entropy.",
            "every layer",
            False,
            "the true future and 16 from anywhere in the batch",
            "models.rules.infonce:GreedyInfoMax",
            {"w_init": W_INIT},
            contrast="InfoNCE",
        ),
        RuleRow(
            "cpc",
            "The top layer picks its true future among 17, its gradient sent through all six.",
            "top",
            True,
            "the true future and 16 from anywhere in the batch",
            "models.rules.infonce:CPC",
            {"w_init": W_INIT},
            contrast="InfoNCE",
        ),
        RuleRow(
            "greedy-supervised",
            "Each layer learns to name the class of the image by itself.",
            "every layer",
            False,
            "labels",
            "models.rules.supervised:GreedySupervised",
            labels=True,
            predicts=False,
            contrast="labels",
        ),
        RuleRow(
            "supervised",
            "The top layer learns to name the class, its gradient sent through all six.",
            "top",
            True,
            "labels",
            "models.rules.supervised:Supervised",
            labels=True,
            predicts=False,
            contrast="labels",
        ),
        RuleRow(
            "random",
            "No learning: the untrained encoder, the control for every other rule.",
            "none",
            False,
            "none",
            "models.rules.untrained:Untrained",
            predicts=False,
            contrast="none",
        ),
    )
}

OPTIONS: dict[str, tuple[str, ...]] = {  # every option with all of its words, in their order
    name: tuple(dict.fromkeys(w for row in RULES.values() for w in row.options.get(name, ())))
    for name in dict.fromkeys(name for row in RULES.values() for name in row.options)
}


def rules_with(option: str) -> tuple[str, ...]:
    """The rules that have an option."""
    return tuple(word for word, row in RULES.items() if option in row.options)
