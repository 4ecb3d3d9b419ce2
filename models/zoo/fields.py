"""Which pixels can change a cell of a layer: receptive fields, found by changing pixels."""

from collections.abc import Iterator
from copy import deepcopy

import torch
from torch import Tensor

from models.imported import SEED
from models.presets import Sites
from models.zoo.network import Network

BANDS = 64  # at least so many pieces are a view's rows perturbed in, one after the other
COLOURS = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))  # normalised as most models want them
ROUNDING = 1e-10  # of the largest response, in double precision: less is no change


@torch.inference_mode()
def fields_of(network: Network, side: int) -> list[Sites]:
    """The receptive field of each row of cells of every layer, on views of `side` pixels.

    Which rows of pixels change a cell is found by changing them, a band at a time, in a model of
    the same form whose weights let everything through. Columns are taken to be like rows.
    """
    network = generous(network)
    draw = torch.Generator().manual_seed(SEED)
    calm = torch.randn(1, 3, side, side, generator=draw, dtype=torch.float64)
    still = network(calm)
    band, touched = max(1, side // BANDS), [[] for _ in still]
    starts = range(0, side, band)
    for start in starts:
        view = calm.clone()
        rows = view[:, :, start : start + band]
        rows += 3 * torch.randn(rows.shape, generator=draw, dtype=torch.float64)
        for rows_of, before, after in zip(touched, still, network(view), strict=True):
            change = (after - before).abs().amax((0, 1, 3))  # [row]
            rows_of.append(change > ROUNDING * before.abs().max())
    return [Sites(tuple(spans(torch.stack(rows), band, side))) for rows in touched]


def spans(touched: Tensor, band: int, side: int) -> Iterator[tuple[int, int]]:
    """First pixel and past the last of each cell, from which bands touch it: [band, cell]."""
    for cell in touched.T:
        bands = cell.nonzero().flatten().tolist() or [0]
        yield band * bands[0], min(band * (bands[-1] + 1), side)


def generous(network: Network) -> Network:
    """The same in double precision, each parameter that is one constant drawn from 0.5 to 1.5.

    Some models begin with branches that are multiplied by zero.
    """
    body = deepcopy(network.body).double()
    draw = torch.Generator().manual_seed(SEED)
    for weights in body.parameters():
        if weights.min() == weights.max():
            weights.copy_(0.5 + torch.rand(weights.shape, generator=draw))
    return Network(body, network.layers, *COLOURS).double()
