"""The control: an encoder that keeps its random weights."""

from typing import final

import torch
from torch import Tensor, nn

from models.rules.rule import Form, Rule


@final
class Untrained(Rule):
    """No layer carries a loss, so a run ends with the weights it began with."""

    layers = ()
    terms = 1

    def __init__(self, form: Form, generator: torch.Generator) -> None:
        super().__init__()

    def draw(self, images: int, generator: torch.Generator) -> None:
        return None

    def loss(self, layer: int, z: Tensor, draw: None) -> Tensor:
        return z.new_zeros(())

    def parameters_of(self, layer: int) -> list[nn.Parameter]:
        return []
