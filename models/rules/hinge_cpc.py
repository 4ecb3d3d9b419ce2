"""Hinge-Loss CPC: what CLAPP's loss gives when its gradient may cross layers (method B.4)."""

from typing import final

import torch
from torch import Tensor, nn

from models.rules.clapp import two_way_hinge
from models.rules.rule import Form, Rule, matrices
from models.rules.scores import Broadcast, broadcast


@final
class HingeCPC(Rule):
    """CLAPP's loss, `two_way_hinge`, at the top layer alone, sent back through all layers.

    w_init: `matrices`. draw: as CLAPP's; here "per-layer" draws anew for each of the two terms.
    """

    terms = 2

    def __init__(
        self,
        form: Form,
        generator: torch.Generator,
        draw: str = "network",
        w_init: str = "uniform",
    ) -> None:
        super().__init__()
        top, width = len(form.widths) - 1, form.widths[-1]
        self.layers, self.steps, self.own_draws = (top,), form.steps, draw == "per-layer"
        self.W_pred = matrices(form.steps, width, width, generator, w_init)
        self.W_retro = matrices(form.steps, width, width, generator, w_init)

    def draw(self, images: int, generator: torch.Generator) -> Broadcast:
        return broadcast(images, self.steps, generator, 1, self.terms, self.own_draws)

    def loss(self, layer: int, z: Tensor, draw: Broadcast) -> Tensor:
        return two_way_hinge(z, self.W_pred, self.W_retro, 0, draw)

    def parameters_of(self, layer: int) -> list[nn.Parameter]:
        return [self.W_pred, self.W_retro]
