"""Which images, and which patches, are alike to a layer?"""

import numpy as np
import torch
from torch import Tensor

from backend.analysis.scale import Scale

IMAGES, PATCHES = 12, 8
SPARE = 8  # candidates beyond those asked for, so that rounding cannot lose one
BLOCK_BYTES = 2**24
MOST = 10_000  # images of a larger set that stand for it where every pair would be too many
METRIC = "Euclidean distance of standardised image features"
DEFINITION = (
    "Images: the 12 nearest of the {n_test} {split} images by Euclidean distance of their "
    "features, each feature standardised over them. Patches: to the patch {middle} "
    "of an image, the 8 nearest by Euclidean distance of the patch vectors among the "
    "{lattice}patches in rows and columns {lines} of {others}, at most one an image (the"
    " input: of the 16 x 16 pixels)."
)


def nearest_images(
    features: np.ndarray, count: int = IMAGES, device: torch.device | str = "cpu"
) -> tuple[np.ndarray, np.ndarray]:
    """The nearest other rows of image features [n, feature], standardised.

    Returns row numbers int32 and distances float32 [n, count], nearest first; fewer if n is small.
    """
    return nearest(Scale.of(features).apply(features), count, device)


def drawn(n: int) -> np.ndarray:
    """Rows of MOST of n images, drawn with seed 0, ascending; all of fewer."""
    return np.sort(np.random.default_rng(0).permutation(n)[:MOST])


def nearest_to(
    features: np.ndarray, asking: np.ndarray, count: int = IMAGES
) -> tuple[np.ndarray, np.ndarray]:
    """The rows of image features [n, feature] nearest to another image's [feature].

    Standardised over the rows, as `nearest_images` does it. Returns row numbers and distances.
    """
    scale = Scale.of(features)
    known, asking = scale.apply(features), scale.apply(asking[None])[0]
    squares = [
        np.square(known[rows] - asking).sum(1, dtype=np.float64)
        for rows in blocks(len(known), 8 * known.shape[1])
    ]
    far = np.sqrt(np.concatenate(squares))
    rows = np.argsort(far, kind="stable")[:count]
    return rows, far[rows]


def nearest_patches(
    lattice: np.ndarray, middle: int, count: int = PATCHES, device: torch.device | str = "cpu"
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """To one patch of every image, the nearest patches of other images, at most one an image.

    lattice: float32 [n, place, feature], may be a memory map; middle: the place that asks. The
    other images are those `drawn`. Returns row numbers int32, places int32 and distances float32
    [n, count], nearest first.
    """
    n, places, width = lattice.shape
    shown = drawn(n)
    own = np.full(n, -1)
    own[shown] = np.arange(len(shown))
    own, count = torch.from_numpy(own).to(device), min(count, len(shown) - 1)
    candidates, asking = (
        torch.from_numpy(np.array(part)).to(device) for part in (lattice[shown], lattice[:, middle])
    )
    mean = candidates.flatten(0, 1).mean(0)  # near 0, squares in a product lose few digits
    candidates, asking = candidates.sub_(mean).transpose(0, 1).contiguous(), asking.sub_(mean)
    # Small arrays that stay between large ones that go would leave holes in memory.
    found = np.empty((n, count)), *np.empty((2, n, count), np.int64)
    for rows in blocks(n, len(shown) * 4, (count + SPARE) * width * 8):
        least, place = nearest_place(asking[rows], candidates)  # [block, shown image]
        image = shortlist(least, own[rows], count)  # [block, candidate]
        place = place.gather(1, image).long()
        distance = exact(asking[rows], candidates[place, image])
        for array, part in zip(found, ranked(distance, image, count, place), strict=True):
            array[rows] = part
    distance, image, place = found
    image = shown[image].astype(np.int32)
    return image, place.astype(np.int32), distance.astype(np.float32)


def nearest_place(asking: Tensor, candidates: Tensor) -> tuple[Tensor, Tensor]:
    """The nearest of each image's patches to each asking patch, and at which place it is.

    asking: [block, feature]; candidates: [place, n, feature]. The squared distances [block, n]
    lack the asking patch's own square, which changes no order.
    """
    least = torch.full((len(asking), candidates.shape[1]), torch.inf, device=asking.device)
    place = torch.zeros_like(least, dtype=torch.uint8)
    for number, points in enumerate(candidates):
        far = torch.addmm((points**2).sum(1), asking, points.T, alpha=-2)
        place.masked_fill_(far < least, number)
        torch.minimum(least, far, out=least)
    return least, place


def nearest(
    points: np.ndarray,
    count: int,
    device: torch.device | str = "cpu",
    asked: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """The nearest other points of each of [n, dimension], by brute force, a block at a time.

    asked: rows [m] whose nearest are sought (default: all). A matrix product finds candidates;
    their distances are then taken in double precision. Equal distances are ordered by row number.
    Returns row numbers int32, distances float32 [m, count].
    """
    n, width = points.shape
    count = min(count, n - 1)
    points = centred(points, device)
    squares = (points**2).sum(1)
    asking = torch.from_numpy(np.arange(n) if asked is None else asked).to(device)
    distance, nearby = np.empty((len(asking), count)), np.empty((len(asking), count), np.int64)
    for part in blocks(len(asking), n * points.element_size(), (count + SPARE) * width * 8):
        own = asking[part]
        far = torch.addmm(squares, points[own], points.T, alpha=-2)  # [block, n], less own square
        row = shortlist(far, own, count)
        distance[part], nearby[part] = ranked(exact(points[own], points[row]), row, count)
    return nearby.astype(np.int32), distance.astype(np.float32)


def centred(points: np.ndarray, device: torch.device | str) -> Tensor:
    """A copy with mean 0, so that the squares in a matrix product lose few digits."""
    copy = torch.from_numpy(np.array(points)).to(device)
    return copy.sub_(copy.mean(0))


def blocks(n: int, *row_bytes: int) -> list[slice]:
    """Rows in pieces whose largest array stays near BLOCK_BYTES."""
    size = max(1, BLOCK_BYTES // max(row_bytes))
    return [slice(start, min(start + size, n)) for start in range(0, n, size)]


def shortlist(far: Tensor, own: Tensor, count: int) -> Tensor:
    """Columns of the least entries of far [block, n]; own [block]: a column to leave out, or -1."""
    rows = (own >= 0).nonzero().squeeze(1)
    far[rows, own[rows]] = torch.inf
    size = min(count + SPARE, far.shape[1] - 1)
    return far.topk(size, largest=False, sorted=False).indices


def exact(points: Tensor, others: Tensor) -> Tensor:
    """Distances of [block, dimension] to [block, candidate, dimension], in double precision."""
    return (others - points[:, None]).double().square_().sum(2).sqrt_()


def ranked(distance: Tensor, row: Tensor, count: int, *along: Tensor) -> tuple[np.ndarray, ...]:
    """The first `count` candidates by (distance, row), as arrays."""
    parts = [part.cpu().numpy() for part in (distance, row, *along)]
    order = np.lexsort((parts[1], parts[0]))[:, :count]
    return tuple(np.take_along_axis(part, order, 1) for part in parts)
