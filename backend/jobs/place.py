"""Put images that were not analysed on the maps of an epoch that was."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from backend.analysis import cost
from backend.analysis.activity import Layers, activity, encoder_layers, pixels
from backend.analysis.material import Material
from backend.analysis.placing import placed
from backend.jobs.analyse import config_of
from backend.runs.remade import Features, Remade
from backend.runs.results import Results
from models.checkpoint import load_encoder, opened
from models.data import Dataset
from models.device import pick_device
from models.errors import RunError
from models.imported import Imported
from models.presets import ENCODERS
from models.training import ARITHMETIC

SAME = ("dataset", "split", "n_test", "fingerprint")


Tell = Callable[[int, int], None]  # so many of so many are done


def place(
    run: Path,
    dataset: Dataset,
    epoch: int,
    pictures: np.ndarray,
    home: Path,
    device: str = "auto",
) -> dict[int, np.ndarray]:
    """Places of pictures, uint8 [m, 3, height, width], on the map of each layer: float32 [m, 2].

    dataset: the images that the maps show. Their features are taken from the run's directory, or
    made again where none are kept, once in a home folder. Raises CheckpointError, DataError or
    RunError.
    """
    looking = Looking(run, dataset, epoch, home, device)
    known, new = looking.known(), looking.features(pictures, np.arange(len(pictures)))
    seed, exact = looking.summary["settings"]["seed"], looking.exact
    return {
        n: placed(known[n], looking.map(n), features, seed, exact) for n, features in new.items()
    }


class Looking:
    """The encoder of an analysed epoch, its maps, and the images that they show."""

    def __init__(self, run: Path, dataset: Dataset, epoch: int, home: Path, device: str) -> None:
        self.run, self.epoch, self.results = run, epoch, Results(run)
        self.remade = Remade(home)
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

    def known(self, tell: Tell | None = None) -> Features:
        """Features of the images on the maps, by layer: [n, feature]."""
        m, layers = self.material, range(1, len(self.material.sites))
        kept = {n: self.results.features(self.epoch, n, "test") for n in layers}
        if any(features is None for features in kept.values()):
            kept = self.remade.once(
                self.run.name,
                self.epoch,
                self.causes(),
                lambda: self.encoded(m.images, m.test, tell),
            )
        return self.pixels(m.images, m.test) | kept

    def causes(self) -> tuple:
        """All that the features of the images on the maps follow from."""
        m, files = self.material, opened(self.run, self.epoch).files
        images = m.fingerprint, m.split, m.crop, m.colour, m.sees
        return *images, sorted(files.items()), self.device.type, ARITHMETIC

    def features(self, images: np.ndarray, ids: np.ndarray) -> Features:
        """Features of some images, by layer, from 0."""
        return self.pixels(images, ids) | self.encoded(images, ids)

    def pixels(self, images: np.ndarray, ids: np.ndarray) -> Features:
        return {0: self.through(pixels, images, ids)[0]}

    def encoded(self, images: np.ndarray, ids: np.ndarray, tell: Tell | None = None) -> Features:
        return dict(enumerate(self.through(encoder_layers(self.encoder), images, ids, tell), 1))

    def through(
        self, layers: Layers, images: np.ndarray, ids: np.ndarray, tell: Tell | None = None
    ) -> list[np.ndarray]:
        """The features that some layers give for some images, each [n, feature]."""
        m, parts = self.material, []
        for batch in activity(layers, images, ids, m.crop, m.colour, self.device, self.batch):
            parts.append([answer.features for answer in batch.answers])
            if tell:
                tell(batch.rows.stop, len(ids))
        return [np.concatenate(layer) for layer in zip(*parts, strict=True)]
