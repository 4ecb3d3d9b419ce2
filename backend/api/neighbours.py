"""Which images, and which patches, are nearest to one in the eyes of a layer, and which units does
it excite?"""

from typing import Any

import numpy as np
from fastapi import APIRouter
from pydantic import BaseModel

from backend.analysis.ranks import foremost
from backend.api.deps import Analysed, OfCheckpoint
from backend.errors import NotFoundError, RunError

router = APIRouter(prefix="/runs/{run}/layers/{layer}/neighbours", tags=["neighbours"])


class NearImage(BaseModel):
    image: int
    distance: float


class NearPatch(BaseModel):
    image: int
    row: int
    column: int
    distance: float


class ExcitedUnit(BaseModel):
    unit: int
    share: float  # of the other test images whose mean response is smaller, ties half
    image: int  # the unit's most exciting patch
    row: int
    column: int


class Neighbours(BaseModel):
    layer: int
    image: int
    metric: str
    neighbours: list[NearImage]
    patches: list[NearPatch]
    patch: tuple[int, int]  # row and column of the patch that `patches` are near to
    units: list[ExcitedUnit]  # to which the image matters most; none of the input
    reason: str | None  # why the nearest are not known yet


@router.get("/{image}", response_model=Neighbours)
def neighbours(seen: OfCheckpoint, layer: int, image: int):
    """The nearest test images to a test image, patches to its middle one, and units it excites."""
    place = place_of(seen, layer, image)
    path = seen.results.path("neighbours", seen.epoch, seen.layer(layer))
    to_come = seen.epoch in seen.begun and not path.exists()
    found = {} if to_come else seen.read("neighbours", layer)
    parameters = parameters_of(seen, layer)
    return {
        **{"layer": layer, "image": image},
        "metric": parameters["metric"],
        "neighbours": table(found, place, {"image": "image", "distance": "distance"}),
        "patches": table(
            found, place, {name: f"patch_{name}" for name in ("image", "row", "column", "distance")}
        ),
        "patch": parameters["patch"],
        "units": excited(seen, layer, place) if layer else [],
        "reason": seen.not_yet("nearest images") if to_come else None,
    }


def excited(seen: Analysed, layer: int, place: int) -> list[dict[str, Any]]:
    """The units whose response to an image stands highest among those to all others."""
    levels, best = seen.read("responses", layer)["level"].T, seen.read("maximizers", layer)
    ranked = foremost(np.delete(levels, place, 0), levels[place])
    patches = {name: best[f"top_{name}"][:, 0].tolist() for name in ("image", "row", "column")}
    return [
        {"unit": unit, "share": share} | {name: values[unit] for name, values in patches.items()}
        for unit, share in ranked
    ]


def parameters_of(seen: Analysed, layer: int) -> dict[str, Any]:
    """By which measure, and to which patch. Raises RunError where the analysis does not tell."""
    told = seen.summary(layer)["parameters"].get("neighbours", {})
    if not {"metric", "patch"} <= set(told):
        raise RunError(
            f"the neighbours in layer {layer} of run {seen.run} were found by an earlier Saccade, "
            f"which did not tell how; find them again with: saccade analyse {seen.run}"
        )
    return told


def place_of(seen: Analysed, layer: int, image: int) -> int:
    """Where an image id stands in the order of the arrays."""
    ids = seen.results.ids(None if layer == 0 else seen.epoch)
    place = int(np.searchsorted(ids, image))
    if place == len(ids) or ids[place] != image:
        raise NotFoundError(
            f"image {image} is not among the {len(ids)} images that run {seen.run} was analysed "
            "on; their ids stand in `ids` of its layers"
        )
    return place


def table(found: dict[str, np.ndarray], place: int, names: dict[str, str]) -> list[dict[str, Any]]:
    if not found:
        return []
    rows = zip(*(found[array][place].tolist() for array in names.values()), strict=True)
    return [dict(zip(names, row, strict=True)) for row in rows if row[0] >= 0]
