"""Is an image of the class that most of its nearest training images have?"""

import numpy as np
import torch

from backend.analysis.neighbours import SPARE, blocks, exact, ranked
from backend.analysis.scale import Scale

K = 20  # training images that vote
DEFINITION = (
    "Neighbours: a test image is given the class that most of the {k} nearest of the {n_train} "
    "labelled training images have, by Euclidean distance of image features of the central crop, "
    "each standardised by the training images; of classes with as many votes, the one with the "
    "nearest image. Share of {n_labelled} test images that are right; interval: Wilson, 95 %."
)


def voted(
    train: np.ndarray,
    train_labels: np.ndarray,
    test: np.ndarray,
    k: int = K,
    device: torch.device | str = "cpu",
) -> np.ndarray:
    """The class that the k nearest rows of train [n, feature] give each row of test: int [n]."""
    scale, k = Scale.of(train), min(k, len(train))
    known, asking = (torch.from_numpy(scale.apply(x)).to(device) for x in (train, test))
    squares, width = (known**2).sum(1), known.shape[1]
    found = np.empty((len(asking), k), np.int64)
    for rows in blocks(len(asking), len(known) * known.element_size()):
        far = torch.addmm(squares, asking[rows], known.T, alpha=-2)  # [block, n], less own square
        near = far.topk(min(k + SPARE, len(known)), largest=False, sorted=False).indices
        for part in blocks(len(near), near.shape[1] * width * 8):
            distance = exact(asking[rows][part], known[near[part]])
            found[rows][part] = ranked(distance, near[part], k)[1]
    return majority(train_labels[found])


def majority(labels: np.ndarray) -> np.ndarray:
    """The commonest of the labels int [n, k], nearest first; of equals the one that comes first."""
    n, k = labels.shape
    votes = np.zeros((n, labels.max() + 1), np.int64)
    first = np.full_like(votes, k)
    every = np.arange(n)
    for place in range(k - 1, -1, -1):
        np.add.at(votes, (every, labels[:, place]), 1)
        first[every, labels[:, place]] = place
    return (votes * (k + 1) - first).argmax(1)
