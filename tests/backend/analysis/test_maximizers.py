"""The streaming top-k against a sort of everything."""

import numpy as np
import pytest

from backend.analysis.maximizers import Maximizers

GRID = 3


def responses(images: int = 60, units: int = 5, levels: int = 9, seed: int = 0):
    """Patch responses with many ties, some of them below zero, and one silent unit."""
    draw = np.random.default_rng(seed)
    z = draw.integers(-2, levels, (images, units, GRID, GRID)).astype(np.float32) / 4
    z[:, 0] = 0
    ids = np.sort(draw.permutation(1000)[:images]).astype(np.int32)
    return ids, z


def found(ids, z, batch: int = 7, order=None, seed: int = 0):
    collect = Maximizers(z.shape[1], ids, GRID, seed)
    order = np.arange(len(ids)) if order is None else order
    for start in range(0, len(ids), batch):
        rows = order[start : start + batch]
        collect.add(ids[rows], z[rows])
    return collect.result()


def ranking(ids, z, unit: int):
    """All images as (response, id, row, column), by response, then by id."""
    best = []
    for image, maps in zip(ids, z, strict=True):
        row, column = np.unravel_index(np.argmax(maps[unit]), (GRID, GRID))
        best.append((float(maps[unit, row, column]), int(image), int(row), int(column)))
    return sorted(best, key=lambda entry: (-entry[0], entry[1]))


def group(result, name: str, unit: int):
    parts = (result[f"{name}_{part}"][unit] for part in ("value", "image", "row", "column"))
    return [(float(v), int(i), int(r), int(c)) for v, i, r, c in zip(*parts, strict=True)]


def test_top_middle_and_least_are_those_of_a_sort_of_all_images():
    ids, z = responses()
    result = found(ids, z)
    for unit in range(z.shape[1]):
        ranked = ranking(ids, z, unit)
        assert group(result, "top", unit) == ranked[:16]
        assert group(result, "least", unit) == ranked[-4:]
        assert group(result, "middle", unit) == ranked[28:32]


def test_no_image_stands_twice_in_a_group():
    ids, z = responses()
    result = found(ids, z)
    for name in ("top", "middle", "random", "least"):
        for images in result[f"{name}_image"]:
            assert len(set(images)) == len(images)


def test_random_patches_carry_the_response_at_their_place():
    ids, z = responses()
    result = found(ids, z)
    for unit in range(z.shape[1]):
        for value, image, row, column in group(result, "random", unit):
            assert value == z[list(ids).index(image), unit, row, column]


def test_the_seed_draws_the_random_patches_and_nothing_else():
    ids, z = responses()
    one, same, other = found(ids, z), found(ids, z), found(ids, z, seed=1)
    assert all((one[name] == same[name]).all() for name in one)
    assert (one["random_image"] != other["random_image"]).any()
    assert (one["top_image"] == other["top_image"]).all()


def test_random_patches_and_the_sample_for_the_median_come_from_anywhere(monkeypatch):
    monkeypatch.setattr("backend.analysis.maximizers.SAMPLE", 20)
    ids = np.arange(60)
    collect = Maximizers(500, ids, GRID)
    assert (np.ptp(collect.random_image, axis=0) > 40).all()
    assert set(collect.random_image.flat) == set(ids)
    assert set(collect.random_place.flat) == set(range(GRID**2))
    assert 15 < collect.sample.mean() < 44


@pytest.mark.parametrize("batch", [1, 16, 60])
def test_neither_batch_size_nor_order_changes_anything(batch):
    ids, z = responses()
    usual = found(ids, z)
    mixed = found(ids, z, batch, np.random.default_rng(5).permutation(len(ids)))
    assert all((usual[name] == mixed[name]).all() for name in usual)


def test_fewer_images_than_patches_asked_for_give_shorter_groups():
    ids, z = responses(images=3)
    result = found(ids, z)
    assert result["top_image"].shape == (5, 3)
    assert result["least_image"].shape == result["middle_image"].shape == (5, 3)
    assert group(result, "top", 1) == ranking(ids, z, 1)


def test_the_median_of_many_images_is_that_of_a_drawn_sample(monkeypatch):
    monkeypatch.setattr("backend.analysis.maximizers.SAMPLE", 20)
    ids, z = responses()
    collect = Maximizers(z.shape[1], ids, GRID)
    collect.add(ids, z)
    drawn = np.isin(ids, collect.sample)
    assert drawn.sum() == 20
    ranked = ranking(ids[drawn], z[drawn], 2)
    assert group(collect.result(), "middle", 2) == ranked[8:12]


def test_negative_zero_ties_with_zero():
    z = np.array([0.0, -0.0, 0.0], np.float32).reshape(3, 1, 1, 1)
    collect = Maximizers(1, np.arange(3), 1)
    collect.add(np.arange(3), z)
    assert collect.result()["top_image"].tolist() == [[0, 1, 2]]
