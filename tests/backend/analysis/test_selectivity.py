"""Class preference, sparseness and histograms against their definitions, one number at a time."""

import numpy as np
import pytest

from backend.analysis.selectivity import PatchHistogram, selectivity
from backend.runs.arrays import silent


def planted(images: int = 200, units: int = 300, classes: int = 4):
    """Image responses >= 0, more units than a block holds; unit 0 prefers class 2, 1 is silent."""
    draw = np.random.default_rng(3)
    labels = draw.integers(-1, classes, images).astype(np.int16)
    r = np.maximum(draw.normal(1, 1, (images, units)), 0).astype(np.float32)
    r[:, 0] += 5 * (labels == 2)
    r[:, 1] = 0
    return r, labels


def test_dprime_and_class_means_are_those_of_the_definition():
    r, labels = planted()
    found = selectivity(r, labels, 4)
    for unit in (0, 1, 2, 130, 299):
        for c in range(4):
            a, b = r[labels == c, unit], r[(labels >= 0) & (labels != c), unit]
            spread = np.sqrt((a.var(dtype=float) + b.var(dtype=float)) / 2)
            wanted = (a.mean(dtype=float) - b.mean(dtype=float)) / spread if spread else 0
            assert found["dprime"][unit, c] == pytest.approx(wanted, abs=1e-9)
            assert found["class_mean"][unit, c] == pytest.approx(a.mean(dtype=float), abs=1e-9)


def test_a_planted_preference_is_found():
    r, labels = planted()
    found = selectivity(r, labels, 4)
    assert found["best_class"][0] == 2
    assert found["dprime"][0, 2] > 3
    assert found["best_class"][1] == -1  # silent


def test_sparseness_is_that_of_vinje_and_gallant():
    r, labels = planted()
    found = selectivity(r, labels, 4)
    n = len(r)
    for unit in (0, 2, 299):
        activity = (sum(float(x) for x in r[:, unit]) / n) ** 2
        activity /= sum(float(x) ** 2 / n for x in r[:, unit])
        assert found["sparseness"][unit] == pytest.approx((1 - activity) / (1 - 1 / n), abs=1e-9)


def test_sparseness_is_0_for_the_same_answer_to_all_and_1_for_an_answer_to_one():
    r = np.zeros((50, 3), np.float32)
    r[:, 0], r[7, 1] = 2, 3
    assert selectivity(r, np.zeros(50, int), 1)["sparseness"] == pytest.approx([0, 1, 0])


def test_responses_below_zero_count_as_none_for_sparseness():
    r = np.array([[3, -3], [1, -1], [-5, 5], [-9, -9]], np.float32)
    # 3, 1, 0, 0: (1 - (4 / 4)^2 / (10 / 4)) / (1 - 1/4) = 0.8; the other answers to one image.
    assert selectivity(r, np.full(4, -1), 0)["sparseness"] == pytest.approx([0.8, 1])


def test_the_best_class_is_that_of_the_greatest_dprime_and_not_of_the_greatest_mean():
    r, labels = np.zeros((24, 1), np.float32), np.repeat([0, 1, 2], [2, 2, 20])
    r[:4, 0] = [0, 20, 8, 8]
    found = selectivity(r, labels, 3)
    assert found["class_mean"].tolist() == [[10, 8, 0]]
    assert found["best_class"].tolist() == [1]


@pytest.mark.parametrize("labels", [[-1] * 200, [-1] * 50 + [1] * 150])
def test_without_labels_of_two_classes_there_is_no_class_preference(labels):
    found = selectivity(planted()[0], np.array(labels), max(labels) + 1)
    assert set(found) == {"mean", "sparseness"}


def test_a_class_without_test_images_and_a_unit_that_does_not_vary_get_0():
    r, labels = planted()
    r[:, 5] = 0.1  # not a round number in binary: sums of its squares carry rounding errors
    found = selectivity(r, labels, 6)
    assert (found["dprime"][:, 4:] == 0).all() and (found["class_mean"][:, 4:] == 0).all()
    assert (found["dprime"][5] == 0).all() and (found["dprime"][1] == 0).all()
    assert all(np.isfinite(values).all() for values in found.values())


def test_a_unit_that_answers_to_the_only_image_of_a_class_alone_gets_0():
    r = np.zeros((109, 200), np.float32)
    labels = np.repeat(np.arange(1, 10), 12).astype(np.int16)
    labels = np.append(labels, 0)
    r[-1] = np.random.default_rng(0).lognormal(0, 3, 200)  # neither side varies
    r[:, 0] += np.random.default_rng(1).normal(0, 1, 109)
    found = selectivity(r, labels, 10)
    assert (found["dprime"][1:, 0] == 0).all()
    assert 0 < found["dprime"][:, 1:].max() < 5 and found["dprime"][0, 0] != 0


def patches(signed: bool):
    draw = np.random.default_rng(1)
    spread = np.tile([3, 0.02], 6)[:, None, None]
    z = draw.normal(0, spread, (40, 12, 3, 3)).astype(np.float32)
    z[:, 4] = 0
    z[:, 5] = 4 * (z[:, 5] > 0)  # on the edge of a range
    return z if signed else np.maximum(z, 0)


def histogram(z, signed: bool, batch: int = 40, order=None):
    collect = PatchHistogram(z.shape[1], signed)
    order = np.arange(len(z)) if order is None else order
    for start in range(0, len(z), batch):
        collect.add(z[order[start : start + batch]])
    return collect.result()


@pytest.mark.parametrize("signed", [False, True])
def test_histogram_counts_every_patch_between_its_edges(signed):
    z = patches(signed)
    found = histogram(z, signed, batch=7)
    for unit in range(z.shape[1]):
        values, edges = z[:, unit].ravel().astype(float), found["edges"][unit].astype(float)
        assert found["histogram"][unit].tolist() == np.histogram(values, edges)[0].tolist()
        assert found["histogram"][unit].sum() == len(values)
        assert found["maximum"][unit] == values.max()
        assert found["active"][unit] == pytest.approx((values > 0).mean())
        size = abs(values).max()
        assert edges[-1] == (2.0 ** np.ceil(np.log2(np.nextafter(size, 99))) if size else 1)
        assert edges[0] == (-edges[-1] if signed else 0)


@pytest.mark.parametrize("batch", [1, 13])
@pytest.mark.parametrize("signed", [False, True])
def test_neither_batch_size_nor_order_changes_a_histogram(signed, batch):
    z = patches(signed)
    usual = histogram(z, signed)
    mixed = histogram(z, signed, batch, np.random.default_rng(2).permutation(len(z)))
    assert all((usual[name] == mixed[name]).all() for name in usual)


@pytest.mark.parametrize("signed", [False, True])
def test_silent_is_a_unit_that_answers_0_to_all_and_not_one_that_answers_below(signed: bool):
    z = patches(signed)
    z[:, 3] = -np.abs(z[:, 3]) if signed else 0
    z[:, 7] = 0
    z[0, 7, 0, 0] = -1e-6 if signed else 1e-6
    still = silent(histogram(z, signed))
    assert np.flatnonzero(still).tolist() == ([4] if signed else [3, 4])
