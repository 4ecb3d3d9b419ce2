"""The maps of one checkpoint, one a layer: what all of them share, and the points of each."""

from collections.abc import Callable
from typing import Any

import numpy as np
from fastapi import APIRouter
from pydantic import BaseModel

from backend.api.arrays import Array, typed
from backend.api.deps import Analysed, OfCheckpoint
from backend.errors import RunError
from backend.runs.arrays import silent
from models.presets import Sites

router = APIRouter(prefix="/runs/{run}/layers", tags=["layers"])
FILES = {"probes": "probe", "embedding": "embedding", "neighbours": "neighbours"}  # by analysis


class Accuracy(BaseModel):
    """A share of the test images, with its 95 % interval."""

    accuracy: float
    low: float
    high: float


class ProbeBeside(Accuracy):
    random: Accuracy | None  # of the untrained encoder


class Layer(BaseModel):
    layer: int
    name: str
    units: int
    features: int
    silent: int | None  # units that answer 0 to every patch; None where that array is lacking
    spans: list[tuple[int, int]]  # of each row and column of patches on the view: pixels [from, to)
    kept_neighbours: float | None
    loss: float | None
    probe: ProbeBeside | None
    answers: bool  # it is known what the probe answered for each image
    missing: list[str]  # analyses whose results are not there


class Layers(BaseModel):
    run: str
    epoch: int
    epochs: list[int]  # those that are analysed to the end
    dataset: str
    about: str | None  # what must be known of it before figures about its classes are read
    split: str
    fingerprint: str | None  # of the images; earlier runs have none
    classes: list[str]
    ids: Array
    labels: Array
    chance: float | None  # always naming the commonest class
    no_probe: str | None  # why no layer has a probe, the end of a sentence
    image: tuple[int, int]  # height and width as stored, pixels
    crop: int  # side of the view at its centre, pixels
    definitions: dict[str, str]
    parameters: dict[str, Any]
    layers: list[Layer]


class Embedding(BaseModel):
    run: str
    epoch: int
    layer: int
    x: Array
    y: Array
    kept_neighbours: float | None
    kept: Array | None  # of its 10 nearest, how many the map keeps by each image; 255: not asked
    parameters: Any


@router.get("", response_model=Layers)
def layers(seen: OfCheckpoint):
    """What holds for all maps, images, labels and the view, and each layer with its patches."""
    summary = seen.summary()
    return {
        **{name: summary[name] for name in ("dataset", "split", "classes", "definitions")},
        **{"run": seen.run, "epoch": seen.epoch, "epochs": seen.epochs},
        **{"about": seen.about, "fingerprint": summary.get("fingerprint")},
        "ids": typed(seen.results.ids(seen.epoch)),
        "labels": typed(seen.results.labels(seen.epoch)),
        **{"chance": summary.get("chance"), "no_probe": summary.get("reasons", {}).get("probes")},
        **{"image": seen.image, "crop": seen.crop},
        "parameters": summary["parameters"],
        "layers": [layer_of(seen, *row) for row in enumerate(seen.sites)],
    }


@router.get("/{layer}/embedding", response_model=Embedding)
def embedding(seen: OfCheckpoint, layer: int):
    """Where each test image lies on the map of a layer, in the order of `ids`."""
    found = seen.read("embedding", layer)
    return {
        **{"run": seen.run, "epoch": seen.epoch, "layer": layer},
        **{"x": typed(found["x"]), "y": typed(found["y"])},
        "kept_neighbours": share(found["kept_neighbours"]),
        "kept": typed(found["kept"]) if "kept" in found else None,
        "parameters": seen.map_parameters(layer),
    }


def share(stored: np.ndarray) -> float | None:
    """None for NaN: where features do not differ, no neighbour is nearest."""
    return None if np.isnan(stored) else float(stored)


def layer_of(seen: Analysed, layer: int, sites: Sites) -> dict[str, Any]:
    """One layer's numbers; those whose array is lacking or damaged are None, the rest is told."""
    units, probe = seen.widths[layer], known(seen.probe, layer)
    still = known(lambda: silent(seen.read("selectivity", layer)))
    kept = known(lambda: seen.read("embedding", layer)["kept_neighbours"])
    return {
        **{"layer": layer, "name": seen.names[layer], "units": units},
        "features": units if layer else units * seen.crop**2,
        "spans": sites.spans,
        "silent": None if still is None else int(still.sum()),
        "kept_neighbours": None if kept is None else share(kept),
        "loss": seen.loss(layer),
        "probe": probe and probe | {"random": known(seen.random, layer)},
        "answers": bool(probe) and "predicted" in seen.read("probe", layer),
        "missing": [word for word in FILES if not is_there(seen, word, layer)],
    }


def is_there(seen: Analysed, word: str, layer: int) -> bool:
    """Whether the results of an analysis are there, or there never will be any."""
    none = word == "probes" and "probes" in seen.summary(layer).get("reasons", {})
    return none or seen.results.path(FILES[word], seen.epoch, layer).exists()


def known(read: Callable[..., Any], *what: int) -> Any:
    """What is read, or None where the array is lacking or damaged."""
    try:
        return read(*what)
    except RunError:
        return None
