"""A selection of test images: which units of each layer tell it from all the others?"""

from functools import lru_cache
from pathlib import Path

import numpy as np
from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from backend.analysis.separation import DEFINITION, Levels
from backend.api.deps import Analysed, InService, RunId, analysed
from backend.errors import NotFoundError, RequestError
from backend.runs.results import Results

router = APIRouter(prefix="/runs/{run}/selection", tags=["units"])

BEST = 8  # units told of each layer
MOST = 100_000  # images in a request
LAYERS = 16  # kept in memory, so that a selection that changes is followed


class Selected(BaseModel):
    model_config = ConfigDict(extra="forbid")

    images: list[int] = Field(max_length=MOST)
    epoch: int | None = None


class Separating(BaseModel):
    unit: int
    dprime: float
    image: int  # its most exciting patch
    row: int
    column: int


class OfLayer(BaseModel):
    layer: int
    units: list[Separating]


class Separation(BaseModel):
    run: str
    epoch: int
    inside: int
    outside: int
    definition: str
    layers: list[OfLayer]


@router.post("/units", response_model=Separation)
def units(service: InService, run: RunId, wanted: Selected):
    """The units of each layer whose responses tell these images from the others, best first."""
    seen = analysed(service, run, wanted.epoch)
    ids = seen.results.ids(seen.epoch)
    chosen = marked(ids, wanted.images, run)
    inside = int(chosen.sum())
    outside = len(ids) - inside
    if min(inside, outside) < 2:
        raise RequestError(
            f"units can tell a selection apart from 2 images on, with 2 left to compare: {inside} "
            f"of the {len(ids)} test images are selected; select {'more' if inside < 2 else 'less'}"
        )
    layers = []
    for layer in seen.layers:
        answers, patches = held(seen, layer)
        dprime = answers.dprime(chosen)
        best = np.argsort(-np.abs(dprime), kind="stable")[:BEST]
        rows = zip(best.tolist(), dprime[best].tolist(), *patches[:, best].tolist(), strict=True)
        found = [dict(zip(Separating.model_fields, row, strict=True)) for row in rows]
        layers.append({"layer": layer, "units": found})
    return {
        **{"run": run, "epoch": seen.epoch, "inside": inside, "outside": outside},
        "definition": DEFINITION.format(inside=inside, outside=outside),
        "layers": layers,
    }


def held(seen: Analysed, layer: int) -> tuple[Levels, np.ndarray]:
    """What is stored of a layer's units: responses, and image, row and column of the best patch."""
    paths = (seen.results.path(what, seen.epoch, layer) for what in ("responses", "maximizers"))
    times = tuple(path.stat().st_mtime_ns if path.exists() else 0 for path in paths)
    return read(seen.results.run, seen.epoch, layer, times)


@lru_cache(maxsize=LAYERS)
def read(run: Path, epoch: int, layer: int, times: tuple[int, ...]) -> tuple[Levels, np.ndarray]:
    """The same from the disk, anew where `times`, at which the files changed, are others."""
    results = Results(run)
    best = results.read("maximizers", epoch, layer)
    patches = np.stack([best[f"top_{name}"][:, 0] for name in ("image", "row", "column")])
    return Levels.of(results.read("responses", epoch, layer)["level"]), patches


def marked(ids: np.ndarray, images: list[int], run: str) -> np.ndarray:
    """Which of the ids are named, bool [n]. Raises NotFoundError for one that is none of them."""
    if strange := sorted({*images} - {*ids.tolist()}):
        raise NotFoundError(
            f"image {strange[0]} is not among the {len(ids)} images that run {run} was analysed "
            "on; their ids stand in `ids` of its layers"
        )
    return np.isin(ids, images)
