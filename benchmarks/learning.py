"""Which settings make a small network learn soonest? (benchmarks/learning.md tells what was found.)

Each variant trains from the same seed for `--epochs`; no label and no test image has a part in it.
Then, for each layer: accuracy of a ridge classifier on standardised image features of the central
crop of at most 2,500 training images drawn with seed 0, five-fold cross-validated, its penalty
chosen within each fold (scikit-learn's RidgeClassifierCV); beside it the same before training, the
share of units that answer to any of these images, and the dimensions that the layer uses (the
exponential of the entropy of the spectrum of its correlation matrix).
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from benchmarks.record import Row, figure, parsed, parser, told
from models.config import TrainConfig
from models.data import Dataset, load
from models.data.views import centre_views
from models.device import keep_freed_memory
from models.train import train
from models.training import Training, begin

LOOKED_AT, FOLDS, BLOCK = 2500, 5, 50
PENALTIES = np.logspace(-1, 5, 13)
VARIANTS = {
    "as published, 2e-4": {},
    "1e-3": {"learning_rate": 1e-3},
    "1e-3, he": {"learning_rate": 1e-3, "init": "he"},
    "1e-3, identity": {"learning_rate": 1e-3, "w_init": "identity"},
    "1e-3, he, identity": {"learning_rate": 1e-3, "init": "he", "w_init": "identity"},
    "1e-3, he, identity, cosine": {
        "learning_rate": 1e-3,
        "init": "he",
        "w_init": "identity",
        "schedule": "cosine",
    },
}


def features(training: Training, images: np.ndarray) -> list[np.ndarray]:
    """Image features of each layer, [n, unit] each."""
    encoder, config, parts = training.encoder, training.config, []
    with torch.inference_mode():
        for start in range(0, len(images), BLOCK):
            block = torch.from_numpy(images[start : start + BLOCK]).to(training.weight.device)
            views = centre_views(block, config.crop, config.colour)
            parts.append([z.mean((2, 3)).cpu().numpy() for z in encoder(views)])
    return [np.concatenate(layer) for layer in zip(*parts, strict=True)]


def read_off(x: np.ndarray, labels: np.ndarray) -> float:
    """Cross-validated accuracy of a ridge classifier on features x [n, unit], per cent."""
    from sklearn.linear_model import RidgeClassifierCV
    from sklearn.model_selection import cross_val_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    classifier = make_pipeline(StandardScaler(), RidgeClassifierCV(PENALTIES))
    return 100 * cross_val_score(classifier, x, labels, cv=FOLDS).mean()


def dimensions(x: np.ndarray) -> float:
    """How many dimensions features [n, unit] use: exp of the entropy of their spectrum."""
    spread = np.linalg.eigvalsh(np.corrcoef(x[:, x.std(0) > 0].T.astype(np.float64))).clip(1e-12)
    share = spread / spread.sum()
    return float(np.exp(-(share * np.log(share)).sum()))


def of_layers(name: str, training: Training, images: np.ndarray, labels: np.ndarray):
    """One row a layer."""
    for layer, x in enumerate(features(training, images), start=1):
        alive, used = 100 * (x.max(0) > 0).mean(), dimensions(x)
        unit = f"% right; {alive:.0f} % of units answer, {used:.1f} dimensions"
        yield figure(f"{name}, layer {layer}", [read_off(x, labels)], unit)


def rows(data: Dataset, base: dict, names: list[str]) -> Iterator[Row]:
    keep_freed_memory()
    images, labels = data.training_images(), data.training_labels()
    drawn = np.sort(np.random.default_rng(0).permutation(len(images))[:LOOKED_AT])
    drawn = drawn[labels[drawn] >= 0]
    for init in ("uniform", "he"):
        start = begin(TrainConfig.from_dict(base | {"init": init}))
        yield from of_layers(f"untrained, {init}", start, images[drawn], labels[drawn])
    for name in names:
        config = TrainConfig.from_dict(base | VARIANTS[name])
        *_, last = train(config, images)
        yield from of_layers(name, last.training, images[drawn], labels[drawn])


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--data", default="photos", metavar="SPEC")
    options.add_argument("--rule", default="clapp-s")
    options.add_argument("--encoder", default="vgg6-tiny")
    options.add_argument("--epochs", type=int, default=2)
    options.add_argument("--variants", nargs="+", default=[*VARIANTS], choices=VARIANTS)
    given = parsed(options)
    base = {word: getattr(given, word) for word in ("data", "rule", "encoder", "epochs")}
    with tempfile.TemporaryDirectory() as home:
        data = load(given.data, Path(home))
        told("learning", rows(data, base, given.variants), given)


if __name__ == "__main__":
    main()
