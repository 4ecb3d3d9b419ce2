"""Which settings go together: the presets of `saccade train --preset`, as plain values."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Recipe:
    """One row of RECIPES: settings that differ from their defaults, and what they are for."""

    word: str
    settings: dict[str, Any]
    sentence: str


# benchmarks/learning.md says why
LAPTOP = {"learning_rate": 1e-3, "schedule": "cosine", "init": "he", "w_init": "identity"}
OFTEN = "0,1,3,10,30,100,200,300,400,500,600,700,800,900,1000"

RECIPES: dict[str, Recipe] = {
    recipe.word: recipe
    for recipe in (
        Recipe(
            "paper",
            {"data": "stl10", "encoder": "vgg6", "epochs": 300},
            "The paper's encoder and settings on STL-10's unlabelled and training images.",
        ),
        Recipe(
            "photos",
            {"data": "photos", "epochs": 100, "keep": "0,1,3,10,30,100", **LAPTOP},
            "The demo: a quarter of the width on the built-in photographs.",
        ),
        Recipe(
            "stl10-small",
            {"data": "stl10-labelled", "epochs": 300, **LAPTOP},
            "A quarter of the width on the training images of STL-10, for a processor.",
        ),
        Recipe(
            "stl10-gpu",
            {"data": "stl10", "encoder": "vgg6", "epochs": 1000, "keep": OFTEN},
            "The paper's encoder on STL-10, kept often, for a GPU with limited time.",
        ),
    )
}
