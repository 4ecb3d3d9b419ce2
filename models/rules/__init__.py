"""The learning rules by word: menu, parser and documentation in one table. Needs no torch."""

from dataclasses import dataclass
from importlib import import_module


@dataclass(frozen=True)
class RuleRow:
    """One rule: its sentence, where its losses sit, and the class that computes it."""

    word: str
    sentence: str
    loss_at: str
    crosses: bool  # does a loss send gradient into the layers below its own?
    samples: str  # which futures a step compares
    where: str  # "module:Class"

    def load(self) -> type:
        """The Rule class; this is where torch is imported."""
        module, name = self.where.split(":")
        return getattr(import_module(module), name)


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
        ),
        RuleRow(
            "random",
            "No learning: the untrained encoder, the control for every other rule.",
            "none",
            False,
            "none",
            "models.rules.untrained:Untrained",
        ),
    )
}
