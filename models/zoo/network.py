"""A vision model as an encoder: its answers at chosen layers, from views as encoders see them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.data.views import RGB
from models.errors import ConfigError
from models.imported import Imported
from models.zoo.families import build

CELLS = 8  # at most, along a side of a layer's grid
FEWEST = 4  # cells of equal size; with fewer, 8 cells that overlap are better


class Network(nn.Module):
    """A model's answer at the chosen layers, as an encoder gives it."""

    def __init__(
        self,
        body: nn.Module,
        layers: tuple[str, ...],
        mean: tuple[float, ...],
        deviation: tuple[float, ...],
    ) -> None:
        super().__init__()
        self.body, self.layers = body, layers
        mine, theirs = torch.tensor(RGB), torch.tensor((mean, deviation))  # [2, channel]
        scale, shift = mine[1] / theirs[1], (mine[0] - theirs[0]) / theirs[1]
        self.register_buffer("scale", scale[:, None, None], persistent=False)
        self.register_buffer("shift", shift[:, None, None], persistent=False)

    def forward(self, views: Tensor) -> list[Tensor]:
        """z of every layer [b, unit, row, column], from normalised views [b, 3, y, x]."""
        pictures = views * self.scale + self.shift
        with answers(self.body, self.layers) as heard:
            self.body(pictures)
        return [cells(as_map(self.body, name, heard[name][0])) for name in self.layers]


def network_of(config: Imported) -> Network:
    """The model that a run imported, with random weights."""
    body = build(config.family, config.name, config.classes)
    return Network(body, config.layers, config.mean, config.deviation)


@contextmanager
def answers(body: nn.Module, names) -> Iterator[dict[str, list[Any]]]:
    """What the modules with these names give while the block runs, in the order they end in.

    Each answer is a copy: the next module may be one that works in place.
    """
    heard: dict[str, list[Any]] = {}
    hooks = [
        body.get_submodule(name).register_forward_hook(
            lambda module, given, answer, name=name: heard.setdefault(name, []).append(own(answer))
        )
        for name in names
    ]
    try:
        yield heard
    finally:
        for hook in hooks:
            hook.remove()


def own(answer: Any) -> Any:
    return answer.clone() if isinstance(answer, Tensor) else answer


def as_map(body: nn.Module, name: str, answer: Any) -> Tensor:
    """A layer's answer as [b, unit, y, x], y = x. Raises ConfigError where it is no such map."""
    shape = tuple(answer.shape) if isinstance(answer, Tensor) else ()
    if len(shape) == 4 and shape[2] == shape[3]:
        return answer
    if len(shape) == 4 and shape[1] == shape[2]:  # transformers of windows put channels last
        return answer.movedim(3, 1)
    if len(shape) == 3:
        before = getattr(body, "num_prefix_tokens", 1 if hasattr(body, "class_token") else 0)
        side = round(max(shape[1] - before, 0) ** 0.5)
        if side and side**2 == shape[1] - before:
            return answer[:, before:].movedim(2, 1).unflatten(2, (side, side))
    told = " x ".join(map(str, shape[1:])) if shape else type(answer).__name__
    raise ConfigError(
        f"layer {name!r} gives {told} for an image, which is no square map of positions; choose a "
        "layer below it (--layers '?' lists those that are)"
    )


def cells(z: Tensor) -> Tensor:
    """Average [b, unit, y, x] into at most 8 x 8 cells, of equal size where that leaves 4 x 4."""
    side = z.shape[-1]
    equal = max(n for n in range(1, CELLS + 1) if side % n == 0)
    wanted = side if side <= CELLS else equal if equal >= FEWEST else CELLS
    return z if wanted == side else F.adaptive_avg_pool2d(z, wanted)
