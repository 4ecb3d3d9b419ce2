"""What the linear classifier of a layer answered for each test image, and how surely."""

import numpy as np
from fastapi import APIRouter
from pydantic import BaseModel

from backend.api.arrays import Array, typed
from backend.api.deps import OfCheckpoint
from backend.api.probes import reason_of

router = APIRouter(prefix="/runs/{run}/layers/{layer}/answers", tags=["probes"])


class Answers(BaseModel):
    run: str
    epoch: int
    layer: int
    predicted: Array | None  # class of each test image in the order of `ids`; -1: without a label
    confidence: Array | None
    weights: Array | None  # [class, unit] of standardised features; none of the input
    definition: str
    reason: str | None  # why there are none


@router.get("", response_model=Answers)
def answers(seen: OfCheckpoint, layer: int):
    """The class that the probe of a layer names for each test image, and its confidence."""
    summary, there = seen.summary(seen.layer(layer)), seen.probe(layer)
    found = seen.read("probe", layer) if there else {}
    kept = {"predicted", "confidence"} <= set(found)
    lost = (
        f"The analysis of this run kept no answers of the probe in {seen.names[layer]}; add them "
        f"with: saccade analyse {seen.run}"
    )
    return {
        **{"run": seen.run, "epoch": seen.epoch, "layer": layer},
        "predicted": typed(found["predicted"]) if kept else None,
        "confidence": typed(found["confidence"]) if kept else None,
        "weights": typed(found["weights"].astype(np.float32)) if "weights" in found else None,
        "definition": summary["definitions"].get("probes", ""),
        "reason": None if kept else lost if there else reason_of(seen),
    }
