"""What one unit answers to gratings, as its card shows it."""

import numpy as np
from pydantic import BaseModel

from backend.api.arrays import number
from models.presets import PATCH

TUNED = ("orientation", "frequency", "osi", "modulation")


class Tuning(BaseModel):
    """Numbers are null for a unit that answers to no grating, or prefers none."""

    orientation: float | None  # degrees, 0 horizontal stripes, 90 upright ones
    frequency: float | None  # cycles a patch
    osi: float | None
    bandwidth: float | None  # degrees
    modulation: float | None  # F1/F0
    peak: float  # the greatest of `response`
    orientations: list[float]
    frequencies: list[float]
    patch: int  # pixels
    response: list[list[float]]  # [orientation][frequency] mean over phases


def tuning_of(found: dict[str, np.ndarray], unit: int) -> Tuning:
    """Of one unit, from the row "tuning" of backend.runs.arrays.ARRAYS."""
    peak = float(found["peak"][unit])
    return Tuning(
        **{name: number(found[name][unit]) for name in (*TUNED, "bandwidth")},
        peak=peak,
        orientations=found["orientations"].tolist(),
        frequencies=found["frequencies"].tolist(),
        patch=PATCH,
        response=(peak * (found["level"][unit] / 255)).tolist(),
    )
