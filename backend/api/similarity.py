"""How alike are the layers of two checkpoints, and which of their units answer alike?

Small enough to be worked out here: numpy on the responses that are kept, without torch.
"""

from functools import partial
from typing import Any

import numpy as np
from fastapi import APIRouter
from pydantic import BaseModel

from backend.analysis import matching, similarity
from backend.api.arrays import Array, typed
from backend.api.beside import Beside, OfTwo
from backend.api.compared import once
from backend.api.deps import Analysed

router = APIRouter(prefix="/runs/{run}", tags=["similarity"])
SEED = 0  # of the order of images that a match by chance is measured with


class Cell(BaseModel):
    value: float | None
    reason: str | None  # why there is none


class Similarities(BaseModel):
    run: str
    epoch: int
    versus: str
    versus_epoch: int
    images: int  # that are compared
    rows: list[str]  # names of the layers above the input
    columns: list[str]  # those of the other checkpoint
    cells: list[list[Cell]]  # empty where the two cannot be compared
    definition: str
    reason: str | None  # why they cannot


class Pairs(BaseModel):
    """Pairs of units, most alike first."""

    unit: Array
    other: Array
    r: Array
    mean: float | None


class Baseline(BaseModel):
    says: str
    mean: float | None


class Matches(BaseModel):
    run: str
    epoch: int
    layer: int
    versus: str
    versus_epoch: int
    versus_layer: int
    images: int
    units: tuple[int, int]  # of the layer and of the other
    constant: tuple[int, int]  # of these, answer alike to all images
    one_to_one: Pairs
    best: Pairs
    baselines: list[Baseline]  # of one to one
    definition: str
    reason: str | None


@router.get("/similarity", response_model=Similarities)
def similarities(two: OfTwo):
    """CKA of every layer with every layer of another run, or of another epoch."""
    return once(("similarity", *two.version), lambda: likened(two))


def likened(two: Beside) -> dict[str, Any]:
    layers = [list(of.layers[1:]) for of in (two.seen, two.other)]
    reads = [[partial(two.responses, i, n) for n in of] for i, of in enumerate(layers)]
    cells = [] if two.reason else similarity.table(*reads)
    return {
        **compared(two),
        "rows": list(two.seen.names[1:]),
        "columns": list(two.other.names[1:]),
        "cells": [[vars(cell) for cell in row] for row in cells],
        "definition": similarity.DEFINITION.format(**two.counted) + two.drawn,
    }


@router.get("/layers/{layer}/matches", response_model=Matches)
def matches(two: OfTwo, layer: int, versus_layer: int | None = None):
    """Pairs of units of two layers that answer to the same images, beside what chance pairs."""
    other = two.other.layer(layer if versus_layer is None else versus_layer)
    two.seen.layer(layer)
    return once(("matches", layer, other, *two.version), lambda: paired(two, layer, other))


def paired(two: Beside, layer: int, other: int) -> dict[str, Any]:
    x, y = two.responses(0, layer), two.responses(1, other)
    there = 0 if two.reason else len(two.ids)
    r = matching.correlation(x[:there], y[:there])
    return {
        **compared(two),
        "layer": layer,
        "versus_layer": other,
        "units": (x.shape[1], y.shape[1]),
        "constant": (0, 0) if two.reason else (x.shape[1] - len(r[1]), y.shape[1] - len(r[2])),
        "one_to_one": pairs(matching.one_to_one(*r)),
        "best": pairs(matching.best(*r)),
        "baselines": [] if two.reason else baselines(two, x, y, other),
        "definition": matching.DEFINITION.format(**two.counted, seed=SEED) + two.drawn,
    }


def compared(two: Beside) -> dict[str, Any]:
    return {
        **{"run": two.seen.run, "epoch": two.seen.epoch},
        **{"versus": two.other.run, "versus_epoch": two.other.epoch},
        **{"images": len(two.ids), "reason": two.reason},
    }


def pairs(found: matching.Matches) -> dict[str, Any]:
    arrays = {"unit": found.first, "other": found.second, "r": found.r}
    return {name: typed(values) for name, values in arrays.items()} | {"mean": found.mean}


def baselines(two: Beside, x: np.ndarray, y: np.ndarray, layer: int) -> list[dict[str, Any]]:
    """Mean r one to one with shuffled images, and with the untrained encoder of the other run."""
    by_chance = matching.correlation(x, y[matching.shuffled(len(y), SEED)])
    found = [{"says": "shuffled images", "mean": matching.one_to_one(*by_chance).mean}]
    if two.seen.epoch and two.other.epoch and 0 in two.other.epochs:
        untrained = Beside(two.seen, Analysed(two.other.folder, two.other.losses, 0))
        r = matching.correlation(x, untrained.responses(1, layer))
        found.append({"says": "random encoder", "mean": matching.one_to_one(*r).mean})
    return found
