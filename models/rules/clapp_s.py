"""CLAPP-s, the synchronous version: the true and the wrong future at every step (method A.8)."""

from collections.abc import Sequence
from typing import final

import torch
from torch import Tensor, nn

from models.rules.rule import Form, Rule, matrices
from models.rules.scores import (
    Anywhere,
    OtherImages,
    anywhere,
    by_place,
    other_images,
    rows,
    score,
)

NEGATIVES = 16  # of "anywhere", as in the published script


@final
class CLAPPs(Rule):
    """CLAPP without the draw: each context meets its true future and a wrong one at each step.

        L = max(0, 1 - u_true) + max(0, 1 + u_wrong)            u = z . W c

    negatives: "image", one other image for all places, drawn anew for each k (default), or
    "anywhere", 16 patches from anywhere in the batch, averaged, as in the published script.
    symmetric: "no", two matrices as in CLAPP (default), or "yes", one matrix that teaches both
    sides, which carries its weights from one synapse to another, as in the published script.
    w_init: `matrices`. update is read by the training step.

    The loss of a layer at chance is 4, or 2 where symmetric.
    """

    def __init__(
        self,
        form: Form,
        generator: torch.Generator,
        negatives: str = "image",
        symmetric: str = "no",
        w_init: str = "uniform",
        update: str = "autograd",
    ) -> None:
        super().__init__()
        self.layers = tuple(range(len(form.widths)))
        self.steps, self.sides = form.steps, form.sides
        self.anywhere, self.symmetric = negatives == "anywhere", symmetric == "yes"
        self.terms = 1 if self.symmetric else 2
        pairs = [(form.steps, width, width) for width in form.widths]
        self.W_pred = nn.ParameterList(matrices(*pair, generator, w_init) for pair in pairs)
        if not self.symmetric:
            self.W_retro = nn.ParameterList(matrices(*pair, generator, w_init) for pair in pairs)

    def draw(self, images: int, generator: torch.Generator) -> OtherImages | Anywhere:
        if self.anywhere:
            return anywhere(images, NEGATIVES, self.sides[0], self.steps, generator)
        return other_images(images, self.steps, generator)

    def loss(self, layer: int, z: Tensor, draw: OtherImages | Anywhere) -> Tensor:
        z, total = by_place(z), z.new_zeros(())
        for k, weights in enumerate(zip(*self.parameters_of(layer), strict=True), start=1):
            c, z_k = rows(z, k)  # [b, r, x, channel] each
            futures = torch.cat((z_k[:, None], draw.futures(z_k, k)), 1)  # the true one first
            for u in scores(weights, c[:, None], futures):  # [b, 1 + n, r, x]
                true, wrong = torch.relu(1 - u[:, :1]), torch.relu(1 + u[:, 1:])
                total = total + true.mean() + wrong.mean()
        return total / self.steps

    def parameters_of(self, layer: int) -> list[nn.Parameter]:
        retro = [] if self.symmetric else [self.W_retro[layer]]
        return [self.W_pred[layer], *retro]


def scores(weights: Sequence[Tensor], c: Tensor, z: Tensor) -> list[Tensor]:
    """The score of each term, with the gradient that the term lets through.

    weights: the matrices [j, i] of one step, one or two; c and z [b, n, r, x, channel].
    """
    if len(weights) == 1:
        return [score(weights[0], z, c)]
    return [score(weights[0], z, c.detach()), score(weights[1], c, z.detach())]
