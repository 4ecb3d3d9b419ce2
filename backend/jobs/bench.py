"""Train every rule on the same images from the same weights, measure each, and keep one record.

Two runs of one seed start from the same encoder and meet the same images in the same order, since
`models.train` draws these from the seed alone. A run that is in the home already, with exactly
the same settings and data, is taken instead of a new one. Each piece of work is in the record
before the next is begun, so a bench that ends early goes on where it was.
"""

import traceback
from collections.abc import Iterator
from functools import cached_property
from typing import Any

from backend.analysis.activity import encoder_layers, pixels
from backend.analysis.material import Material
from backend.analysis.protocols import PROTOCOLS
from backend.analysis.seen import Seen
from backend.errors import DataError, SaccadeError, failure_of
from backend.jobs import benchrecord
from backend.jobs.benchprogress import BenchProgress, name_of, pace, told
from backend.jobs.benchrecord import CONTROL, PIXELS, SEED, row_of
from backend.jobs.benchruns import BenchRuns
from backend.jobs.course import course
from backend.jobs.measure import NEIGHBOURS, kept_features, measure
from backend.jobs.queue import Queue
from backend.jobs.speed import apart
from backend.jobs.states import LIVE
from backend.jobs.wanted import Wanted
from backend.runs import plain
from backend.runs.benches import BenchFolder
from backend.runs.folder import RunFolder
from backend.runs.results import Results
from models.checkpoint import load_encoder
from models.data import Dataset
from models.device import pick_device
from models.encoder import untrained
from models.presets import ENCODERS


class Bench:
    """One comparison, in a folder of its own; `work` does what is missing of it."""

    def __init__(self, folder: BenchFolder, wanted: Wanted, dataset: Dataset, queue: Queue) -> None:
        self.folder, self.wanted, self.dataset, self.queue = folder, wanted, dataset, queue
        self.device = pick_device(wanted.config.device)
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
        seen = [*self.materials.values()]
        self.record = benchrecord.begun(folder, wanted, dataset, seen)
        self.runs = BenchRuns(queue, dataset, folder.name, wanted.version)

    @cached_property
    def pairs(self) -> list[tuple[str, int]]:
        """What is to be trained; what other processes train now comes last."""
        pairs = [(rule, seed) for seed in self.wanted.seeds for rule in self.wanted.rules]

        def elsewhere(pair: tuple[str, int]) -> bool:
            row = self.runs.found(self.wanted.of(*pair))
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

    def reference(
        self, rule: str, seed: int | None, view: str, material: Material
    ) -> Iterator[BenchProgress]:
        """The pixels, or the untrained encoder of a seed, as one kind of encoder sees them."""
        row = row_of(self.record, rule, seed, view)
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
        row = row_of(self.record, rule, seed, self.views[rule])
        if row["done"] and not self.missing(row):
            yield BenchProgress(f"{name_of(row)}: in the record already")
            return
        yield from self.guarded(row, self.train_and_measure(row))

    def train_and_measure(self, row: dict[str, Any]) -> Iterator[BenchProgress]:
        config = self.wanted.of(row["rule"], row["seed"])
        run = yield from self.runs.finished(config)
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
        found = apart(self.queue.runs / row["run"], self.queue.home)
        if "error" in found:
            found = {"error": f"the speed of {rule} could not be measured: {found['error']}"}
        self.record["alone"][rule] = found
        self.keep()
        yield BenchProgress(found.get("error") or f"{rule}: {pace(found)}")

    def keep(self) -> None:
        benchrecord.keep(self.record, self.wanted, self.folder)

    def log(self, text: str) -> None:
        """Keep a traceback for whoever mends Saccade."""
        with plain.appended(self.folder.path / "log.txt") as file:
            file.write(text.encode("utf-8", "replace"))


def view_of(material: Material) -> str:
    """What an encoder sees, as a word: patches-64-grey, image-96-rgb."""
    return f"{material.sees}-{material.side}-{material.colour}"
