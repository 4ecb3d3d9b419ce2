"""A bench record as `saccade bench rules` writes it, with made-up numbers: for the page's tests."""

from pathlib import Path
from typing import Any

from backend.runs.benches import BenchFolder
from models.rules import RULES

LAYERS, N_TRAIN, N_TEST, CHANCE = 6, 5000, 8000, 0.1
SEEDS, LABELLED = (0, 1), 500
FAILED = ("cpc", 1)
VIEWS = {"patches": "patches-64-grey", "image": "image-96-rgb"}


def written(home: Path, name: str = "rules-stl10", **changes: Any) -> dict[str, Any]:
    """Write a record into HOME/benches and return it."""
    folder = BenchFolder(home / "benches", name)
    found = record(name) | changes
    folder.write(found)
    return found


def record(name: str) -> dict[str, Any]:
    rules = [word for word in RULES if word != "random"]
    summary = [
        *(reference("pixels", view, n) for n, view in enumerate(VIEWS.values())),
        *(reference("random", view, n) for n, view in enumerate(VIEWS.values())),
        *(trained(rule, n) for n, rule in enumerate(rules)),
    ]
    failed = {"done": False, "error": "the loss of layer 6 became nan at step 90", "images": None}
    rows = [course(rule, seed) for seed in SEEDS for rule in rules]
    rows = [row | failed if (row["rule"], row["seed"]) == FAILED else row for row in rows]
    return {
        "name": name,
        "created": "2026-01-02T03:04:05.000+00:00",
        "updated": "2026-01-02T04:04:05.000+00:00",
        "version": "0.1.0",
        "command": "saccade bench rules --data stl10 --encoder vgg6-small --epochs 10",
        "settings": {
            "epochs": 10,
            "batch": 32,
            "learning_rate": 0.001,
            "encoder": "vgg6-small",
            "precision": "auto",
            "device": "auto",
        },
        "rules": rules,
        "seeds": [*SEEDS],
        "protocols": ["fast", "all-layers"],
        "data": {
            "key": "stl10",
            "title": "STL-10",
            "fingerprint": "0123456789abcdef",
            "images": N_TRAIN,
            "n_train": LABELLED,
            "n_test": N_TEST,
            "split": "test",
            "classes": [f"class {n}" for n in range(10)],
            "chance": CHANCE,
        },
        "k": 20,
        "machine": {"processor": "a processor", "cores": 2, "device": "cpu", "torch": "2.13.0"},
        "definitions": {
            "fast": "Logistic regression on fixed features.",
            "paper": "Adam on augmented images.",
            "all-layers": "One classifier for all layers.",
            "neighbours": "The class of most of the 20 nearest training images.",
            "interval": "One seed: Wilson, 95 %.",
            "random": "The untrained encoder.",
            "seconds": "Time in training steps.",
            "alone": "Measured apart.",
        },
        "rows": rows,
        "alone": {},
        "summary": summary,
    }


def shares(first: float, step: float, layers: range) -> list[dict[str, Any]]:
    """An accuracy a layer, rising by `step`, each with an interval of two points."""
    values = ((layer, first + step * place) for place, layer in enumerate(layers))
    return [
        {"layer": layer, "accuracy": value, "low": value - 0.011, "high": value + 0.011}
        for layer, value in values
    ]


def course(rule: str, seed: int) -> dict[str, Any]:
    """What a record keeps of one run."""
    return {
        "rule": rule,
        "seed": seed,
        "view": VIEWS[RULES[rule].sees],
        "done": True,
        "error": None,
        "run": f"{rule}-gone",
        "probes": {},
        "neighbours": [],
        "losses": None,
        "images": LABELLED if RULES[rule].labels else N_TRAIN,
    }


def reference(rule: str, view: str, nth: int) -> dict[str, Any]:
    layers = range(1) if rule == "pixels" else range(1, LAYERS + 1)
    seeds = [None] if rule == "pixels" else [*SEEDS]
    probes = {"fast": shares(0.26 + 0.02 * nth + 0.13 * (rule == "random"), 0.004, layers)}
    near = shares(0.22 + 0.01 * nth, 0.003, layers)
    return row(rule, view, seeds, [None] * len(seeds), probes, near)


def trained(rule: str, nth: int) -> dict[str, Any]:
    view, layers = VIEWS[RULES[rule].sees], range(1, LAYERS + 1)
    probes = {"fast": shares(0.40 + 0.012 * nth, 0.01 - 0.003 * (nth % 5), layers)}
    if view == VIEWS["image"]:
        probes["all-layers"] = [{"layer": None, "accuracy": 0.58, "low": 0.569, "high": 0.591}]
    cost = {"seconds": 900.0 + 60 * nth, "images_per_second": 60.0 - nth, "memory_mb": 700 + nth}
    seeds = [seed for seed in SEEDS if (rule, seed) != FAILED]
    runs, near = [f"{rule}-gone"] * len(seeds), shares(0.3 + 0.01 * nth, 0.005, layers)
    return row(rule, view, seeds, runs, probes, near) | cost


def row(rule: str, view: str, seeds: list, runs: list, probes: dict, near: list) -> dict[str, Any]:
    known = RULES.get(rule)
    return {
        "rule": rule,
        "view": view,
        "labels": bool(known and known.labels),
        "crosses": bool(known and known.crosses),
        "loss_at": known.loss_at if known else "none",
        "seeds": seeds,
        "runs": runs,
        "epoch": 10,
        "probes": probes,
        "neighbours": near,
        "seconds": None,
        "images_per_second": None,
        "memory_mb": None,
    }
