"""What excites the units of a layer: all of them side by side, and each by itself."""

from typing import Any

import numpy as np
from fastapi import APIRouter
from pydantic import BaseModel

from backend.api.arrays import Array, number, numbers, typed
from backend.api.deps import InService, OfCheckpoint
from backend.api.tunings import TUNED, Tuning, tuning_of
from backend.runs.alike import CHANGE
from backend.runs.arrays import GROUPS, silent

router = APIRouter(prefix="/runs/{run}/layers/{layer}/units", tags=["units"])

PER_UNIT = ("sparseness", "active", "mean")


class TopPatches(BaseModel):
    """The most exciting patch of each unit."""

    image: Array
    row: Array
    column: Array


class Units(BaseModel):
    layer: int
    epoch: int
    units: int
    classes: list[str]
    definitions: dict[str, str]
    best_class: Array | None
    dprime: Array | None  # [unit, class], flat
    best_dprime: Array | None
    null_best: Array | None  # what it reaches under shuffled labels; null where that is not known
    sparseness: Array
    active: Array
    silent: Array  # 1 where it answers 0 to every patch
    mean: Array
    change: Array | None  # since the first analysed epoch; NaN: none
    change_from: int | None  # that epoch; null where it is the one shown, or the input
    # Of gratings: null where the run was analysed without, NaN for units that prefer none.
    orientation: Array | None  # degrees
    frequency: Array | None  # cycles a patch
    osi: Array | None
    modulation: Array | None  # F1/F0
    top: TopPatches


class Patch(BaseModel):
    image: int
    row: int
    column: int
    value: float


class Shuffled(BaseModel):
    """d' under shuffled labels: the band of each class, and the end of the greatest."""

    low: list[float | None]
    high: list[float | None]
    best: float | None


class Histogram(BaseModel):
    edges: list[float]
    counts: list[int]


class Unit(BaseModel):
    layer: int
    unit: int
    units: int
    epoch: int
    best_class: int | None
    dprime: list[float | None] | None
    shuffled: Shuffled | None  # null where the run was analysed without
    class_mean: list[float | None] | None
    sparseness: float | None
    active: float
    silent: bool
    mean: float
    maximum: float
    histogram: Histogram
    patches: dict[str, list[Patch]]
    responses: Array  # image response, in the order of `ids`
    tuning: Tuning | None
    definitions: dict[str, str]


@router.get("", response_model=Units)
def units(service: InService, seen: OfCheckpoint, layer: int):
    """All units of a layer: selectivity, sparseness, and the best patch of each."""
    found, best = seen.read("selectivity", layer), seen.read("maximizers", layer)
    dprime, summary = found.get("dprime"), seen.summary(layer)
    first = min([*seen.epochs, seen.epoch])
    first = first if layer and first != seen.epoch else None
    told = {} if first is None else {"change": CHANGE.format(**summary, first=first)}
    tuned = seen.read_if_there("tuning", layer)
    return {
        **{"layer": layer, "epoch": seen.epoch, "units": seen.widths[layer]},
        **{"classes": summary["classes"], "definitions": summary["definitions"] | told},
        "best_class": None if dprime is None else typed(found["best_class"]),
        "dprime": None if dprime is None else typed(dprime.ravel()),
        "best_dprime": None if dprime is None else typed(of_best_class(found)),
        "null_best": typed(found["null_best"]) if "null_best" in found else None,
        **{name: typed(found[name]) for name in PER_UNIT},
        "silent": typed(silent(found).astype(np.uint8)),
        "change": None
        if first is None
        else typed(service.alike.change(seen.results, seen.epoch, first, layer)),
        "change_from": first,
        **{name: tuned and typed(tuned[name]) for name in TUNED},
        "top": {name: typed(best[f"top_{name}"][:, 0]) for name in ("image", "row", "column")},
    }


@router.get("/{unit}", response_model=Unit)
def unit(seen: OfCheckpoint, layer: int, unit: int):
    """One unit: classes, histogram, patches of four groups, its response to every image."""
    seen.unit(layer, unit)
    found, best = seen.read("selectivity", layer), seen.read("maximizers", layer)
    labelled = "dprime" in found
    tuned = seen.read_if_there("tuning", layer)
    return {
        **{"layer": layer, "unit": unit, "units": seen.widths[layer], "epoch": seen.epoch},
        "best_class": int(found["best_class"][unit]) if labelled else None,
        "dprime": numbers(found["dprime"][unit]) if labelled else None,
        "shuffled": shuffled_of(found, unit) if "null_best" in found else None,
        "class_mean": numbers(found["class_mean"][unit]) if labelled else None,
        **{name: number(found[name][unit]) for name in (*PER_UNIT, "maximum")},
        "silent": bool(silent(found)[unit]),
        "histogram": {"edges": found["edges"][unit], "counts": found["histogram"][unit]},
        "patches": {group: patches(best, group, unit) for group in GROUPS},
        "responses": typed(seen.response(layer, unit)),
        "tuning": tuned and tuning_of(tuned, unit),
        "definitions": seen.summary(layer)["definitions"],
    }


def of_best_class(found: dict[str, np.ndarray]) -> np.ndarray:
    """d' of each unit for its best class, float32 [unit]; where it likes none, the greatest."""
    return found["dprime"].max(1)


def shuffled_of(found: dict[str, np.ndarray], unit: int) -> Shuffled:
    return Shuffled(
        low=numbers(found["null_low"][unit]),
        high=numbers(found["null_high"][unit]),
        best=number(found["null_best"][unit]),
    )


def patches(best: dict[str, np.ndarray], group: str, unit: int) -> list[dict[str, Any]]:
    columns = ("image", "row", "column", "value")
    rows = zip(*(best[f"{group}_{name}"][unit].tolist() for name in columns), strict=True)
    return [dict(zip(columns, row, strict=True)) for row in rows if row[0] >= 0]
