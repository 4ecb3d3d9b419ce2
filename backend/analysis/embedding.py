"""How does a layer arrange the images, drawn in two dimensions, and how true is the drawing?"""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional as F

from backend.analysis.directions import Components
from backend.analysis.exact_tsne import at_once, exact_tsne
from backend.analysis.machine import cores
from backend.analysis.neighbours import drawn, nearest
from backend.analysis.scale import vary

# The paper's figures use perplexity 50 (its published code, scikit-learn's other defaults).
PERPLEXITY = {"default": 30.0, "paper": 50.0, "least": 2.0, "most": 500.0}
COMPONENTS, KEPT, FEWEST = 50, 10, 12
UNKNOWN = 255  # of an image whose neighbours were not asked for
EXAGGERATED, STEPS = 125, 250  # of gradient descent; twice as many kept neighbours no better
ANGLE = 0.8  # of Barnes and Hut's tree; 0.5, as usual, takes half as long again, no better
SPREAD = 1e-4  # standard deviation of the start along its first axis
GRAIN = 16  # pixels a side to which images are shrunk for the start
# Points from which gradients on a grid (Linderman 2019) are used: they beat Barnes and Hut's tree,
# but differ in the last bit from run to run, and descent makes much of it.
MANY = 10_000
DEFINITION = (
    "t-SNE of the features of {n_test} {split} images: up to {components} principal components, "
    "perplexity {perplexity:g}, seed {seed}, {exaggerated} steps of early exaggeration and {steps} "
    "more. Gradients are exact on a GPU; else by a tree (van der Maaten 2014, angle {angle:g}) or, "
    "from {many:,} images on, a grid (Linderman et al. 2019). Every layer and epoch starts from "
    "the same place, the first two principal components of the images shrunk to {grain} x {grain} "
    "pixels, so that maps can be compared. Neighbours kept: mean share of an image's {kept} "
    "nearest neighbours by Euclidean distance of the features as they are (not standardised, "
    "unlike the nearest images) that are among its {kept} nearest on the map{over}."
)


@dataclass(frozen=True)
class Embedding:
    """A map, how it was made, and how well it keeps neighbours."""

    x: np.ndarray  # float32 [n]
    y: np.ndarray
    kept_neighbours: float  # share, 0..1; NaN where none is nearest
    kept: np.ndarray  # uint8 [n], how many of its neighbours each image keeps; UNKNOWN: not asked
    parameters: dict


@dataclass(frozen=True)
class Sketch:
    """What a map is drawn from, and from where."""

    points: np.ndarray  # float32 [n, component], principal components of the features
    start: np.ndarray  # float64 [n, 2]
    perplexity: float
    drawable: bool  # there are enough images, and they differ
    parameters: dict

    @classmethod
    def of(
        cls, features: np.ndarray, perplexity: float, seed: int, start: np.ndarray | None
    ) -> "Sketch":
        n, points = len(features), principal(features, COMPONENTS, seed)
        perplexity, drawable = possible(perplexity, n), n >= FEWEST and vary(features)
        shared = start is not None and start[:, 0].std() > 0
        start = start if shared else first_two(points)
        parameters = {
            "method": "t-SNE" if drawable else "principal components",
            "perplexity": perplexity,
            "components": points.shape[1],
            "seed": seed,
            "kept": min(KEPT, n - 1),
            "start": "pixels" if shared and drawable else "features",
        }
        small = start / (start[:, 0].std() / SPREAD) if drawable else start
        return cls(points, small, perplexity, drawable, parameters)

    def drawn(
        self, features: np.ndarray, flat: np.ndarray, gradients: str, device: torch.device | str
    ) -> Embedding:
        """The map with these places [n, 2] and how well it keeps neighbours."""
        count = self.parameters["kept"]
        kept = kept_of_each(features, flat, count, device)
        told = {"gradients": gradients} | ({"angle": ANGLE} if gradients == "tree" else {})
        parameters = self.parameters | (told if self.drawable else {})
        return Embedding(*flat.T.astype(np.float32), share_of(kept, count), kept, parameters)


def embedding(
    features: np.ndarray,
    perplexity: float = PERPLEXITY["default"],
    seed: int = 0,
    jobs: int = 2,
    device: torch.device | str = "cpu",
    start: np.ndarray | None = None,
) -> Embedding:
    """t-SNE map of image features [n, feature] by openTSNE, up to MANY images the same each time.

    start: where the images begin [n, 2], up to its size; default: their own first two principal
    components. The perplexity is lowered to (n - 1) / 3 where there are few images; fewer than
    12, or images that do not differ, are drawn by their first two principal components.
    """
    sketch = Sketch.of(features, perplexity, seed, start)
    gradients = "grid" if len(features) >= MANY else "tree"
    flat = tsne(sketch, gradients, jobs, device) if sketch.drawable else first_two(sketch.points)
    return sketch.drawn(features, flat, gradients, device)


def embeddings(
    layers: Sequence[np.ndarray],
    perplexity: float,
    seed: int,
    device: torch.device | str,
    start: np.ndarray | None,
) -> Iterator[Embedding]:
    """The maps of several layers of the same images, in order.

    On CUDA they are exact, as many layers at once as its memory holds; elsewhere, and where it
    holds none, each is the work of one core.
    """
    size = at_once(len(layers[0]), device) if torch.device(device).type == "cuda" else 0
    if size:
        for first in range(0, len(layers), size):
            part = layers[first : first + size]
            sketches = [Sketch.of(x, perplexity, seed, start) for x in part]
            yield from exact(part, sketches, device)
        return
    pool = ThreadPoolExecutor(cores())
    try:
        yield from pool.map(lambda x: embedding(x, perplexity, seed, 1, device, start), layers)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def exact(
    layers: Sequence[np.ndarray], sketches: Sequence[Sketch], device: torch.device | str
) -> Iterator[Embedding]:
    """The maps of these layers by `exact_tsne`, all at once."""
    drawable = [sketch for sketch in sketches if sketch.drawable]
    flat = iter(())
    if drawable:
        places = max(sketch.points.shape[1] for sketch in drawable)
        points, starts = (
            torch.from_numpy(np.stack(parts)).to(device, torch.float32)
            for parts in (
                [np.pad(s.points, ((0, 0), (0, places - s.points.shape[1]))) for s in drawable],
                [sketch.start for sketch in drawable],
            )
        )
        found = exact_tsne(points, starts, drawable[0].perplexity, EXAGGERATED, STEPS)
        flat = iter(found.double().cpu().numpy())
    for sketch, features in zip(sketches, layers, strict=True):
        places = next(flat) if sketch.drawable else first_two(sketch.points)
        yield sketch.drawn(features, places, "exact", device)


def possible(perplexity: float, n: int) -> float:
    """The perplexity that n images allow: three neighbours are looked at for each unit of it."""
    return min(perplexity, (n - 1) / 3)


def tsne(sketch: Sketch, gradients: str, jobs: int, device: torch.device | str) -> np.ndarray:
    """Places by openTSNE, float64 [n, 2]; gradients: by a "tree" or on a "grid"."""
    from openTSNE import TSNE
    from openTSNE.affinity import PerplexityBasedNN
    from openTSNE.nearest_neighbors import PrecomputedNeighbors

    index, distance = nearest(sketch.points, int(3 * sketch.perplexity), device)
    affinities = PerplexityBasedNN(
        perplexity=sketch.perplexity,
        knn_index=PrecomputedNeighbors(index, distance.astype(np.float64)),
        n_jobs=jobs,
    )
    tsne = TSNE(
        random_state=sketch.parameters["seed"],
        n_jobs=jobs,
        negative_gradient_method={"tree": "bh", "grid": "fft"}[gradients],
        theta=ANGLE,
        early_exaggeration_iter=EXAGGERATED,
        n_iter=STEPS,
    )
    return np.asarray(tsne.fit(affinities=affinities, initialization=sketch.start))


def shared_start(views: Iterable[torch.Tensor], seed: int = 0) -> np.ndarray:
    """Where the maps of all layers begin: float64 [n, 2], from views [b, channel, h, w] of all
    images, as their first two principal components when they are shrunk to GRAIN pixels a side."""
    small = [F.adaptive_avg_pool2d(part, GRAIN).flatten(1) for part in views]
    return first_two(principal(torch.cat(small).numpy(), 2, seed))


def first_two(points: np.ndarray) -> np.ndarray:
    """The first two columns as float64 [n, 2], with zeros where there is but one."""
    flat = np.zeros((len(points), 2))
    flat[:, : points.shape[1]] = points[:, :2]
    return flat


def principal(features: np.ndarray, components: int, seed: int = 0) -> np.ndarray:
    """The first principal components of features [n, feature], float32 [n, component]."""
    return Components.of(features, components, seed).apply(features)


def kept_neighbours(
    features: np.ndarray, flat: np.ndarray, count: int = KEPT, device: torch.device | str = "cpu"
) -> float:
    """Mean share of the `count` nearest rows of features that are among the nearest of `flat`,
    over the rows `drawn`."""
    return share_of(kept_of_each(features, flat, count, device), count)


def kept_of_each(
    features: np.ndarray, flat: np.ndarray, count: int = KEPT, device: torch.device | str = "cpu"
) -> np.ndarray:
    """How many of the `count` nearest rows of features are among the nearest of `flat`: uint8 [n];
    UNKNOWN for rows that are not `drawn`, and where the features do not differ: none is nearest."""
    kept = np.full(len(features), UNKNOWN, np.uint8)
    asked = drawn(len(features))
    if not 0 < count < len(features) or not vary(features):
        return kept
    before, _ = nearest(features, count, device, asked)
    after, _ = nearest(flat, count, device, asked)
    kept[asked] = (before[:, :, None] == after[:, None, :]).any(2).sum(1)
    return kept


def share_of(kept: np.ndarray, count: int) -> float:
    """The mean share of `count` neighbours that are kept, over the rows asked; NaN without any."""
    known = kept[kept != UNKNOWN]
    return float(known.mean() / count) if len(known) else float("nan")
