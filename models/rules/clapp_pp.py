"""CLAPP++ (Wu, Delrocq, Gerstner, Bellec 2026, arXiv 2601.21683): whole images, two views."""

from typing import NamedTuple, final

import torch
from torch import Tensor, nn

from models.rules.rule import Form, Rule, matrices
from models.rules.scores import taken


class Meeting(NamedTuple):
    """What one step tells all layers: the wrong view of each view, and the top's activity."""

    other: Tensor  # [b] which of the b views is the wrong one
    top: Tensor | None = None  # [b, channel, row, column], detached

    def to(self, device: torch.device) -> "Meeting":
        return self._replace(other=self.other.to(device))


@final
class CLAPPpp(Rule):
    """A layer's answer to one view of an image is to be foretold from its answer to the other.

        L = max(0, 1 - z_true . B c) + max(0, 1 + z_wrong . B c)

    A batch holds two views of each image, one half after the other, and both directions are
    taken: c of view 1 meets z of view 2 and the other way round. Gradient runs through z alone;
    the context c is detached, and no second matrix is needed, since the roles are swapped.

    spatial: "yes", z and c are flattened, so that B is a matrix over channel and position
    (default), or "no", averaged over positions, B over channels.
    feedback: where c comes from: the "same" layer (default), the "top", or "both", the sum of
    two losses with a matrix each.
    negatives: "image", a random view of the batch, the same for all layers, perhaps itself
    (default, as the paper means it), or "next", the next view of the batch, which the published
    code takes unless told otherwise.

    B starts uniform within 1 / sqrt(size of c). The loss of a layer at chance is 2 a source of
    context.
    """

    def __init__(
        self,
        form: Form,
        generator: torch.Generator,
        spatial: str = "yes",
        feedback: str = "same",
        negatives: str = "image",
    ) -> None:
        super().__init__()
        self.layers = tuple(range(len(form.widths)))
        self.spatial, self.next = spatial == "yes", negatives == "next"
        self.hears_top = feedback != "same"
        sizes = [
            width * side**2 if self.spatial else width
            for width, side in zip(form.widths, form.sides, strict=True)
        ]
        self.B_same = self.matrices_from(sizes if feedback != "top" else [], sizes, generator)
        tops = [sizes[-1]] * len(sizes)
        self.B_top = self.matrices_from(tops if self.hears_top else [], sizes, generator)
        self.terms = 2 if feedback == "both" else 1

    @staticmethod
    def matrices_from(contexts: list[int], sizes: list[int], generator) -> nn.ParameterList:
        pairs = zip(sizes, contexts, strict=False)
        return nn.ParameterList(matrices(1, z, c, generator) for z, c in pairs)

    def draw(self, images: int, generator: torch.Generator) -> Meeting:
        if self.next:
            return Meeting((torch.arange(images, device=generator.device) + 1) % images)
        where = {"generator": generator, "device": generator.device}
        return Meeting(torch.randint(images, (images,), **where))

    def loss(self, layer: int, z: Tensor, draw: Meeting) -> Tensor:
        total, z = z.new_zeros(()), self.vector(z)
        for B, c in self.contexts(layer, z, draw):
            c = c.roll(len(c) // 2, 0).detach()  # that of the other view
            told = c @ B[0].T  # [b, j]
            u_true, u_wrong = (z * told).sum(1), (taken(z, draw.other) * told).sum(1)
            total = total + (torch.relu(1 - u_true) + torch.relu(1 + u_wrong)).mean()
        return total

    def contexts(self, layer: int, z: Tensor, draw: Meeting) -> list[tuple[Tensor, Tensor]]:
        """Each source of context, with the matrix that reads it."""
        same = [(self.B_same[layer], z)] if len(self.B_same) else []
        return same + ([(self.B_top[layer], self.vector(draw.top))] if self.hears_top else [])

    def vector(self, z: Tensor) -> Tensor:
        """[b, channel, row, column] -> [b, channel * row * column], or [b, channel]."""
        return z.flatten(1) if self.spatial else z.mean((2, 3))

    def parameters_of(self, layer: int) -> list[nn.Parameter]:
        return [matrix[layer] for matrix in (self.B_same, self.B_top) if len(matrix)]
