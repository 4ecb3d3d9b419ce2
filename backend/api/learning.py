"""What each layer's learning does at a checkpoint: scores, loss, gates, and where updates lead."""

from contextlib import suppress
from typing import Any

import numpy as np
from fastapi import APIRouter
from pydantic import BaseModel

from backend.api.deps import Analysed, OfCheckpoint
from backend.errors import RunError
from models.imported import row_of

router = APIRouter(prefix="/runs/{run}/learning", tags=["learning"])
PRECISIONS = ("float64", "float32", "rounding")  # rows of a stored gap
MAY_BE_MISSING = ("cosine", "gap")  # NaN where an update is zero, or there is no such weight
DEFINED = ("learning", "scores", "loss", "cosine", "four factors")


class Step(BaseModel):
    """One prediction step k, or all of them together (k null)."""

    k: int | None
    loss: float
    true_gate: float | None  # share of open gates; null for a rule without a margin
    wrong_gate: float | None
    cosine: float | None  # with the end-to-end gradient; null where an update is zero


class Scored(Step):
    true_mean: float
    wrong_mean: float
    true: list[int]  # true futures by score, between the layer's edges
    wrong: list[int]


class Gap(BaseModel):
    """|a - b| / (|a| + |b|) of four factors and autograd, of each weight."""

    precision: str  # float64, float32, or rounding: of autograd's float32 from its float64
    weight: float | None  # null where it is not finite
    bias: float | None
    W_pred: float | None
    W_retro: float | None  # null as well where there is no such matrix


class LayerLearning(BaseModel):
    layer: int
    edges: list[float]
    steps: list[Scored]
    gaps: list[Gap]  # empty for a rule that is no product of four factors


class LayerSteps(BaseModel):
    layer: int
    steps: list[Step]


class EpochLearning(BaseModel):
    epoch: int
    layers: list[LayerSteps]


class Learning(BaseModel):
    run: str
    epoch: int
    rule: str
    contrast: str  # hinge or InfoNCE
    seed: int | None
    definitions: dict[str, str]
    layers: list[LayerLearning]  # those that carry a loss
    by_epoch: list[EpochLearning]
    reason: str | None  # why there is nothing


@router.get("", response_model=Learning)
def learning(seen: OfCheckpoint):
    """Loss, scores and gates by prediction step, and the alignment of each layer's update."""
    summary, row = seen.summary(), row_of(seen.config)
    found = stored(seen, seen.epoch)
    layers = [layer_of(layer, arrays) for layer, arrays in found.items()]
    told = summary["definitions"]
    return {
        **{"run": seen.run, "epoch": seen.epoch, "rule": row.word, "contrast": row.contrast},
        "seed": summary["parameters"].get("learning", {}).get("seed"),
        "definitions": {word: told[word] for word in DEFINED if word in told},
        "layers": layers,
        "by_epoch": readable_epochs(seen),
        "reason": None if layers else reason_of(seen),
    }


def stored(seen: Analysed, epoch: int) -> dict[int, dict[str, np.ndarray]]:
    """The arrays of the layers that have some, by layer."""
    there = (n for n in seen.layers[1:] if seen.results.path("learning", epoch, n).exists())
    return {layer: whole(seen, epoch, layer) for layer in there}


def whole(seen: Analysed, epoch: int, layer: int) -> dict[str, np.ndarray]:
    """The arrays of one layer. Raises RunError where they do not belong together."""
    arrays = seen.read("learning", layer, epoch)
    steps, bins = len(arrays["true"]), arrays["edges"].size - 1
    shapes = {name: (steps,) for name in ("loss", "true_mean", "wrong_mean")}
    shapes |= {name: (steps,) for name in ("true_gate", "wrong_gate") if name in arrays}
    shapes |= {"true": (steps, bins), "wrong": (steps, bins), "edges": (bins + 1,)}
    shapes |= {"cosine": (steps + 1,)} | ({"gap": (3, 4)} if "gap" in arrays else {})
    fit = all(arrays[name].shape == shape for name, shape in shapes.items())
    counted = fit and all(arrays[name].sum(1).all() for name in ("true", "wrong"))
    finite = all(np.isfinite(arrays[name]).all() for name in shapes if name not in MAY_BE_MISSING)
    if steps and counted and finite:
        return arrays
    path = seen.results.path("learning", epoch, layer)
    raise seen.results.damaged(path, ValueError("its arrays do not belong together"))


def readable_epochs(seen: Analysed) -> list[dict[str, Any]]:
    """What can be read of every analysed epoch; the one in view is read apart."""
    found = []
    for epoch in sorted({*seen.epochs, seen.epoch}):
        with suppress(RunError):
            found.append(by_epoch(epoch, stored(seen, epoch)))
    return found


def layer_of(layer: int, arrays: dict[str, np.ndarray]) -> dict[str, Any]:
    gaps = zip(PRECISIONS, arrays.get("gap", ()), strict=False)
    names = ("weight", "bias", "W_pred", "W_retro")
    return {
        "layer": layer,
        "edges": arrays["edges"].tolist(),
        "steps": steps_of(arrays),
        "gaps": [
            {"precision": precision} | dict(zip(names, map(number, row), strict=True))
            for precision, row in gaps
        ],
    }


def steps_of(arrays: dict[str, np.ndarray]) -> list[dict[str, Any]]:
    """All steps together, then each.

    Losses of the steps weigh the same, as in the rule; the scores weigh by their number.
    """
    weights = {name: arrays[name].sum(1, dtype=float) for name in ("true", "wrong")}

    def over(name: str, sign: str) -> list[float | None]:
        if name not in arrays:
            return [None] * (1 + len(weights[sign]))
        values = arrays[name].astype(float)
        return [float(np.average(values, weights=weights[sign])), *values.tolist()]

    columns = {
        "k": [None, *range(1, 1 + len(arrays["loss"]))],
        "loss": [float(arrays["loss"].mean(dtype=float)), *arrays["loss"].tolist()],
        "cosine": [number(value) for value in arrays["cosine"]],
    }
    for sign in ("true", "wrong"):
        columns[sign] = [arrays[sign].sum(0).tolist(), *arrays[sign].tolist()]
        columns |= {name: over(name, sign) for name in (f"{sign}_mean", f"{sign}_gate")}
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    return rows if len(rows) > 2 else rows[:1]  # a single row is no step of its own


def by_epoch(epoch: int, found: dict[int, dict[str, np.ndarray]]) -> dict[str, Any]:
    layers = [{"layer": n, "steps": steps_of(arrays)} for n, arrays in found.items()]
    return {"epoch": epoch, "layers": layers}


def number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def reason_of(seen: Analysed) -> str:
    """Why there is nothing about learning at this epoch, as a sentence."""
    stored = seen.summary()["parameters"].get("learning", {}).get("reason")
    if why := row_of(seen.config).no_scores or stored:
        return f"There is nothing to show here: {why}."
    if not seen.keeps_rule:
        return (
            f"The checkpoint of epoch {seen.epoch} keeps the encoder without the rule's own "
            "weights, as small copies and very large rules do, so there is nothing to measure."
        )
    if seen.epoch in seen.begun:
        return seen.not_yet("measures of learning")
    return (
        f"This run was analysed before there was a learning analysis; make it with: "
        f"saccade analyse {seen.run} --only learning"
    )
