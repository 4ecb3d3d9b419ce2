"""What a layer predicts of one of its units, against what the unit then answers."""

from typing import Any

import numpy as np
from fastapi import APIRouter
from pydantic import BaseModel

from backend.api.arrays import Array, typed
from backend.api.deps import Analysed, OfCheckpoint
from backend.api.units import number
from models.imported import row_of

router = APIRouter(prefix="/runs/{run}/layers/{layer}/units/{unit}/prediction", tags=["learning"])


class PredictionStep(BaseModel):
    """One prediction step: r, and pairs of a prediction with its true and with a wrong future."""

    k: int
    true_r: float | None  # null: the prediction or the response is always the same
    wrong_r: float | None
    prediction: Array  # [pair] (W_pred c) of the unit
    true: Array  # [pair] z of the unit k + 1 rows below, in the same image
    wrong: Array  # [pair] the same in another image
    image: Array  # [pair] whose context
    row: Array  # [pair] of the context
    column: Array


class Prediction(BaseModel):
    run: str
    epoch: int
    layer: int
    unit: int
    steps: list[PredictionStep]
    definition: str | None
    reason: str | None  # why there is nothing


@router.get("", response_model=Prediction)
def prediction(seen: OfCheckpoint, layer: int, unit: int):
    """Predicted against actual responses of a unit, by prediction step."""
    seen.unit(layer, unit)
    there = layer and seen.results.path("predictions", seen.epoch, layer).exists()
    return {
        **{"run": seen.run, "epoch": seen.epoch, "layer": layer, "unit": unit},
        "steps": steps_of(seen.read("predictions", layer), unit) if there else [],
        "definition": seen.summary()["definitions"].get("predictions") if there else None,
        "reason": None if there else reason_of(seen, layer),
    }


def steps_of(found: dict[str, np.ndarray], unit: int) -> list[dict[str, Any]]:
    def values(name: str, step: int) -> np.ndarray:
        scale, offset = (found[f"{name}_{part}"][step, unit] for part in ("scale", "offset"))
        return offset + scale * found[name][step, unit].astype(np.float32)

    steps = []
    for step in range(len(found["true"])):
        true = values("response", step)
        steps.append(
            {
                "k": step + 1,
                **{f"{side}_r": number(found[side][step, unit]) for side in ("true", "wrong")},
                "prediction": typed(values("prediction", step)),
                "true": typed(true),
                "wrong": typed(true.reshape(-1, 2)[:, ::-1].ravel()),  # pairs come in twos
                **{name: typed(found[name][step]) for name in ("image", "row", "column")},
            }
        )
    return steps


def reason_of(seen: Analysed, layer: int) -> str:
    """Why there is nothing about predictions of a layer, as a sentence."""
    if layer == 0:
        return "The input predicts nothing."
    row = row_of(seen.config)
    stored = seen.summary()["parameters"].get("predictions", {})
    if why := row.no_scores or stored.get("reason"):
        return f"There is nothing to show here: {why}."
    if not row.predicts:
        return f"There is nothing to show here: {row.word} predicts another view, not later rows."
    if row.loss_at == "top" and layer != seen.layers[-1]:
        return f"With {row.word} the top layer alone predicts; look there."
    if not seen.keeps_rule:
        return (
            f"The checkpoint of epoch {seen.epoch} keeps the encoder without the rule's own "
            "weights, as small copies and very large rules do, so nothing can be predicted."
        )
    if seen.epoch in seen.begun:
        return seen.not_yet("predictions")
    return (
        "This run was analysed before predictions were kept; make them with: "
        f"saccade analyse {seen.run} --only predictions"
    )
