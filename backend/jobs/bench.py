"""Train every rule on the same images from the same weights, measure each, and keep one record.

Two runs of one seed start from the same encoder and meet the same images in the same order, since
`models.train` draws these from the seed alone. A run that is in the home already, with exactly
the same settings and data, is taken instead of a new one. Each piece of work is in the record
before the next is begun, so a bench that ends early goes on where it was.
"""

import json
import os
import subprocess
import sys
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from backend.analysis import protocols, seeds, speed, votes
from backend.analysis.activity import encoder_layers, pixels
from backend.analysis.machine import machine
from backend.analysis.material import Material
from backend.analysis.protocols import PROTOCOLS
from backend.analysis.seen import Seen
from backend.errors import ConflictError, DataError, SaccadeError, failure_of
from backend.jobs.course import course
from backend.jobs.measure import NEIGHBOURS, kept_features, measure
from backend.jobs.queue import Queue
from backend.jobs.ready import BenchProgress, Ready
from backend.jobs.states import LIVE
from backend.jobs.summary import REFERENCES, summary
from backend.runs.benches import BenchFolder, read
from backend.runs.folder import RunFolder
from backend.runs.results import Results
from models.checkpoint import load_encoder
from models.config import TrainConfig
from models.data import Dataset, key_of
from models.data.dataset import fingerprint
from models.device import pick_device
from models.encoder import untrained
from models.presets import ENCODERS
from models.rules import RULES

PIXELS, CONTROL = REFERENCES
SEED = 0  # of the held-out images, and of the crops, of every probe: the same for all rows
SEPARATE = ("epochs", "batch", "learning_rate", "encoder", "precision", "device")  # must agree
ROOT = Path(__file__).resolve().parents[2]
DEFINITIONS = {
    "seconds": (
        "Seconds: time between the first and the last event of training, checkpoints included, all "
        "attempts together, beside whatever else the machine did. Training images: those of one "
        "pass; a rule that learns from labels sees only the labelled ones, so that as many epochs "
        "are fewer steps. The rules meet the same images of a batch; whole-image encoders see "
        "other views of them."
    ),
    "alone": speed.DEFINITION,
    "loss": (
        "Loss: mean of the last epoch, of the first seed, of one term of a layer's loss. At chance "
        "it is 2 for a hinge loss (two signs), 2.83 for InfoNCE among 17, and the logarithm of the "
        "number of classes for cross-entropy; kinds do not compare."
    ),
    "interval": seeds.DEFINITION,
    "random": (
        "Random: the untrained encoder, of the same seed and so the very weights that each rule "
        "began with, at epoch 0. Pixels: the same measures on the raw pixels of the same view."
    ),
}


@dataclass(frozen=True)
class Wanted:
    """What to compare."""

    config: TrainConfig  # what all have in common; its rule and seed are not looked at
    rules: tuple[str, ...]  # without `random`, which is always there
    seeds: tuple[int, ...]
    protocols: tuple[str, ...]
    command: str  # as a person would type it, up to the settings of all runs
    version: str  # of Saccade

    def of(self, rule: str, seed: int) -> TrainConfig:
        common = {name: getattr(self.config, name) for name in ("data", "keep", *SEPARATE)}
        return TrainConfig(rule=rule, seed=seed, **common)


class Bench:
    """One comparison, in a folder of its own; `work` does what is missing of it."""

    def __init__(self, folder: BenchFolder, wanted: Wanted, dataset: Dataset, queue: Queue) -> None:
        self.folder, self.wanted, self.dataset, self.queue = folder, wanted, dataset, queue
        self.device = pick_device(wanted.config.device)
        self.ready = Ready(queue, dataset, wanted.version)
        configs = [wanted.of(rule, wanted.seeds[0]) for rule in wanted.rules]
        self.materials: dict[str, Material] = {}
        self.views = {}
        for config in configs or [wanted.of(CONTROL, wanted.seeds[0])]:
            material = Material.of(dataset, config)
            view = view_of(material)
            self.materials[view] = material
            self.views[config.rule] = view
        if reason := material.no_probe:
            raise DataError(
                f"a bench reads classes off each layer, but {reason} in {dataset.title}; choose a "
                "data set with labels for training and test images"
            )
        self.record = self.begun()

    def begun(self) -> dict[str, Any]:
        """The record on the disk, or a new one. Raises ConflictError if it is of other settings."""
        new = self.fresh()
        if not self.folder.record.exists():
            return new
        old = read(self.folder.record)
        asked, before = new["settings"] | new["data"], old["settings"] | old["data"]
        for name in ("key", "fingerprint", *SEPARATE):
            if before.get(name) != asked[name]:
                told = {"key": "data", "fingerprint": "images (by fingerprint)"}.get(name, name)
                raise ConflictError(
                    f"bench {self.folder.name} was made with {told.replace('_', ' ')} "
                    f"{before.get(name)}, but {asked[name]} was asked for; give the same, or "
                    "another --name"
                )
        for name in ("rules", "seeds", "protocols"):  # more of these only add to it
            old[name] = list(dict.fromkeys([*old[name], *new[name]]))
        return old | {name: new[name] for name in ("version", "definitions")}

    def fresh(self) -> dict[str, Any]:
        w, m, d = self.wanted, self.material, self.dataset
        seen = Seen(m, pixels, None, self.device)
        told = {
            "k": min(votes.K, len(m.train)),
            "n_train": len(m.train),
            "n_labelled": int(m.labelled.sum()),
        }
        return {
            "name": self.folder.name,
            "created": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "version": w.version,
            "command": w.command,
            "settings": {name: getattr(w.config, name) for name in SEPARATE},
            "rules": [*w.rules],
            "seeds": [*w.seeds],
            "protocols": [*w.protocols],
            "data": {
                "key": key_of(w.config.data),
                "title": d.title,
                "fingerprint": fingerprint([d.labels, d.split, d.images]),
                "images": int((d.split != 1).sum()),
                "n_train": len(m.train),
                "n_test": int(m.labelled.sum()),
                "split": m.split,
                "classes": list(m.classes),
                "chance": m.chance,
            },
            "k": told["k"],
            "machine": machine(self.device),
            "definitions": {word: protocols.definition(word, seen, SEED) for word in PROTOCOLS}
            | {"neighbours": votes.DEFINITION.format(**told)}
            | DEFINITIONS,
            "rows": [],
            "alone": {},
            "summary": [],
        }

    @property
    def material(self) -> Material:
        return next(iter(self.materials.values()))

    @cached_property
    def pairs(self) -> list[tuple[str, int]]:
        """What is to be trained; what other processes train now comes last."""
        pairs = [(rule, seed) for seed in self.wanted.seeds for rule in self.wanted.rules]

        def elsewhere(pair: tuple[str, int]) -> bool:
            row = self.ready.found(self.wanted.of(*pair))
            return row is not None and row.state in LIVE

        return sorted(pairs, key=elsewhere)

    def work(self) -> Iterator[BenchProgress]:
        """Do what is missing. A rule that fails is recorded with its reason; the others go on."""
        self.keep()
        for view, material in self.materials.items():
            yield from self.reference(PIXELS, None, view, material)
            for seed in self.wanted.seeds:
                yield from self.reference(CONTROL, seed, view, material)
        for rule, seed in self.pairs:
            yield from self.trained(rule, seed)
        for rule in self.wanted.rules:
            yield from self.timed(rule)

    @property
    def failed(self) -> list[dict[str, Any]]:
        return [row for row in self.record["rows"] if row["error"]]

    def row(self, rule: str, seed: int | None, view: str) -> dict[str, Any]:
        """The row of the record, made if it is missing."""
        for row in self.record["rows"]:
            if (row["rule"], row["seed"], row["view"]) == (rule, seed, view):
                return row
        known = RULES.get(rule)
        row = {
            "rule": rule,
            "seed": seed,
            "view": view,
            "labels": bool(known and known.labels),
            "crosses": bool(known and known.crosses),
            "loss_at": known.loss_at if known else "none",
            "run": None,
            "epoch": None,
            "done": False,
            "error": None,
            "adopted": False,
            "probes": {},
            "neighbours": [],
            "losses": None,
            "images": None,
            "seconds": None,
            "images_per_second": None,
            "torch": None,
        }
        self.record["rows"].append(row)
        return row

    def reference(
        self, rule: str, seed: int | None, view: str, material: Material
    ) -> Iterator[BenchProgress]:
        """The pixels, or the untrained encoder of a seed, as one kind of encoder sees them."""
        row = self.row(rule, seed, view)
        row["epoch"] = 0 if rule == CONTROL else None
        if rule == PIXELS:
            layers, preset = pixels, None
        else:
            like = next(word for word, other in self.views.items() if other == view)
            encoder = untrained(self.wanted.of(like, seed)).to(self.device)
            layers, preset = encoder_layers(encoder), ENCODERS[self.wanted.config.encoder]
        seen = Seen(material, layers, preset, self.device)
        yield from self.guarded(row, self.measured(row, seen))

    def trained(self, rule: str, seed: int) -> Iterator[BenchProgress]:
        row = self.row(rule, seed, self.views[rule])
        if row["done"] and not self.missing(row):
            yield BenchProgress(f"{name_of(row)}: in the record already")
            return
        yield from self.guarded(row, self.train_and_measure(row))

    def train_and_measure(self, row: dict[str, Any]) -> Iterator[BenchProgress]:
        config = self.wanted.of(row["rule"], row["seed"])
        what = f"{config.rule}, seed {config.seed}"
        name = f"{self.folder.name}: {what}"[:80]
        run = yield from self.ready.finished(config, what, name)
        folder = RunFolder(self.queue.runs / run)
        row |= {
            "run": run,
            "epoch": config.epochs,
            "adopted": folder.about()["created"] < self.record["created"],
            **course(folder, config.epochs),
        }
        encoder = load_encoder(folder.path, config.epochs).to(self.device)
        material = self.materials[row["view"]]
        layers = encoder_layers(encoder)
        seen = Seen(material, layers, ENCODERS[config.encoder], self.device)
        yield from self.measured(row, seen, Results(folder.path))

    def guarded(
        self, row: dict[str, Any], work: Iterator[BenchProgress]
    ) -> Iterator[BenchProgress]:
        """Work on a row; an error ends this row alone."""
        try:
            yield from work
            row |= {"done": True, "error": None}
        except Exception as error:
            row["error"] = failure_of(error)["message"]
            if not isinstance(error, SaccadeError):
                self.log(traceback.format_exc())
            yield BenchProgress(f"{name_of(row)}: failed: {row['error']}")
        self.keep()

    def missing(self, row: dict[str, Any]) -> list[str]:
        """Protocols that were asked for, are for this row, and are not in it."""
        sees, found = self.materials[row["view"]].sees, []
        for word in self.record["protocols"]:
            protocol = PROTOCOLS[word]
            fits = sees in protocol.sees and not (protocol.joins and row["rule"] == PIXELS)
            if fits and word not in row["probes"]:
                found.append(word)
        return found

    def measured(
        self, row: dict[str, Any], seen: Seen, results: Results | None = None
    ) -> Iterator[BenchProgress]:
        """One pass over the images, then what is missing of probes and neighbours."""
        words = self.missing(row)
        if row["neighbours"] and not words:
            return
        joins = any(PROTOCOLS[word].joins for word in words)
        kept = results and not joins
        if not (kept and kept_features(seen, results, row["epoch"], self.dataset.key)):
            for share in seen.look(cells=joins):
                yield BenchProgress(f"{name_of(row)}: activity", share)
        pieces = [*words, *([] if row["neighbours"] else [NEIGHBOURS])]
        first = 0 if row["rule"] == PIXELS else 1
        for number, word in enumerate(pieces):
            yield BenchProgress(f"{name_of(row)}: {word}", number / len(pieces))
            found = measure(word, seen, first, SEED)
            if word == NEIGHBOURS:
                row["neighbours"] = found
            else:
                row["probes"][word] = found
        yield BenchProgress(f"{name_of(row)}: {told(row)}")

    def timed(self, rule: str) -> Iterator[BenchProgress]:
        """Speed and memory of a rule, once, in a process of its own."""
        row = next(
            (r for r in self.record["rows"] if r["rule"] == rule and r["done"] and r["run"]), None
        )
        if row is None or self.record["alone"].get(rule, {}).get("steps"):
            return
        yield BenchProgress(f"{rule}: speed and memory in a fresh process", 0.0)
        path = os.pathsep.join(p for p in (str(ROOT), os.environ.get("PYTHONPATH")) if p)
        command = [sys.executable, "-m", "backend.jobs.speed", "--home", str(self.queue.home)]
        command += ["--run-dir", str(self.queue.runs / row["run"])]
        done = subprocess.run(
            command, env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True
        )
        try:
            found = json.loads(done.stdout)
        except ValueError:
            reason = (done.stderr.strip().splitlines() or [f"it ended with {done.returncode}"])[-1]
            found = {"error": f"the speed of {rule} could not be measured: {reason}"}
        self.record["alone"][rule] = found
        self.keep()
        yield BenchProgress(found.get("error") or f"{rule}: {pace(found)}")

    def keep(self) -> None:
        """Write the record as it stands, with the summary over seeds."""
        for row in self.record["rows"]:
            if row["rule"] == CONTROL:
                row["run"] = self.run_beside(row)
        self.record["command"] = self.command()
        self.record["updated"] = datetime.now(UTC).isoformat(timespec="milliseconds")
        self.record["summary"] = summary(self.record)
        self.folder.write(self.record)

    def command(self) -> str:
        """What makes the record as it stands, in a home without runs."""
        words, record = [self.wanted.command], self.record
        if set(record["rules"]) != set(RULES) - {CONTROL}:
            words += ["--rules", ",".join(record["rules"])]
        words += ["--seeds", str(len(record["seeds"]))]
        words += ["--protocols", ",".join(record["protocols"]), "--name", self.folder.name]
        return " ".join(words)

    def run_beside(self, control: dict[str, Any]) -> str | None:
        """A run that has the weights of a control as its epoch 0."""
        place = (control["view"], control["seed"])
        alike = (row for row in self.record["rows"] if (row["view"], row["seed"]) == place)
        return next((r["run"] for r in alike if r["done"] and r["rule"] != CONTROL), None)

    def log(self, text: str) -> None:
        """Keep a traceback for whoever mends Saccade."""
        with open(self.folder.path / "log.txt", "a", encoding="utf-8", errors="replace") as file:
            file.write(text)


def view_of(material: Material) -> str:
    """What an encoder sees, as a word: patches-64-grey, image-96-rgb."""
    return f"{material.sees}-{material.side}-{material.colour}"


def name_of(row: dict[str, Any]) -> str:
    seed = "" if row["seed"] is None else f", seed {row['seed']}"
    where = f" ({row['view']})" if row["rule"] in (CONTROL, PIXELS) else ""
    return f"{row['rule']}{where}{seed}"


def told(row: dict[str, Any]) -> str:
    """What was measured, on one line."""

    def listed(found: list[dict[str, Any]]) -> str:
        return " ".join(f"{100 * each['accuracy']:.1f}" for each in found)

    parts = [f"probe {word} {listed(found)}" for word, found in row["probes"].items()]
    return "; ".join([*parts, f"neighbours {listed(row['neighbours'])}"])


def pace(found: dict[str, Any]) -> str:
    memory = found["gpu_memory_mb"] or found["memory_mb"]
    return f"{found['images_per_second']:.1f} images/s, {memory or 0} MB"
