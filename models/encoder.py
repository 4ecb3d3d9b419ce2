"""What each layer of the encoder computes: six 3x3 convolutions over independent patches."""

from abc import abstractmethod
from typing import final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.config import TrainConfig
from models.convolution import Activity, Room
from models.patches import patches, to_grid
from models.presets import ENCODERS, IMAGE_SIDES
from models.rules import RULES


class Layer(nn.Module):
    """3x3 convolution with zero padding inside each patch, ReLU, and 2x2 max-pool if `pool`.

    Weights and bias start uniform within 1 / sqrt(9 C_in); with init "he" the weights normal with
    variance 2 / (9 C_in) and the bias at 0 (He et al. 2015). The pool comes before the ReLU: the
    two commute, and the ReLU then has a quarter of the values to look at.
    """

    def __init__(
        self, channels: int, width: int, pool: bool, generator: torch.Generator, init: str
    ) -> None:
        super().__init__()
        weight, bias = torch.empty(width, channels, 3, 3), torch.zeros(width)
        bound = (9 * channels) ** -0.5
        if init == "he":
            weight.normal_(0, 2**0.5 * bound, generator=generator)
        else:
            weight.uniform_(-bound, bound, generator=generator)
            bias.uniform_(-bound, bound, generator=generator)
        self.weight = nn.Parameter(weight.contiguous(memory_format=torch.channels_last))
        self.bias = nn.Parameter(bias)
        self.pool = pool

    def forward(self, x: Tensor, room: Room | None = None) -> Tensor:
        """[patch, channel, y, x] -> [patch, width, y, x], or half the side when pooled."""
        return Activity.apply(x, self.weight, self.bias, self.pool, room)


class Stack(nn.Module):
    """Abstract: layers one upon the other. A final class says what enters them, and what z is.

    `word` is a row of ENCODERS, `channels` 1 (grey) or 3 (colour).
    """

    def __init__(
        self,
        word: str,
        channels: int = 1,
        generator: torch.Generator | None = None,
        init: str = "uniform",
    ):
        super().__init__()
        self.word, self.widths, self.channels = word, ENCODERS[word].widths, channels
        self.layers = layers_of(word, channels, generator, init)

    def forward(self, images: Tensor) -> list[Tensor]:
        """Activity of every layer, z [b, channel, row, column], from views [b, channel, h, w]."""
        x, activity = self.entrance(images), []
        for layer in self.layers:
            x = layer(x)
            activity.append(self.activity(len(activity), x, len(images)))
        return activity

    @abstractmethod
    def entrance(self, images: Tensor) -> Tensor:
        """What the first layer sees of a batch of views, laid out as the convolutions like it."""

    @abstractmethod
    def activity(self, layer: int, x: Tensor, images: int) -> Tensor:
        """z [b, channel, row, column] from what layer `layer` (from 0) hands on."""


@final
class Encoder(Stack):
    """The layers over the patches of an image, each patch by itself (method B.2)."""

    def entrance(self, images: Tensor) -> Tensor:
        return channels_last(patches(images))

    def activity(self, layer: int, x: Tensor, images: int) -> Tensor:
        """z: mean over all positions inside each patch, on the grid: -> [b, channel, row, column].

        Written as a sum over rows: its gradient is one value a unit and patch, never copied to
        every position, as that of torch.mean is.
        """
        total = x.movedim(1, -1).flatten(1, 2).sum(1, dtype=x.dtype)  # [patch, channel]
        z = total / (x.shape[2] * x.shape[3])
        return to_grid(z.to(torch.promote_types(z.dtype, torch.float32)), images)


@final
class ImageEncoder(Stack):
    """The same layers over the whole image, as CLAPP++ has them (method F.3).

    z is the mean over the cells of a small grid, of IMAGE_SIDES cells a side.
    """

    def entrance(self, images: Tensor) -> Tensor:
        return channels_last(images)

    def activity(self, layer: int, x: Tensor, images: int) -> Tensor:
        """z: mean over each cell: [b, channel, y, x] -> [b, channel, row, column]."""
        side = min(IMAGE_SIDES[layer], x.shape[2])
        z = F.adaptive_avg_pool2d(x, side)
        return z.to(torch.promote_types(z.dtype, torch.float32))


def channels_last(x: Tensor) -> Tensor:
    """The same in channels_last, told by its strides even where there is one channel."""
    rows = x.movedim(1, -1)
    return rows.new_empty(rows.shape).copy_(rows).movedim(-1, 1)


ENCODER_CLASSES = {"patches": Encoder, "image": ImageEncoder}


def encoder_of(config: TrainConfig, generator: torch.Generator | None = None) -> Stack:
    """The untrained encoder that a run with this config trains."""
    kind = ENCODER_CLASSES[RULES[config.rule].sees]
    return kind(config.encoder, config.channels, generator, config.init)


def untrained(config: TrainConfig) -> Stack:
    """The encoder that a run with this config begins with, on the processor."""
    return encoder_of(config, torch.Generator().manual_seed(config.seed)).eval()


def layers_of(
    word: str, channels: int, generator: torch.Generator | None, init: str
) -> nn.ModuleList:
    generator = generator or torch.Generator().manual_seed(0)
    preset = ENCODERS[word]
    inputs = (channels, *preset.widths[:-1])
    return nn.ModuleList(
        Layer(*row, generator, init)
        for row in zip(inputs, preset.widths, preset.pools, strict=True)
    )
