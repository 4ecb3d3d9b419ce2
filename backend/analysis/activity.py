"""What does every layer answer to every image? One pass over the data, a batch at a time.

Letters: z [b, unit, row, column] is the response of each unit to each patch (the mean over the
positions inside the patch), as in the paper. The mean of z over the grid is the image response.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from models.data.views import centre_views
from models.device import exact_convolutions
from models.errors import CheckpointError
from models.patches import patches, to_grid
from models.presets import lattice_of

DEFINITION = (
    "One view per image, its central {crop} x {crop} pixels, {colour}, normalised; {seen}. A "
    "unit's response to a patch is its mean over the positions inside the patch, its response to "
    "an image the mean over the patches. {n_test} images of the {split} split, {n_train} labelled "
    "training images for the probes."
)
PATCHES = "{grid} x {grid} patches of 16 pixels every 8, each seen by itself"
CELLS = (
    "the network sees it whole, and the patches of layers 1 to 6 are the cells of a grid of "
    "{sides} (a unit sees beyond its cell)"
)
FIELDS = (
    "the network takes colours its own way and sees it whole; its epoch 0 has random weights (seed "
    "0), its epoch 1 those that were imported. The patches of its layers ({layers}) are the "
    "positions of their maps, averaged into at most 8x8 cells (here {sides}); a patch is framed by "
    "its receptive field, the rows and columns of pixels that can change it, up to the edge of the "
    "view"
)


@dataclass(frozen=True)
class Answer:
    """One layer's answer to a batch."""

    z: np.ndarray  # [b, unit, row, column] patch responses
    features: np.ndarray  # [b, feature] image features, for maps, probes and neighbours
    lattice: np.ndarray  # [b, place, feature] patch vectors at the places of `Sites.lattice`


@dataclass(frozen=True)
class Batch:
    """The answers of some layers to the images at `rows` of the ids that were asked for."""

    rows: slice
    answers: list[Answer]


Layers = Callable[[Tensor], list[tuple[Tensor, Tensor, Tensor]]]


def activity(
    layers: Layers,
    images: np.ndarray,
    ids: np.ndarray,
    crop: int = 64,
    colour: str = "grey",
    device: torch.device | str = "cpu",
    batch: int = 32,
) -> Iterator[Batch]:
    """Pass the images with these ids through `layers` (`pixels` or `encoder_layers`) in order.

    images: uint8 [n, 3, height, width], may be a memory map; ids: rows of it. Holds one batch at
    a time. float32 throughout, on CUDA without TF32, so that devices agree. Raises
    CheckpointError if an answer is not finite.
    """
    for start in range(0, len(ids), batch):
        chosen = ids[start : start + batch]
        with torch.inference_mode(), exact_convolutions():
            pictures = torch.from_numpy(np.ascontiguousarray(images[chosen])).to(device)
            answers = [
                Answer(*(part.float().cpu().contiguous().numpy() for part in answer))
                for answer in layers(centre_views(pictures, crop, colour))
            ]
        for layer, answer in enumerate(answers, start=1):
            if not np.isfinite(answer.features).all():
                raise CheckpointError(
                    f"layer {layer} of {len(answers)} gives values that are not finite; "
                    "analyse an earlier checkpoint"
                )
        yield Batch(slice(start, start + len(chosen)), answers)


def encoder_layers(encoder: Callable[[Tensor], list[Tensor]]) -> Layers:
    """What `activity` asks for of an encoder: z, its mean over the grid, z on the lattice."""

    def layers(views: Tensor) -> list[tuple[Tensor, Tensor, Tensor]]:
        return [(z, z.mean((2, 3)), on_lattice(z)) for z in encoder(views)]

    return layers


def pixels(views: Tensor) -> list[tuple[Tensor, Tensor, Tensor]]:
    """Layer 0: units are the input channels; features and patch vectors are the raw pixels."""
    windows = patches(views)  # [b * row * column, channel, y, x]
    z = to_grid(windows.mean((2, 3)), len(views))
    return [(z, views.flatten(1), on_lattice(to_grid(windows.flatten(1), len(views))))]


def on_lattice(z: Tensor) -> Tensor:
    """[b, unit, row, column] -> [b, place, unit]."""
    kept = list(lattice_of(z.shape[-1]))
    return z[:, :, kept][:, :, :, kept].flatten(2).movedim(1, 2)
