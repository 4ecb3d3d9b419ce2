"""What can be read out of each layer by a linear classifier, and beside what that stands."""

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel

from backend.api.deps import Analysed, OfCheckpoint
from backend.api.layers import Accuracy, ProbeBeside

router = APIRouter(prefix="/runs/{run}/probes", tags=["probes"])
SHARE = ("accuracy", "low", "high")


class Probe(ProbeBeside):
    layer: int
    votes: Accuracy | None  # of the nearest training images
    confusion: list[list[int]]  # row = truth, column = answer


class EpochAccuracy(BaseModel):
    epoch: int
    accuracy: list[float | None]  # of each layer above the input
    low: list[float | None]  # of the 95 % interval
    high: list[float | None]


class Probes(BaseModel):
    run: str
    epoch: int
    word: str  # of the protocol
    protocol: str  # its definition, and what must be known of the data set
    n_train: int
    n_test: int
    seed: int
    chance: float | None
    classes: list[str]
    pixels: Accuracy | None
    layers: list[Probe]
    input: Probe | None
    by_epoch: list[EpochAccuracy]
    votes: str  # the definition of a vote
    no_votes: str | None  # why no layer has one
    reason: str | None  # why there are none


@router.get("", response_model=Probes)
def probes(seen: OfCheckpoint):
    """Accuracy of a linear probe of every layer, with chance, raw pixels and a random encoder."""
    summary = seen.summary()
    parameters = summary.get("parameters", {}).get("probes", {})
    layers = [found for layer in seen.layers[1:] if (found := probe_of(seen, layer))]
    return {
        **{"run": seen.run, "epoch": seen.epoch, "classes": summary["classes"]},
        "word": parameters.get("protocol", "fast"),
        "protocol": " ".join(filter(None, [summary["definitions"].get("probes"), seen.about])),
        "n_train": summary["n_train"],
        "n_test": int(seen.read("probe", layers[0]["layer"])["n_test"]) if layers else 0,
        "seed": parameters.get("seed", 0),
        "chance": summary.get("chance"),
        "pixels": seen.probe(0),
        "layers": layers,
        "input": probe_of(seen, 0),
        "by_epoch": by_epoch(seen) if layers else [],
        "votes": summary["definitions"].get("votes", ""),
        "no_votes": None if any(of["votes"] for of in layers) else no_votes(seen),
        "reason": None if layers else reason_of(seen),
    }


def probe_of(seen: Analysed, layer: int) -> dict[str, Any] | None:
    probe = seen.probe(layer)
    if probe is None:
        return None
    found = seen.read("probe", layer)
    voted = dict(zip(SHARE, found["votes"].tolist(), strict=True)) if "votes" in found else None
    confusion = found["confusion"].tolist()
    return probe | {
        **{"layer": layer, "random": seen.random(layer)},
        **{"votes": voted, "confusion": confusion},
    }


def by_epoch(seen: Analysed) -> list[dict[str, Any]]:
    """Accuracy of the layers above the input at every analysed epoch."""
    found = []
    for epoch in sorted({*seen.epochs, seen.epoch}):
        probes = [seen.probe(layer, epoch) for layer in seen.layers[1:]]
        found.append({"epoch": epoch} | {n: [p and p[n] for p in probes] for n in SHARE})
    return found


def no_votes(seen: Analysed) -> str:
    return (
        "The analysis of this run asked no neighbours for their vote; add it with: "
        f"saccade analyse {seen.run}"
    )


def reason_of(seen: Analysed) -> str:
    """Why there are no probes, as a sentence."""
    summary = seen.summary()
    reason = summary.get("reasons", {}).get("probes", "the images have no labels")
    if "probes" not in summary["done"] and not summary.get("reasons"):
        return seen.not_yet("probes")
    return f"There are no probes: {reason}."
