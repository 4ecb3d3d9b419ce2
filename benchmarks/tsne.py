"""Six maps of an encoder's layers beside scikit-learn's t-SNE: time, trustworthiness, likeness.

The shipped demo's encoder on the test images of `--data` (default: all 2,800 of `photos`; give an
STL-10 pack or root for 8,000). Maps are made as an analysis makes them, several at once from one
start. Trustworthiness (Venna and Kaski 2001, k = 12) is that of each layer's map on at most 3,000
images drawn with seed 0, beside scikit-learn's map of the same layer; displacement the mean
distance of an image between neighbouring layers' maps, each of unit root mean square radius.
"""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from backend.analysis.embedding import PERPLEXITY, Embedding, embeddings, shared_start
from backend.analysis.machine import cores
from benchmarks.record import Row, figure, parsed, parser, told
from models.checkpoint import load_encoder
from models.data import load
from models.data.views import centre_views
from models.device import pick_device

DEMO = Path(__file__).resolve().parents[1] / "models" / "pretrained" / "clapp-photos"
JUDGED, NEIGHBOURS = 3000, 12
WARM = 500  # images of a first round that is not timed


def features(data: str, most: int, home: Path) -> tuple[list[np.ndarray], np.ndarray]:
    """Image features of layers 1 to 6, [n, unit] each, and the shared start of their maps."""
    encoder = load_encoder(DEMO, max(int(p.name[6:]) for p in (DEMO / "checkpoints").iterdir()))
    dataset = load(data, home)
    ids = np.arange(len(dataset.images)) if data == "photos" else dataset.indices("test")
    ids = np.random.default_rng(0).permutation(ids)[:most]

    def views() -> Iterator[torch.Tensor]:
        for start in range(0, len(ids), 64):
            pictures = dataset.images[ids[start : start + 64]]
            yield centre_views(torch.from_numpy(np.ascontiguousarray(pictures)))

    with torch.inference_mode():
        parts = [[z.mean((2, 3)).numpy() for z in encoder(part)] for part in views()]
        start = shared_start(views())
    return [np.concatenate(layer) for layer in zip(*parts, strict=True)], start


def maps(layers: list[np.ndarray], start: np.ndarray | None) -> list[Embedding]:
    return [*embeddings(layers, PERPLEXITY["default"], 0, pick_device("auto"), start)]


def flat(found: Embedding) -> np.ndarray:
    return np.stack([found.x, found.y], 1)


def displacement(found: list[Embedding]) -> float:
    sized = [xy / np.sqrt((xy**2).sum(1).mean()) for xy in map(flat, found)]
    pairs = zip(sized, sized[1:], strict=False)
    return float(np.mean([np.linalg.norm(a - b, axis=1).mean() for a, b in pairs]))


def rows(data: str, most: int, runs: int) -> Iterator[Row]:
    from sklearn.manifold import TSNE, trustworthiness

    with tempfile.TemporaryDirectory() as home:
        layers, start = features(data, most, Path(home))
    n, seconds, found = len(start), [], []
    maps([x[:WARM] for x in layers], start[:WARM])  # a GPU's first use takes seconds
    for _ in range(runs):
        begun = time.perf_counter()
        found = maps(layers, start)
        seconds.append(time.perf_counter() - begun)
    yield figure(f"six maps of {n:,} images", seconds, "s", "<= 60 for 8,000")
    yield figure("displacement, one start", [displacement(found)], "of the radius")
    yield figure("displacement, own starts", [displacement(maps(layers, None))], "of the radius")
    yield figure(
        "neighbours kept, mean of six layers",
        [100 * np.mean([each.kept_neighbours for each in found])],
        "per cent",
    )

    judged = np.random.default_rng(0).permutation(n)[:JUDGED]
    seconds = []
    for number, (x, ours) in enumerate(zip(layers, found, strict=True), 1):
        begun = time.perf_counter()
        tsne = TSNE(perplexity=PERPLEXITY["default"], random_state=0, n_jobs=cores())
        theirs = tsne.fit_transform(x)
        seconds.append(time.perf_counter() - begun)
        for who, xy in (("", flat(ours)), (", scikit-learn", theirs)):
            kept = trustworthiness(x[judged], xy[judged], n_neighbors=NEIGHBOURS)
            goal = None if who else "within 0.005 of scikit-learn's"
            yield figure(f"trustworthiness, layer {number}{who}", [kept], "of 1", goal)
    yield figure(f"one map of {n:,} by scikit-learn, each of six layers", seconds, "s")


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--data", default="photos", metavar="SPEC")
    options.add_argument("--images", type=int, default=8000, help="at most (default: 8000)")
    given = parsed(options)
    told("tsne", rows(given.data, given.images, given.runs), given)


if __name__ == "__main__":
    main()
