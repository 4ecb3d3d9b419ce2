"""How well can classes be read off a layer by a linear classifier?"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from backend.analysis.directions import leading
from backend.analysis.scale import Scale

PENALTIES = tuple(10.0**power for power in range(2, -6, -1))
PATIENCE = 2  # penalties in a row that are no better than the best before the search ends
HELD_OUT, STEPS, DIRECTIONS = 0.2, 1000, 100
DEFINITION = (
    "Multinomial logistic regression with an L2 penalty on the image features of the central crop, "
    "standardised by the training images. The penalty is a power of ten from 100 down to 1e-5, the "
    "best on a held-out 20 % of the {n_train} training images (seed {seed}; once one does better "
    "than always naming the commonest class, the search ends after two in a row that are no "
    "better); the classifier is then fitted to all of them and tested "
    "once on {n_labelled} test images. Interval: Wilson, 95 %. Chance: always naming the commonest "
    "class, {chance:.1%}. Confidence of an answer: the classifier's probability of the class it "
    "names less that of the next one, 0 to 1. Weights: of the standardised features."
)


@dataclass(frozen=True)
class Probe:
    """What one linear classifier gets right on the test images."""

    accuracy: float
    low: float  # of the 95 % interval
    high: float
    confusion: np.ndarray  # int32 [class, class], row = truth
    penalty: float
    n_train: int
    n_test: int
    predicted: np.ndarray | None = None  # int16 [n], the class named for each test image
    confidence: np.ndarray | None = None  # float32 [n], its probability less the next one's
    weights: np.ndarray | None = None  # float32 [class, feature], of standardised features


def probe(
    train: np.ndarray,
    train_labels: np.ndarray,
    test: np.ndarray,
    test_labels: np.ndarray,
    classes: int,
    seed: int = 0,
    device: torch.device | str = "cpu",
) -> Probe:
    """Fit to features train [n, feature] with labels int [n] in 0..classes-1, then test once.

    No test image has a part in any choice.
    """
    scale = Scale.of(train)

    def standardised(features: np.ndarray) -> Tensor:
        return torch.from_numpy(scale.apply(features)).to(device)

    x, labels = standardised(train), torch.from_numpy(train_labels.astype(np.int64)).to(device)
    mixed = torch.from_numpy(np.random.default_rng(seed).permutation(len(train))).to(device)
    held, kept = mixed.tensor_split([max(1, round(HELD_OUT * len(train)))])
    with one_thread():
        penalty = best_penalty(x[kept], labels[kept], x[held], labels[held], classes)
        fitted = next(classifiers(x, labels, classes, [penalty]))
        said, sure = answers(fitted, standardised(test))
    return replace(
        scored(said, test_labels, classes, len(train), penalty),
        predicted=said.astype(np.int16),
        confidence=sure,
        weights=fitted[0].cpu().numpy(),
    )


def scored(
    said: np.ndarray, truth: np.ndarray, classes: int, n_train: int, penalty: float = 0.0
) -> Probe:
    """What the answers `said` get right of the labels `truth`, both int [n]."""
    confusion = np.zeros((classes, classes), np.int32)
    np.add.at(confusion, (truth, said), 1)
    right = int(confusion.trace())
    low, high = wilson(right, len(truth))
    return Probe(right / len(truth), low, high, confusion, penalty, n_train, len(truth))


def best_penalty(x: Tensor, labels: Tensor, held: Tensor, truth: Tensor, classes: int) -> float:
    """The penalty with most right among the held-out images; the greatest such, if several.

    Under great penalties a classifier may name the commonest class alone: none better than that
    is no reason to end the search.
    """
    best, most, worse = PENALTIES[0], -1, 0
    always = int((truth == labels.mode().values).sum())
    for penalty, fitted in zip(PENALTIES, classifiers(x, labels, classes, PENALTIES), strict=True):
        right = int((predicted(fitted, held) == truth).sum())
        if right > most:
            best, most, worse = penalty, right, 0
        elif most > always:
            worse += 1
        if worse == PATIENCE:
            break
    return best


def predicted(fitted: tuple[Tensor, Tensor], x: Tensor) -> Tensor:
    """Class of each row of x [n, feature]: int [n]."""
    return F.linear(x, *fitted).argmax(1)


def answers(fitted: tuple[Tensor, Tensor], x: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """Class named for each row of x [n, feature], int [n], and how surely, float32 [n]."""
    odds = F.linear(x, *fitted).softmax(1)
    first, second = odds.topk(2).values.T
    return predicted(fitted, x).cpu().numpy(), (first - second).cpu().numpy()


def classifiers(
    x: Tensor, labels: Tensor, classes: int, penalties
) -> Iterator[tuple[Tensor, Tensor]]:
    """Weights [class, feature] and bias [class] for each penalty, started from the one before.

    x: standardised features [n, feature]. Minimises mean cross-entropy + penalty / 2 * sum of
    squared weights by L-BFGS. Image features vary a thousand times more in some directions than
    in others, so the steps are taken in `Directions`, where the loss is about as steep every way.
    """
    weights, bias = x.new_zeros(classes, x.shape[1]), x.new_zeros(classes)
    directions = Directions(x)
    for penalty in penalties:
        stretch = directions.stretch(penalty)
        inner = directions.apply(1 / stretch, weights).requires_grad_()
        free = bias.clone().requires_grad_()
        optimiser = torch.optim.LBFGS(
            [inner, free],
            max_iter=STEPS,
            history_size=10,
            tolerance_grad=1e-5,
            tolerance_change=1e-9,
            line_search_fn="strong_wolfe",
        )

        def loss(inner=inner, free=free, optimiser=optimiser, stretch=stretch, penalty=penalty):
            optimiser.zero_grad()
            w = directions.apply(stretch, inner)
            cost = F.cross_entropy(F.linear(x, w, free), labels) + penalty / 2 * w.square().sum()
            cost.backward()
            return cost

        optimiser.step(loss)
        weights, bias = directions.apply(stretch, inner).detach(), free.detach()
        yield weights, bias


class Directions:
    """The directions in which the rows of x [n, feature] vary most; the rest count as alike."""

    def __init__(self, x: Tensor) -> None:
        self.variance, self.axes = leading(x, DIRECTIONS)

    def stretch(self, penalty: float) -> Tensor:
        """One over the root of the steepness along each direction, [direction].

        A quarter of the variance stands for the curvature of the cross-entropy (at most a half).
        """
        return (self.variance / 4 + penalty) ** -0.5

    def apply(self, stretch: Tensor, weights: Tensor) -> Tensor:
        """weights [class, feature] stretched along each direction, and like the last elsewhere."""
        along = (weights @ self.axes) * (stretch - stretch[-1])  # [class, direction]
        return weights * stretch[-1] + along @ self.axes.T


@contextmanager
def one_thread() -> Iterator[None]:
    """The many small products of L-BFGS gain nothing from more, and lose much on a busy machine."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def wilson(right: int, n: int, z: float = 1.959964) -> tuple[float, float]:
    """95 % interval of a share of `right` in `n` (Wilson 1927)."""
    share = right / n
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return float(max(0.0, middle - half)), float(min(1.0, middle + half))
