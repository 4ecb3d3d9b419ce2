"""Data parallel: every process computes its own images of each batch, in all layers.

All draw the same order, views and fates and take their rows, so that with negatives from "all"
what is learned is what one process learns. The gradients of a layer are added up while the next
layer computes.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, final

import torch
from torch import Tensor, nn

from models.errors import DivergedError
from models.parallel.ranks import Handle, Ranks
from models.parallel.share import Share, drawn, updated
from models.rules.rule import Rule

if TYPE_CHECKING:
    from models.train import Progress
    from models.training import Training


@final
class Rows(Share):
    """A row of views for each process.

    together: futures and images are compared across processes, whose activity is gathered in
    every layer; else within each, whose loss then counts by its images, as in the published code.
    A batch with fewer images than processes is computed by each of them.
    """

    def __init__(self, ranks: Ranks, together: bool = True, sees: str = "patches") -> None:
        self.ranks, self.together, self.views = ranks, together, 2 if sees == "image" else 1
        self.waiting: tuple[Handle, list[Tensor], torch.optim.Optimizer] | None = None
        self.done = True

    @property
    def about(self) -> str:
        compared = "all" if self.together else "its own"
        return f"{self.ranks.count} processes share the images, compared with {compared}"

    def begin(self, training: "Training", images: Tensor, labels: Tensor | None) -> None:
        self.done = False

    def layers(self, encoder: nn.Module) -> range:
        return range(len(encoder.layers))

    def go_on(self, training: "Training") -> bool:
        return bool(self.ranks.tell_number(1))

    def receive(self, generator: torch.Generator) -> None:
        return None

    def rows(self, views: Tensor) -> Tensor:
        self.parts = rows_of(len(views), self.views, self.ranks.count)
        self.split = len(self.parts[0]) < len(views)
        self.own = self.parts[self.ranks.rank].to(views.device)
        whole = self.together or not self.split
        self.weight = 1 / self.ranks.count if whole else len(self.own) / len(views)
        return views[self.own]

    def draw(
        self, rule: Rule, views: int, generator: torch.Generator, labels: Tensor | None
    ) -> Any:
        if self.together or not self.split:
            return drawn(rule, views, generator, labels)
        if labels is not None:
            return labels[self.own.to(labels.device)]
        return [rule.draw(len(part), generator) for part in self.parts][self.ranks.rank]

    def gather(self, z: Tensor) -> Tensor:
        return Gathered.apply(z, self) if self.together and self.split else z

    def learn(self, optimiser: torch.optim.Optimizer) -> None:
        every = [p for group in optimiser.param_groups for p in group["params"]]
        grads = [p.grad for p in every if p.grad is not None]
        flat = torch.cat([grad.flatten() for grad in grads]).mul_(self.weight)
        begun = self.ranks.sum(flat), grads, optimiser
        self.settle()
        self.waiting = begun

    def settle(self) -> None:
        """Update the layer whose gradients were under way while the last one computed."""
        if not self.waiting:
            return
        (handle, grads, optimiser), self.waiting = self.waiting, None
        sizes = [grad.numel() for grad in grads]
        for grad, total in zip(grads, handle.wait().split(sizes), strict=True):
            grad.copy_(total.view(grad.shape))
        updated(optimiser)

    def end(self, x: Tensor, losses: Tensor) -> Tensor:
        self.settle()
        if self.together or not self.split:
            return losses
        return self.ranks.sum(losses * self.weight).wait()

    def reported(self, progress: "Progress") -> Iterator["Progress"]:
        self.done = progress.step == progress.steps
        if self.ranks.rank == 0:
            yield progress

    def untold(self) -> "list[Progress]":
        return []

    def collect(self, training: "Training") -> None:
        return

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self.ranks.rank == 0 and not self.done and kind in (GeneratorExit, DivergedError):
            self.ranks.tell_number(0)


class Gathered(torch.autograd.Function):
    """z of all views [b, ...] from a process's own.

    All processes compute the same loss of it, each counting for its share of the whole, so that
    the gradients they would send back to each other are `count` times what each has at hand.
    """

    @staticmethod
    def forward(ctx, z: Tensor, share: Rows) -> Tensor:
        ctx.share, parts = share, share.parts
        most = max(map(len, parts))
        padded = z.new_zeros(most, *z.shape[1:])
        padded[: len(z)] = z
        whole = z.new_empty(sum(map(len, parts)), *z.shape[1:])
        for part, found in zip(parts, share.ranks.gathered(padded), strict=True):
            whole[part.to(z.device)] = found[: len(part)]
        return whole

    @staticmethod
    def backward(ctx, grad: Tensor) -> tuple[Tensor, None]:
        return grad[ctx.share.own] * ctx.share.ranks.count, None


def rows_of(total: int, views: int, count: int) -> list[Tensor]:
    """Numbers of each process's views; with two views an image, one half after the other."""
    images = total // views
    every = torch.arange(images)
    parts = every.tensor_split(count) if images >= count else [every] * count
    return [torch.cat([part + images * view for view in range(views)]) for part in parts]
