"""What is a bench asked to compare, and with which settings does each of its runs train?"""

from dataclasses import dataclass

from models.config import TrainConfig
from models.rules import OPTIONS, RULES

SEPARATE = (  # must agree
    *("epochs", "batch", "learning_rate", "schedule"),
    *("encoder", "init", "w_init", "precision", "device"),
)


@dataclass(frozen=True)
class Wanted:
    """What to compare."""

    config: TrainConfig  # what all have in common; its rule and seed are not looked at
    rules: tuple[str, ...]  # without `random`, which is always there
    seeds: tuple[int, ...]
    protocols: tuple[str, ...]
    command: str  # as a person would type it, up to the settings of all runs
    version: str  # of Saccade

    def of(self, rule: str, seed: int) -> TrainConfig:
        """The settings of one run: those in common, less options that its rule does not have."""
        there = {"data", *SEPARATE} - (OPTIONS.keys() - RULES[rule].options.keys())
        common = {name: getattr(self.config, name) for name in there}
        return TrainConfig(rule=rule, seed=seed, **common)
