"""Which units answer to the same images as one: in its layer, beside it, and in another run."""

from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Query
from pydantic import BaseModel

from backend.api.arrays import Array, typed
from backend.api.deps import Analysed, InService, OfCheckpoint, Service, analysed
from backend.errors import NotFoundError, RequestError, RunError
from backend.runs.alike import ALIKE, largest

router = APIRouter(prefix="/runs/{run}/layers/{layer}/units/{unit}/alike", tags=["units"])

PATCH = ("image", "row", "column")
MOST = 8  # units told of a layer
SAME = ("data set", "split", "number of test images", "images")  # of Results.images


class AlikeUnit(BaseModel):
    """A unit with its correlation and its most exciting patch (image -1: none)."""

    unit: int
    r: float
    image: int
    row: int
    column: int


class AlikeLayer(BaseModel):
    run: str
    epoch: int
    layer: int
    name: str
    units: list[AlikeUnit]  # the largest r first


class AlikeUnits(BaseModel):
    run: str
    epoch: int
    layer: int
    unit: int
    r: Array  # of every unit of this layer; NaN: none
    constant: bool  # it answers to all images the same, so nothing can be correlated
    layers: list[AlikeLayer]  # this one, the one below, the one above
    versus: list[AlikeLayer]  # of the compared run, from layer 1
    reason: str | None  # why the compared run is not told
    definition: str


Versus = Annotated[
    str | None,
    Query(
        description="Id of a run to look in too: RUN, its last epoch, or RUN@EPOCH.", max_length=200
    ),
]


@router.get("", response_model=AlikeUnits)
def alike(service: InService, seen: OfCheckpoint, layer: int, unit: int, versus: Versus = None):
    """The units whose responses to the test images correlate most with those of one unit."""
    rows = service.alike.rows(seen.results, seen.epoch, seen.layer(layer))
    seen.agree("responses", layer, len(rows))
    row = rows[seen.unit(layer, unit)]
    near = [n for n in (layer, layer - 1, layer + 1) if n in seen.layers]
    others, reason = compared(service, seen, row, versus) if versus else ([], None)
    return {
        **{"run": seen.run, "epoch": seen.epoch, "layer": layer, "unit": unit},
        "r": typed(service.alike.to(row, seen.results, seen.epoch, layer)),
        "constant": bool(np.isnan(row[0])),
        "layers": [listed(service, seen, n, row, unit if n == layer else None) for n in near],
        **{"versus": others, "reason": reason},
        "definition": ALIKE.format(**seen.summary()),
    }


def listed(
    service: Service, seen: Analysed, layer: int, row: np.ndarray, but: int | None = None
) -> dict[str, Any]:
    """The units of a layer that are most like a standardised row, without the unit `but`."""
    r = service.alike.to(row, seen.results, seen.epoch, layer)
    patches = service.alike.patches(seen.results, seen.epoch, layer)
    return {
        **{"run": seen.run, "epoch": seen.epoch, "layer": layer, "name": seen.names[layer]},
        "units": [
            dict(
                zip(("unit", "r", *PATCH), (int(u), float(r[u]), *patches[u].tolist()), strict=True)
            )
            for u in largest(r, MOST, but)
        ],
    }


def compared(
    service: Service, seen: Analysed, row: np.ndarray, versus: str
) -> tuple[list[dict[str, Any]], str | None]:
    """What each layer of another run has that is alike, or why that cannot be told."""
    run, _, epoch = versus.partition("@")
    if epoch and not (epoch.isascii() and epoch.isdigit() and len(epoch) < 10):
        raise RequestError(f"versus is RUN or RUN@EPOCH, an epoch a whole number, not {versus!r}")
    try:
        other = analysed(service, run, int(epoch) if epoch else None)
        if (other.run, other.epoch) == (seen.run, seen.epoch):
            return [], "The compared checkpoint is the one in view; choose another."
        if why := unlike(seen, other):
            return [], why
        return [listed(service, other, layer, row) for layer in other.layers[1:]], None
    except (NotFoundError, RunError) as error:
        return [], f"The compared run cannot be looked in: {error}."


def unlike(seen: Analysed, other: Analysed) -> str | None:
    """Why units of two runs cannot be compared image by image, as a sentence."""
    told = [one.results.told(one.epoch) for one in (seen, other)]
    here, there = (one.images if one else (None,) * len(SAME) for one in told)
    pairs = zip(SAME, here, there, strict=True)
    differ = [what for what, a, b in pairs if a != b and None not in (a, b)]
    if not differ and np.array_equal(seen.results.ids(seen.epoch), other.results.ids(other.epoch)):
        return None
    return (
        f"Run {other.run} was analysed on other images than {seen.run} "
        f"({differ[0] if differ else 'their ids'} not the same), and units are compared image by "
        "image; choose a run that was analysed on the same ones."
    )
