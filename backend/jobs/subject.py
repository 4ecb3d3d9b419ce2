"""One thing to analyse, the input or the encoder of an epoch: its steps, and how each is done.

One pass over test and training images feeds all that is counted while patches stream by; the rest
works on the arrays it leaves, a layer at a time. Each result is on the disk before the next is
begun, so an interrupted analysis goes on where it was.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from backend.analysis import cost
from backend.analysis.activity import activity, encoder_layers, pixels
from backend.analysis.embedding import KEPT, Embedding, embeddings, kept_of_each
from backend.analysis.material import Material
from backend.analysis.neighbours import METRIC, nearest_images, nearest_patches
from backend.analysis.plasticity import definitions, plasticity
from backend.analysis.predictions import definition as of_predictions
from backend.analysis.predictions import predicted
from backend.analysis.probes import probe, scored
from backend.analysis.shuffles import shuffled
from backend.analysis.tuning import answers, definition, tuning
from backend.analysis.units import Units
from backend.analysis.votes import voted
from backend.jobs.memory import peak_mb, start_peak
from backend.runs.results import ANALYSES, LATER, OF_ENCODERS, Results, quantised
from models.checkpoint import keeps_rule, load_encoder, load_learner
from models.config import TrainConfig
from models.errors import RunError
from models.imported import Imported, row_of
from models.presets import ENCODERS, PATCH, grid_of

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
        # Distances are taken in double precision, which Apple's GPU does not have.
        self.exact = device if device.type == "cuda" else "cpu"
        self.network = config if isinstance(config, Imported) else ENCODERS[config.encoder]
        self.widths = (material.channels, *config.widths)
        self.features = (material.channels * material.side**2, *config.widths)
        self.layers = (0,) if epoch is None else tuple(range(1, len(self.widths)))
        self.stale: set[str] = set()
        self.summary = self.begun()
        self.maps: Iterator[Embedding] | None = None

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

    def do(self, step: Step) -> Iterator[float]:
        """Work off one step and write what it found; yields the share that is done, from 0."""
        yield 0.0
        if step.what == "activity":
            yield from self.stream()
        elif step.what == "learning":
            yield from self.learn()
        elif step.what == "predictions":
            yield from self.predict()
        elif step.what == "tuning":
            yield from self.tune()
        else:
            works = {
                **{"neighbours": self.near, "probes": self.probe, "embedding": self.embed},
                "selectivity": self.shuffle,
            }
            works[step.what](step.layer)

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

    def stream(self) -> Iterator[float]:
        """The pass: image features, lattice patches, and all that is counted of the units."""
        m = self.material
        count = len(m.test) + len(m.train)
        encoder = self.epoch is not None and load_encoder(self.run, self.epoch).to(self.device)
        layers = encoder_layers(encoder) if encoder else pixels
        size = cost.batch(self.network if encoder else None, m, self.device.type)
        view = (m.crop, m.colour, self.device, size)
        with self.results.new_arrays(self.epoch, self.shapes()) as arrays:
            # The image responses of an encoder's units are its image features.
            grey = np.zeros((len(m.test), self.widths[0]), np.float32)
            responses = {n: arrays["features-test", n] if n else grey for n in self.layers}
            seed = self.settings["seed"]
            units = {
                n: Units(responses[n], m.test, m.sites[n].side, seed, m.signed[n])
                for n in self.layers
            }
            for batch in activity(layers, m.images, m.test, *view):
                for n, answer in zip(self.layers, batch.answers, strict=True):
                    arrays["features-test", n][batch.rows] = answer.features
                    arrays["patches-test", n][batch.rows] = answer.lattice
                    units[n].add(batch.rows, answer.z)
                yield batch.rows.stop / count
            for batch in activity(layers, m.images, m.train, *view):
                for n, answer in zip(self.layers, batch.answers, strict=True):
                    arrays["features-train", n][batch.rows] = answer.features
                yield (len(m.test) + batch.rows.stop) / count
            for n in self.layers:
                self.results.write("responses", self.epoch, n, quantised(responses[n]))
                found = units[n].result(m.test_labels, len(m.classes))
                start = time.perf_counter()
                found["selectivity"] |= self.shuffled(n)
                units[n].seconds["selectivity"] += time.perf_counter() - start
                for what, values in found.items():
                    self.results.write(what, self.epoch, n, values)
            told = m.definitions(seed, self.settings["perplexity"])
            self.summary["definitions"] |= {word: told[word] for word in STREAMED}
            for word in ("maximizers", "selectivity"):  # their share of the pass
                self.note({word: sum(units[n].seconds[word] for n in self.layers)})

    def shapes(self) -> dict[tuple[str, int], tuple[int, ...]]:
        """Shapes of the arrays that the pass fills, by name and layer."""
        m, shapes = self.material, {}
        for n in self.layers:
            width = self.features[n]
            patch = self.widths[n] if n else m.channels * PATCH**2
            shapes["features-test", n] = (len(m.test), width)
            shapes["patches-test", n] = (len(m.test), len(m.sites[n].lattice) ** 2, patch)
            if len(m.train):
                shapes["features-train", n] = (len(m.train), width)
        return shapes

    def shuffle(self, layer: int) -> None:
        """Add what shuffled labels give to the results of an earlier Saccade."""
        m, seed = self.material, self.settings["seed"]
        found = self.results.read("selectivity", self.epoch, layer) | self.shuffled(layer)
        self.results.write("selectivity", self.epoch, layer, found)
        defined = m.definitions(seed, self.settings["perplexity"])["selectivity"]
        self.summary["definitions"]["selectivity"] = defined

    def shuffled(self, layer: int) -> dict[str, np.ndarray]:
        """d' under shuffled labels, of the image responses as they are kept."""
        m, kept = self.material, self.results.read("responses", self.epoch, layer)
        responses = kept["offset"] + kept["scale"] * kept["level"].T  # [image, unit]
        return shuffled(responses, m.test_labels, len(m.classes), self.settings["seed"])

    def near(self, layer: int) -> None:
        sites = self.material.sites[layer]
        lattice, asking = sites.lattice, sites.lattice.index(sites.middle)
        image, distance = nearest_images(self.stored(layer, "test"), device=self.exact)
        patch, place, patch_distance = nearest_patches(
            self.results.array(self.results.stored("patches-test", self.epoch, layer), True),
            asking * len(lattice) + asking,
            device=self.exact,
        )
        lines, ids = np.array(lattice), self.material.test
        found = {
            "image": ids[image],
            "distance": distance,
            "patch_image": ids[patch],
            "patch_row": lines[place // len(lattice)],
            "patch_column": lines[place % len(lattice)],
            "patch_distance": patch_distance,
        }
        self.results.write("neighbours", self.epoch, layer, found)

    def probe(self, layer: int) -> None:
        m = self.material
        seed, perplexity = self.settings["seed"], self.settings["perplexity"]
        found = asdict(
            probe(
                self.stored(layer, "train"),
                m.train_labels,
                self.stored(layer, "test")[m.labelled],
                m.test_labels[m.labelled],
                len(m.classes),
                seed,
                self.exact,
            )
        )
        for name, none in (("predicted", -1), ("confidence", 0)):
            of_all = np.full(len(m.test), none, found[name].dtype)
            of_all[m.labelled] = found[name]
            found[name] = of_all
        found["votes"] = self.vote(layer)
        if layer == 0:
            del found["weights"]  # of pixels, which are no units
        self.results.write("probe", self.epoch, layer, found)
        told = m.definitions(seed, perplexity)
        self.summary["definitions"] |= {word: told[word] for word in ("probes", "votes")}

    def vote(self, layer: int) -> list[float]:
        """Share of the test images that the nearest training images name rightly, and interval."""
        m = self.material
        train, test = (self.stored(layer, split) for split in ("train", "test"))
        said = voted(train, m.train_labels, test[m.labelled], device=self.exact)
        found = scored(said, m.test_labels[m.labelled], len(m.classes), len(m.train))
        return [found.accuracy, found.low, found.high]

    def embed(self, layer: int) -> None:
        """Maps of several layers are made at once: one alone has no use for a second core."""
        if layer in self.earlier("embedding"):
            found = self.results.read("embedding", self.epoch, layer)
            flat, count = np.stack([found["x"], found["y"]], 1), min(KEPT, len(found["x"]) - 1)
            found["kept"] = kept_of_each(self.stored(layer, "test"), flat, count, self.exact)
            return self.results.write("embedding", self.epoch, layer, found)
        if self.maps is None:
            features = [self.stored(n, "test") for n in self.missing("embedding")]
            perplexity, seed = self.settings["perplexity"], self.settings["seed"]
            self.maps = embeddings(features, perplexity, seed, self.exact, self.material.start)
        found = next(self.maps)
        self.results.write("embedding", self.epoch, layer, asdict(found))
        parameters = self.summary["parameters"]
        parameters["embedding"] = found.parameters
        parameters.setdefault("maps", {})[str(layer)] = found.parameters

    def close(self) -> None:
        """Begin no more maps; what is done is kept."""
        if self.maps is not None:
            self.maps.close()

    def learn(self) -> Iterator[float]:
        """What the rule did at this epoch, on training images alone."""
        m, seed = self.material, self.settings["seed"]
        learner = load_learner(self.run, self.epoch)
        found = yield from plasticity(self.config, *learner, m.images, m.taught, seed, self.device)
        for layer, arrays in found.items():
            self.results.write("learning", self.epoch, layer + 1, arrays)
        self.summary["definitions"] |= definitions(self.config, len(m.taught), m.side, seed)
        self.summary["parameters"]["learning"] = {"seed": seed}

    def predict(self) -> Iterator[float]:
        """What the rule's matrices say of each unit, and what it then answers, on test images."""
        m, seed = self.material, self.settings["seed"]
        learner, devices = load_learner(self.run, self.epoch), (self.device, self.exact)
        batch = cost.batch(self.network, m, self.device.type)
        found = yield from predicted(*learner, m, seed, devices, batch)
        for layer, arrays in found.items():
            self.results.write("predictions", self.epoch, layer + 1, arrays)
        self.summary["definitions"]["predictions"] = of_predictions(m, seed)
        self.summary["parameters"]["predictions"] = {"seed": seed}

    def tune(self) -> Iterator[float]:
        """How every unit answers to gratings at the middle patch of its layer."""
        m = self.material
        encoder = load_encoder(self.run, self.epoch).to(self.device)
        side = PATCH if m.sees == "patches" else m.side  # patches are seen each by itself
        batch = cost.batch(self.network, m, self.device.type)
        found = yield from answers(encoder, side, m.colour, self.device, batch)
        for n, responses in zip(self.layers, found, strict=True):
            self.results.write("tuning", self.epoch, n, tuning(responses))
        self.summary["definitions"]["tuning"] = definition(m.colour)

    def stored(self, layer: int, split: str) -> np.ndarray:
        return self.results.features(self.epoch, layer, split)
