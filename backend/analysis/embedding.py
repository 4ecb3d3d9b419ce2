"""How does a layer arrange the images, drawn in two dimensions, and how true is the drawing?"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional as F

from backend.analysis.directions import Components
from backend.analysis.neighbours import nearest

# The paper's figures use perplexity 50 (its published code, scikit-learn's other defaults).
PERPLEXITY = {"default": 30.0, "paper": 50.0, "least": 2.0, "most": 500.0}
COMPONENTS, KEPT, FEWEST = 50, 10, 12
EXAGGERATED, STEPS = 125, 250  # of gradient descent; twice as many kept neighbours no better
SPREAD = 1e-4  # standard deviation of the start along its first axis
GRAIN = 16  # pixels a side to which images are shrunk for the start
# Points from which gradients on a grid (Linderman 2019) are used: they beat Barnes and Hut's tree,
# but differ in the last bit from run to run, and descent makes much of it.
MANY = 10_000
DEFINITION = (
    "t-SNE of the features of {n_test} {split} images: up to {components} principal components, "
    "perplexity {perplexity:g}, seed {seed}, {exaggerated} steps of early exaggeration and {steps} "
    "more. Every layer and epoch starts from the same place, the first two principal components of "
    "the images shrunk to {grain} x {grain} pixels, so that maps can be compared. Neighbours "
    "kept: mean share of an image's {kept} nearest neighbours by Euclidean distance of the "
    "features as they are (not standardised, unlike the nearest images) that are among its {kept} "
    "nearest on the map."
)


@dataclass(frozen=True)
class Embedding:
    """A map, how it was made, and how well it keeps neighbours."""

    x: np.ndarray  # float32 [n]
    y: np.ndarray
    kept_neighbours: float  # share, 0..1
    parameters: dict


def embedding(
    features: np.ndarray,
    perplexity: float = PERPLEXITY["default"],
    seed: int = 0,
    jobs: int = 2,
    device: torch.device | str = "cpu",
    start: np.ndarray | None = None,
) -> Embedding:
    """t-SNE map of image features [n, feature] by openTSNE, the same for the same input.

    start: where the images begin [n, 2], up to its size; default: their own first two principal
    components. The perplexity is lowered to (n - 1) / 3 where there are few images; fewer than
    12, or images that do not differ, are drawn by their first two principal components.
    """
    n = len(features)
    points = principal(features, COMPONENTS, seed)
    kept = min(KEPT, n - 1)
    perplexity = possible(perplexity, n)
    drawable = n >= FEWEST and points[:, 0].std() > 0
    shared = start is not None and start[:, 0].std() > 0
    start = start if shared else first_two(points)
    flat = tsne(points, start, perplexity, seed, jobs, device) if drawable else first_two(points)
    parameters = {
        "method": "t-SNE" if drawable else "principal components",
        "perplexity": perplexity,
        "components": points.shape[1],
        "seed": seed,
        "kept": kept,
        "start": "pixels" if shared and drawable else "features",
    }
    share = kept_neighbours(features, flat, kept, device)
    return Embedding(*flat.T.astype(np.float32), share, parameters)


def possible(perplexity: float, n: int) -> float:
    """The perplexity that n images allow: three neighbours are looked at for each unit of it."""
    return min(perplexity, (n - 1) / 3)


def tsne(
    points: np.ndarray,
    start: np.ndarray,
    perplexity: float,
    seed: int,
    jobs: int,
    device: torch.device | str,
) -> np.ndarray:
    """Two coordinates of each of the points [n, component] from a start [n, 2], float64 [n, 2]."""
    from openTSNE import TSNE
    from openTSNE.affinity import PerplexityBasedNN
    from openTSNE.nearest_neighbors import PrecomputedNeighbors

    index, distance = nearest(points, int(3 * perplexity), device)
    affinities = PerplexityBasedNN(
        perplexity=perplexity,
        knn_index=PrecomputedNeighbors(index, distance.astype(np.float64)),
        n_jobs=jobs,
    )
    tsne = TSNE(
        random_state=seed,
        n_jobs=jobs,
        negative_gradient_method="fft" if len(points) >= MANY else "bh",
        early_exaggeration_iter=EXAGGERATED,
        n_iter=STEPS,
    )
    start = start / (start[:, 0].std() / SPREAD)
    return np.asarray(tsne.fit(affinities=affinities, initialization=start))


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
    """Mean share of the `count` nearest rows of features that are among the nearest of `flat`."""
    if not 0 < count < len(features):
        return 0.0
    before, _ = nearest(features, count, device)
    after, _ = nearest(flat, count, device)
    shared = (before[:, :, None] == after[:, None, :]).any(2)  # [n, count]
    return float(shared.mean())
