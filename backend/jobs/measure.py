"""What is measured of one encoder, or of the pixels, for a bench: accuracies layer by layer."""

from typing import Any

import numpy as np

from backend.analysis import votes
from backend.analysis.probes import wilson
from backend.analysis.protocols import PROTOCOLS
from backend.analysis.seen import Seen
from backend.errors import SaccadeError
from backend.runs.results import Results

NEIGHBOURS = "neighbours"


def measure(word: str, seen: Seen, first: int, seed: int) -> list[dict[str, Any]]:
    """Accuracy with its interval of each layer, the lowest being `first`, in one measure.

    word: a protocol or NEIGHBOURS. A protocol that joins all layers gives one, of layer None.
    """
    if word == NEIGHBOURS:
        return numbered(neighbour_accuracy(seen), first)
    protocol = PROTOCOLS[word]
    probes = [
        {"accuracy": probe.accuracy, "low": probe.low, "high": probe.high}
        for probe in protocol.measure(seen, seed)
    ]
    return numbered(probes, None if protocol.joins else first)


def numbered(found: list[dict[str, float]], first: int | None) -> list[dict[str, Any]]:
    return [
        {"layer": None if first is None else first + number} | each
        for number, each in enumerate(found)
    ]


def neighbour_accuracy(seen: Seen) -> list[dict[str, float]]:
    found, truth = [], seen.test_labels
    for train, test in zip(seen.train, seen.test, strict=True):
        said = votes.voted(train, seen.material.train_labels, test, device=seen.exact)
        right = int((said == truth).sum())
        low, high = wilson(right, len(truth))
        found.append({"accuracy": right / len(truth), "low": low, "high": high})
    return found


def kept_features(seen: Seen, results: Results, epoch: int, dataset: str) -> bool:
    """Take the features that an analysis of the same images left, if it left them all."""
    m, layers = seen.material, range(1, len(seen.preset.widths) + 1)
    try:
        summary = results.summary(epoch)
        train = [results.features(epoch, layer, "train") for layer in layers]
        test = [results.features(epoch, layer, "test") for layer in layers]
    except SaccadeError:
        return False
    counts = {"dataset": dataset} | m.facts()
    alike = all(summary.get(name) == value for name, value in counts.items())
    if not alike or any(x is None for x in (*train, *test)):
        return False
    if {len(x) for x in train} != {len(m.train)} or {len(x) for x in test} != {len(m.test)}:
        return False
    seen.train, seen.test = [np.array(x) for x in train], [x[m.labelled] for x in test]
    return True
