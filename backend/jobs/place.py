"""Put images that were not analysed on the maps of an epoch that was."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from backend.analysis import cost
from backend.analysis.activity import Batch, activity, encoder_layers, pixels
from backend.analysis.material import Material
from backend.analysis.placing import placed
from backend.jobs.analyse import config_of
from backend.runs.results import Results
from models.checkpoint import load_encoder
from models.data import Dataset
from models.device import pick_device
from models.errors import RunError
from models.imported import Imported
from models.presets import ENCODERS

SAME = ("dataset", "split", "n_test", "fingerprint")


def place(
    run: Path, dataset: Dataset, epoch: int, pictures: np.ndarray, device: str = "auto"
) -> dict[int, np.ndarray]:
    """Places of pictures, uint8 [m, 3, height, width], on the map of each layer: float32 [m, 2].

    dataset: the images that the maps show. Their features are taken from the run's directory, or
    made again where none are kept. Raises CheckpointError, DataError or RunError.
    """
    looking = Looking(run, dataset, epoch, device)
    known, new = looking.known(), looking.features(pictures, np.arange(len(pictures)))
    seed, exact = looking.summary["settings"]["seed"], looking.exact
    return {
        n: placed(known[n], looking.map(n), features, seed, exact) for n, features in new.items()
    }


class Looking:
    """The encoder of an analysed epoch, its maps, and the images that they show."""

    def __init__(self, run: Path, dataset: Dataset, epoch: int, device: str) -> None:
        self.run, self.epoch, self.results = run, epoch, Results(run)
        self.summary = self.results.summary(epoch)
        config = config_of(run)
        self.material = Material.of(dataset, config)
        facts = self.material.facts() | {"dataset": dataset.key}
        names = [name for name in SAME if name in self.summary]  # the first runs had no fingerprint
        if any(self.summary[name] != facts[name] for name in names):
            raise RunError(
                f"the maps of run {run.name} show other images than {dataset.title} has; "
                f"name theirs ({self.summary['dataset']}), or analyse the run again"
            )
        self.device = pick_device(device)
        self.exact = self.device if self.device.type == "cuda" else "cpu"
        self.encoder = load_encoder(run, epoch).to(self.device)
        network = config if isinstance(config, Imported) else ENCODERS[config.encoder]
        self.batch = cost.batch(network, self.material, self.device.type)

    def map(self, layer: int) -> np.ndarray:
        """Places of the images on the map of a layer: float32 [n, 2]."""
        found = self.results.read("embedding", self.epoch, layer)
        return np.stack([found["x"], found["y"]], 1)

    def known(self) -> dict[int, np.ndarray]:
        """Features of the images on the maps, by layer: [n, feature]."""
        m, layers = self.material, range(1, len(self.material.sites))
        kept = {n: self.results.features(self.epoch, n, "test") for n in layers}
        if any(features is None for features in kept.values()):
            return self.features(m.images, m.test)
        return self.features(m.images, m.test, encoder=False) | kept

    def features(
        self, images: np.ndarray, ids: np.ndarray, encoder: bool = True
    ) -> dict[int, np.ndarray]:
        """Features of some images, by layer, from 0, the pixels; without the encoder these only."""
        parts = [[a.features for a in batch.answers] for batch in self.look(images, ids, encoder)]
        return {n: np.concatenate(layer) for n, layer in enumerate(zip(*parts, strict=True))}

    def look(self, images: np.ndarray, ids: np.ndarray, encoder: bool) -> Iterator[Batch]:
        m, upper = self.material, encoder_layers(self.encoder)
        layers = (lambda views: [*pixels(views), *upper(views)]) if encoder else pixels
        return activity(layers, images, ids, m.crop, m.colour, self.device, self.batch)
