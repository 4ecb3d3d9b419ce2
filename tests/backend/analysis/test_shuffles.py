"""The band of d' under shuffled labels, against shuffling one unit and one deal at a time."""

import numpy as np
import pytest

from backend.analysis import shuffles
from backend.analysis.selectivity import selectivity
from backend.analysis.shuffles import dealt, dprimes, shuffled


def planted(images: int = 300, units: int = 140, classes: int = 4):
    """Sparse responses, more units than a block holds; unit 0 prefers class 2, 1 and 2 are flat."""
    draw = np.random.default_rng(3)
    labels = draw.integers(-1, classes, images).astype(np.int16)
    r = np.maximum(draw.normal(-1, 1, (images, units)), 0).astype(np.float32) * 1e3
    r[:, 0] += 5e3 * (labels == 2)
    r[:, 1], r[:, 2] = 0, 0.1
    return r, labels


def test_every_dprime_is_that_of_the_shuffled_labels_by_the_definition(monkeypatch):
    monkeypatch.setattr(shuffles, "COLUMNS", 12)  # three deals of four classes at a time
    r, labels = planted()
    known = labels >= 0
    deals = dealt(labels[known], 7, 20)
    found = dprimes(r[known], deals, 4)
    for deal, order in enumerate(deals):
        wanted = selectivity(r[known], order, 4)["dprime"]
        assert found[:, deal] == pytest.approx(wanted, abs=2e-4)
    assert all(sorted(order) == sorted(labels[known]) for order in deals)
    assert len({order.tobytes() for order in deals}) == 20


def test_the_band_holds_the_middle_of_the_shuffles_and_the_null_the_greatest():
    r, labels = planted()
    found = shuffled(r, labels, 4, seed=7, shuffles=20)
    known = labels >= 0
    each = [selectivity(r[known], o, 4)["dprime"] for o in dealt(labels[known], 7, 20)]
    each = np.stack(each)  # [shuffle, unit, class]
    assert found["null_low"] == pytest.approx(np.percentile(each, 2.5, axis=0), abs=2e-4)
    assert found["null_high"] == pytest.approx(np.percentile(each, 97.5, axis=0), abs=2e-4)
    assert found["null_best"] == pytest.approx(np.percentile(each.max(2), 95, axis=0), abs=2e-4)


def test_noise_has_the_band_of_theory_and_a_planted_preference_leaves_it():
    draw = np.random.default_rng(0)
    labels = np.repeat(np.arange(10), 80).astype(np.int16)
    r = draw.normal(5, 2, (800, 60)).astype(np.float32)
    r[:, 0] += 3 * (labels == 4)
    found, real = shuffled(r, labels, 10, seed=0), selectivity(r, labels, 10)["dprime"]
    theory = 1.96 * np.sqrt(1 / 80 + 1 / 720)
    assert found["null_high"].mean() == pytest.approx(theory, rel=0.05)
    assert found["null_low"].mean() == pytest.approx(-theory, rel=0.05)
    inside = (real[1:] >= found["null_low"][1:]) & (real[1:] <= found["null_high"][1:])
    assert 0.9 < inside.mean() < 0.98
    beyond = real.max(1) > found["null_best"]
    assert beyond[0] and beyond[1:].mean() < 0.12


def test_units_that_do_not_vary_have_a_band_of_no_width_and_labels_are_needed():
    r, labels = planted()
    found = shuffled(r, labels, 6, seed=0, shuffles=10)
    for unit in (1, 2):
        assert not found["null_low"][unit].any() and not found["null_high"][unit].any()
        assert found["null_best"][unit] == 0
    assert not found["null_high"][:, 4:].any()  # classes without images
    assert all(np.isfinite(values).all() for values in found.values())
    assert shuffled(r, np.full(len(r), -1), 0, seed=0) == {}
    assert shuffled(r, np.zeros(len(r), int), 1, seed=0) == {}


def test_few_images_of_which_one_is_alone_in_its_class_have_the_band_of_the_definition():
    draw = np.random.default_rng(4)
    labels = np.repeat(np.arange(5), 2).astype(np.int16)
    labels[1] = 1
    r = np.maximum(draw.normal(-1, 1, (10, 400)), 0).astype(np.float32)
    found = shuffled(r, labels, 5, seed=7, shuffles=20)
    each = np.stack([selectivity(r, o, 5)["dprime"] for o in dealt(labels, 7, 20)])
    assert np.abs(each).max() < 1000
    assert found["null_high"] == pytest.approx(
        np.percentile(each, 97.5, axis=0), rel=1e-3, abs=1e-4
    )
    assert found["null_best"] == pytest.approx(
        np.percentile(each.max(2), 95, axis=0), rel=1e-3, abs=1e-4
    )


def test_the_same_seed_gives_the_same_band():
    r, labels = planted()
    first, again = (shuffled(r, labels, 4, seed=1, shuffles=10) for _ in range(2))
    assert all((first[name] == again[name]).all() for name in first)
