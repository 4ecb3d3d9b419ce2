"""Nearest images and patches against distances taken one pair at a time."""

import numpy as np
import pytest
import torch

from backend.analysis import neighbours
from backend.analysis.neighbours import nearest, nearest_images, nearest_patches


def points(n: int = 90, width: int = 7, seed: int = 0) -> np.ndarray:
    draw = np.random.default_rng(seed)
    return (100 + draw.normal(0, draw.uniform(0.1, 5, width), (n, width))).astype(np.float32)


def by_hand(x: np.ndarray, count: int):
    """Row numbers and distances of the nearest other rows, in double precision."""
    x = x.astype(float)
    rows, distances = [], []
    for i in range(len(x)):
        d = np.sqrt(((x - x[i]) ** 2).sum(1))
        order = [j for j in np.argsort(d, kind="stable") if j != i][:count]
        rows.append(order)
        distances.append(d[order])
    return np.array(rows), np.array(distances)


def test_nearest_are_those_of_all_pairs():
    rows, distances = nearest(points(), 12)
    wanted_rows, wanted_distances = by_hand(points(), 12)
    assert (rows == wanted_rows).all()
    assert distances == pytest.approx(wanted_distances, rel=1e-5)


def test_the_size_of_a_block_changes_nothing(monkeypatch):
    whole = nearest(points(), 12)
    monkeypatch.setattr(neighbours, "BLOCK_BYTES", 2000)
    pieces = nearest(points(), 12)
    assert all((a == b).all() for a, b in zip(whole, pieces, strict=True))


def test_images_are_compared_in_standardised_features():
    x = points()
    x[:, 3] *= 1000
    x[:, 5] = 4
    rows, distances = nearest_images(x)
    deviation = np.where(np.arange(7) == 5, 1, x.std(0, dtype=float))
    wanted_rows, wanted_distances = by_hand((x - x.mean(0, dtype=float)) / deviation, 12)
    assert (rows == wanted_rows).mean() > 0.99  # single precision may swap two that are alike
    assert distances == pytest.approx(wanted_distances, rel=1e-4)


def test_identical_images_are_at_distance_0():
    x = points()
    x[40] = x[3]
    rows, distances = nearest_images(x)
    assert rows[40, 0] == 3 and rows[3, 0] == 40
    assert distances[40, 0] == 0


def test_images_that_are_equally_far_come_by_their_number():
    x = np.tile(points(9), (10, 1))
    rows, distances = nearest_images(x, 9)
    assert (distances == 0).all()
    assert all(rows[i].tolist() == [j for j in range(i % 9, 90, 9) if j != i] for i in range(90))


def test_fewer_images_than_asked_for():
    rows, distances = nearest_images(points(5))
    assert rows.shape == distances.shape == (5, 4)
    assert all(set(others) == set(range(5)) - {i} for i, others in enumerate(rows))


def test_nearest_patches_are_those_of_all_pairs_at_most_one_an_image():
    draw = np.random.default_rng(4)
    lattice = draw.normal(3, 1, (40, 9, 5)).astype(np.float32)
    image, place, distance = nearest_patches(lattice, middle=4)
    for i in range(len(lattice)):
        d = np.sqrt(((lattice.astype(float) - lattice[i, 4].astype(float)) ** 2).sum(2))
        d[i] = np.inf
        wanted = np.argsort(d.min(1))[:8]
        assert image[i].tolist() == wanted.tolist()
        assert place[i].tolist() == d.argmin(1)[wanted].tolist()
        assert distance[i] == pytest.approx(d.min(1)[wanted], rel=1e-5)


def test_patches_of_many_images_are_sought_among_those_drawn(monkeypatch):
    draw = np.random.default_rng(4)
    lattice = draw.normal(3, 1, (40, 9, 5)).astype(np.float32)
    monkeypatch.setattr(neighbours, "MOST", 12)
    shown = neighbours.drawn(40)
    assert len(shown) == 12 and (np.diff(shown) > 0).all()
    image, place, distance = nearest_patches(lattice, middle=4)
    for i in range(len(lattice)):
        d = np.sqrt(((lattice.astype(float) - lattice[i, 4].astype(float)) ** 2).sum(2))
        d[i] = np.inf
        wanted = sorted(shown, key=d.min(1).__getitem__)[:8]
        assert image[i].tolist() == wanted
        assert place[i].tolist() == d.argmin(1)[wanted].tolist()
        assert distance[i] == pytest.approx(d.min(1)[wanted], rel=1e-5)


def test_the_nearest_of_some_rows_are_those_of_all():
    rows, distances = nearest(points(), 12)
    asked = np.array([3, 80, 41])
    some_rows, some_distances = nearest(points(), 12, asked=asked)
    assert (some_rows == rows[asked]).all() and (some_distances == distances[asked]).all()


@pytest.mark.gpu
def test_cuda_finds_the_same_neighbours_as_the_processor():
    x = points(2000, 256)
    here, there = nearest_images(x), nearest_images(x, device="cuda")
    assert (here[0] == there[0]).mean() > 0.999
    assert there[1] == pytest.approx(here[1], rel=1e-3)
    lattice = torch.rand(500, 9, 64).numpy()
    here, there = nearest_patches(lattice, 4), nearest_patches(lattice, 4, device="cuda")
    assert (here[0] == there[0]).mean() > 0.999
