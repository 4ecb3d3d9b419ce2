"""How is each step of an analysis done, and what does it leave on the disk?

One pass over test and training images feeds all that is counted while patches stream by; the rest
works on the arrays it leaves, a layer at a time.
"""

import time
from collections.abc import Iterator
from dataclasses import asdict

import numpy as np

from backend.analysis import cost
from backend.analysis.activity import activity, encoder_layers, pixels
from backend.analysis.embedding import KEPT, Embedding, embeddings, kept_of_each
from backend.analysis.neighbours import nearest_images, nearest_patches
from backend.analysis.plasticity import definitions, plasticity
from backend.analysis.predictions import definition as of_predictions
from backend.analysis.predictions import predicted
from backend.analysis.probes import probe, scored
from backend.analysis.shuffles import shuffled
from backend.analysis.tuning import answers, definition, tuning
from backend.analysis.units import Units
from backend.analysis.votes import voted
from backend.jobs.subject import STREAMED, Step, Subject
from backend.runs.arrays import quantised
from models.checkpoint import load_encoder, load_learner
from models.presets import PATCH


class Analyst:
    """Does the steps of one subject; each result is on the disk before the next is begun."""

    def __init__(self, subject: Subject) -> None:
        self.subject, self.material, self.results = subject, subject.material, subject.results
        self.run, self.epoch, self.layers = subject.run, subject.epoch, subject.layers
        self.device, self.network = subject.device, subject.network
        self.seed, self.perplexity = subject.settings["seed"], subject.settings["perplexity"]
        # Distances are taken in double precision, which Apple's GPU does not have.
        self.exact = self.device if self.device.type == "cuda" else "cpu"
        self.maps: Iterator[Embedding] | None = None

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
            grey = np.zeros((len(m.test), self.subject.widths[0]), np.float32)
            responses = {n: arrays["features-test", n] if n else grey for n in self.layers}
            units = {
                n: Units(responses[n], m.test, m.sites[n].side, self.seed, m.signed[n])
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
            told = m.definitions(self.seed, self.perplexity)
            self.subject.summary["definitions"] |= {word: told[word] for word in STREAMED}
            for word in ("maximizers", "selectivity"):  # their share of the pass
                self.subject.note({word: sum(units[n].seconds[word] for n in self.layers)})

    def shapes(self) -> dict[tuple[str, int], tuple[int, ...]]:
        """Shapes of the arrays that the pass fills, by name and layer."""
        m, shapes = self.material, {}
        for n in self.layers:
            width = self.subject.features[n]
            patch = self.subject.widths[n] if n else m.channels * PATCH**2
            shapes["features-test", n] = (len(m.test), width)
            shapes["patches-test", n] = (len(m.test), len(m.sites[n].lattice) ** 2, patch)
            if len(m.train):
                shapes["features-train", n] = (len(m.train), width)
        return shapes

    def shuffle(self, layer: int) -> None:
        """Add what shuffled labels give to the results of an earlier Saccade."""
        found = self.results.read("selectivity", self.epoch, layer) | self.shuffled(layer)
        self.results.write("selectivity", self.epoch, layer, found)
        told = self.material.definitions(self.seed, self.perplexity)
        self.subject.summary["definitions"]["selectivity"] = told["selectivity"]

    def shuffled(self, layer: int) -> dict[str, np.ndarray]:
        """d' under shuffled labels, of the image responses as they are kept."""
        m, kept = self.material, self.results.read("responses", self.epoch, layer)
        responses = kept["offset"] + kept["scale"] * kept["level"].T  # [image, unit]
        return shuffled(responses, m.test_labels, len(m.classes), self.seed)

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
        found = asdict(
            probe(
                self.stored(layer, "train"),
                m.train_labels,
                self.stored(layer, "test")[m.labelled],
                m.test_labels[m.labelled],
                len(m.classes),
                self.seed,
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
        told = m.definitions(self.seed, self.perplexity)
        self.subject.summary["definitions"] |= {word: told[word] for word in ("probes", "votes")}

    def vote(self, layer: int) -> list[float]:
        """Share of the test images that the nearest training images name rightly, and interval."""
        m = self.material
        train, test = (self.stored(layer, split) for split in ("train", "test"))
        said = voted(train, m.train_labels, test[m.labelled], device=self.exact)
        found = scored(said, m.test_labels[m.labelled], len(m.classes), len(m.train))
        return [found.accuracy, found.low, found.high]

    def embed(self, layer: int) -> None:
        """Maps of several layers are made at once: one alone has no use for a second core."""
        if layer in self.subject.earlier("embedding"):
            found = self.results.read("embedding", self.epoch, layer)
            flat, count = np.stack([found["x"], found["y"]], 1), min(KEPT, len(found["x"]) - 1)
            found["kept"] = kept_of_each(self.stored(layer, "test"), flat, count, self.exact)
            return self.results.write("embedding", self.epoch, layer, found)
        if self.maps is None:
            features = [self.stored(n, "test") for n in self.subject.missing("embedding")]
            how = (self.perplexity, self.seed, self.exact, self.material.start)
            self.maps = embeddings(features, *how)
        found = next(self.maps)
        self.results.write("embedding", self.epoch, layer, asdict(found))
        parameters = self.subject.summary["parameters"]
        parameters["embedding"] = found.parameters
        parameters.setdefault("maps", {})[str(layer)] = found.parameters

    def close(self) -> None:
        """Begin no more maps; what is done is kept."""
        if self.maps is not None:
            self.maps.close()

    def learn(self) -> Iterator[float]:
        """What the rule did at this epoch, on training images alone."""
        m, seed, config = self.material, self.seed, self.subject.config
        learner = load_learner(self.run, self.epoch)
        found = yield from plasticity(config, *learner, m.images, m.taught, seed, self.device)
        for layer, arrays in found.items():
            self.results.write("learning", self.epoch, layer + 1, arrays)
        self.subject.summary["definitions"] |= definitions(config, len(m.taught), m.side, seed)
        self.subject.summary["parameters"]["learning"] = {"seed": seed}

    def predict(self) -> Iterator[float]:
        """What the rule's matrices say of each unit, and what it then answers, on test images."""
        m, seed = self.material, self.seed
        learner, devices = load_learner(self.run, self.epoch), (self.device, self.exact)
        batch = cost.batch(self.network, m, self.device.type)
        found = yield from predicted(*learner, m, seed, devices, batch)
        for layer, arrays in found.items():
            self.results.write("predictions", self.epoch, layer + 1, arrays)
        self.subject.summary["definitions"]["predictions"] = of_predictions(m, seed)
        self.subject.summary["parameters"]["predictions"] = {"seed": seed}

    def tune(self) -> Iterator[float]:
        """How every unit answers to gratings at the middle patch of its layer."""
        m = self.material
        encoder = load_encoder(self.run, self.epoch).to(self.device)
        side = PATCH if m.sees == "patches" else m.side  # patches are seen each by itself
        batch = cost.batch(self.network, m, self.device.type)
        found = yield from answers(encoder, side, m.colour, self.device, batch)
        for n, responses in zip(self.layers, found, strict=True):
            self.results.write("tuning", self.epoch, n, tuning(responses))
        self.subject.summary["definitions"]["tuning"] = definition(m.colour)

    def stored(self, layer: int, split: str) -> np.ndarray:
        return self.results.features(self.epoch, layer, split)
