"""One thing to analyse, the input or the encoder of an epoch: what is there of it, what is to do?

Its summary on the disk is true whenever the work is interrupted, so the next goes on from there.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from backend.analysis import cost
from backend.analysis.material import Material
from backend.analysis.neighbours import METRIC
from backend.jobs.memory import peak_mb, start_peak
from backend.runs.arrays import ANALYSES, LATER, OF_ENCODERS
from backend.runs.results import Results
from models.checkpoint import keeps_rule
from models.config import TrainConfig
from models.errors import RunError
from models.imported import Imported, row_of
from models.presets import ENCODERS, grid_of

STREAMED = ("activity", "maximizers", "selectivity")  # what the pass itself finishes
OF_RULES = ("learning", "predictions")  # what needs the rule's own weights
FILES = {"activity": "responses", "probes": "probe"}  # words whose file has another name
SOURCES = {  # the arrays of the pass that a step works on
    "neighbours": ("features-test", "patches-test"),
    "probes": ("features-test", "features-train"),
    "embedding": ("features-test",),
}


@dataclass(frozen=True)
class Step:
    """One piece of work: the pass over the images, or one analysis of one layer."""

    what: str
    layer: int | None  # None: all layers of an encoder at once
    cost: float  # about as many seconds as two processor cores need

    @property
    def covers(self) -> tuple[str, ...]:
        """The analyses that this step does."""
        return STREAMED if self.what == "activity" else (self.what,)


class Subject:
    """What is analysed as one: the input (epoch None, layer 0), or the encoder of an epoch."""

    def __init__(
        self,
        run: Path,
        epoch: int | None,
        config: TrainConfig | Imported,
        material: Material,
        settings: dict,  # data (its key), seed, perplexity
        device,  # a torch.device
        wanted: Sequence[str],  # words of ANALYSES
    ) -> None:
        self.run, self.epoch, self.material, self.settings = run, epoch, material, settings
        self.results, self.device, self.config = Results(run), device, config
        self.wanted = [word for word in wanted if epoch is not None or word not in OF_ENCODERS]
        self.network = config if isinstance(config, Imported) else ENCODERS[config.encoder]
        self.widths = (material.channels, *config.widths)
        self.features = (material.channels * material.side**2, *config.widths)
        self.layers = (0,) if epoch is None else tuple(range(1, len(self.widths)))
        self.stale: set[str] = set()
        self.summary = self.begun()

    def begun(self) -> dict:
        """The summary on the disk if it tells the same things about the same images and seed, else
        a new one.

        Maps that were made in another way, as by another perplexity, are stale, and nothing else.
        """
        seed, perplexity = self.settings["seed"], self.settings["perplexity"]
        m = self.material
        same = m.facts() | {"epoch": self.epoch, "dataset": self.settings["data"]}
        asked = {"settings": self.settings, "definitions": m.definitions(seed, perplexity)}
        new = {
            "image": list(m.images.shape[2:]),
            "parameters": {
                "maximizers": {"seed": seed},
                "neighbours": {"metric": METRIC, "patch": [m.sites[0].middle] * 2},
                "probes": {"seed": seed, "protocol": "fast"},
            },
            "seconds": {},
            "device": self.device.type,
            "done": [],
            "memory_mb": None,
        }
        try:
            old = self.results.summary(self.epoch)
        except RunError:
            return same | asked | new
        before = old.get("settings", {})
        told = new.keys() <= old.keys() and new["parameters"].keys() <= old["parameters"].keys()
        alike = all(old.get(key) == value for key, value in same.items())
        if not (told and alike and before.get("seed") == seed):
            return same | asked | new
        word = "embedding"
        if word not in self.wanted or old["definitions"][word] == asked["definitions"][word]:
            return old
        self.stale = {"embedding"}
        # What the other analyses said of themselves still holds.
        told = {"definitions": old["definitions"] | {word: asked["definitions"][word]}}
        return old | asked | told

    def steps(self) -> list[Step]:
        """What is to do for the words that are wanted; empty if all of it is there."""
        later = [
            Step(word, n, cost.seconds(word, self.features[n], self.material, None))
            for word in self.wanted
            if word not in (*STREAMED, *OF_ENCODERS)
            for n in sorted({*self.missing(word), *self.earlier(word)})
        ]
        streamed = any(self.missing(word) for word in self.wanted if word in STREAMED)
        if streamed or not all(self.has_sources(step) for step in later):
            layer, encoder = (0, None) if self.epoch is None else (None, self.network)
            price = cost.seconds("activity", 0, self.material, encoder)
            later = [Step("activity", layer, price), *later]
        elif "selectivity" in self.wanted:
            prices = {n: cost.shuffles(self.widths[n], self.material) for n in self.layers}
            shuffles = [Step("selectivity", n, prices[n]) for n in self.earlier("selectivity")]
            later = [*shuffles, *later]
        for word in self.wanted:
            if word in OF_ENCODERS and self.missing(word):
                price = cost.seconds(word, 0, self.material, self.network)
                later.append(Step(word, None, price))
        return later

    def missing(self, word: str) -> list[int]:
        """Layers whose results of an analysis are not on the disk, are damaged there, or stale."""
        if word == "probes" and self.material.no_probe:
            return []
        layers = self.with_loss(word) if word in OF_RULES else self.layers
        if word in self.stale or not self.summary["seconds"]:
            return list(layers)
        file = FILES.get(word, word)
        return [n for n in layers if not self.results.has(file, self.epoch, n)]

    def earlier(self, word: str) -> list[int]:
        """Layers whose results are there, without what an earlier Saccade did not keep of them."""
        file = FILES.get(word, word)
        m = self.material
        no_classes = word == "selectivity" and len(np.unique(m.test_labels[m.labelled])) < 2
        if file not in LATER or no_classes or (word == "probes" and m.no_probe):
            return []
        there = sorted({*self.layers} - {*self.missing(word)})
        return [n for n in there if self.results.lacks(file, self.epoch, n)]

    def with_loss(self, word: str) -> tuple[int, ...]:
        """Layers of which one of OF_RULES has something to tell: those that carry a loss."""
        if self.epoch is None or self.lacking(word):
            return ()
        at_all = row_of(self.config).loss_at == "every layer"
        return self.layers if at_all else self.layers[-1:]

    @property
    def no_learning(self) -> str | None:
        """Why nothing can be told about learning, as the end of a sentence."""
        row, m = row_of(self.config), self.material
        if row.no_scores:
            return row.no_scores
        if not keeps_rule(self.run, self.epoch):
            return "the checkpoint keeps the encoder without the rule's own weights"
        if len(m.taught) < 2:
            return "the data set has fewer than two training images"
        if row.predicts and (there := grid_of(m.side)) < self.config.steps + 2:
            return (
                f"views of {m.side} pixels have {there} patch rows, and {self.config.steps} "
                f"prediction steps need {self.config.steps + 2}"
            )
        return None

    def lacking(self, word: str) -> str | None:
        """Why there is nothing of one of OF_RULES, as the end of a sentence."""
        row = row_of(self.config)
        if word == "predictions" and not row.no_scores and not row.predicts:
            return f"{row.word} predicts another view of the image, and no row from those above it"
        return self.no_learning

    def has_sources(self, step: Step) -> bool:
        names = SOURCES[step.what]
        return all(self.results.stored(n, self.epoch, step.layer).exists() for n in names)

    def begin(self) -> None:
        """Start counting memory; what lies here of other images or settings goes."""
        start_peak()
        if not self.summary["seconds"]:
            self.results.clear(self.epoch)
            self.results.write_order(self.epoch, self.material.test, self.material.test_labels)
        if self.stale:
            self.summary["done"] = [w for w in self.summary["done"] if w not in self.stale]
            self.results.write_summary(self.epoch, self.summary)
            for layer in self.layers:
                self.results.path("embedding", self.epoch, layer).unlink(missing_ok=True)
            self.stale = set()

    def note(self, seconds: dict[str, float]) -> None:
        """Add to the summary on the disk, which is true whenever the work is interrupted."""
        times = self.summary["seconds"]
        for word, more in seconds.items():
            times[word] = round(times.get(word, 0) + more, 3)
        self.summary["memory_mb"] = max(self.summary["memory_mb"] or 0, peak_mb() or 0) or None
        self.results.write_summary(self.epoch, self.summary)

    def finish(self) -> None:
        """Say what is done, and let go of the arrays that only the steps needed."""
        words = {*self.wanted, *STREAMED, *self.summary["done"]}
        done = [word for word in ANALYSES if word in words and not self.missing(word)]
        told = {"done": done}
        rules = [word for word in self.wanted if word in OF_RULES]
        reasons = {word: {"reason": why} for word in rules if (why := self.lacking(word))}
        if reasons:
            told["parameters"] = self.summary["parameters"] | reasons
        if told != {name: self.summary[name] for name in told}:
            self.summary |= told
            self.results.write_summary(self.epoch, self.summary)
        inputs = ("features-test", "features-train") if self.epoch is None else ()
        for name in ("patches-test", *inputs):
            for layer in self.layers:
                self.results.stored(name, self.epoch, layer).unlink(missing_ok=True)
