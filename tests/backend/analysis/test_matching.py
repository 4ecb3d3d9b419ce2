"""Units find their partners, each once or each its best, and constant ones have none."""

from itertools import permutations

import numpy as np
import pytest

from backend.analysis.matching import best, correlation, one_to_one, shuffled


def test_r_is_that_of_a_loop_and_constant_units_are_left_out() -> None:
    draw = np.random.default_rng(0)
    x, y = draw.normal(5, 2, (30, 4)), draw.normal(size=(30, 3)).astype(np.float32)
    x[:, 1], y[:, 0] = 0.3, 7
    r, first, second = correlation(x, y)
    assert (first.tolist(), second.tolist()) == ([0, 2, 3], [1, 2])
    for i, u in enumerate(first):
        for j, v in enumerate(second):
            assert r[i, j] == pytest.approx(np.corrcoef(x[:, u], y[:, v])[0, 1], abs=1e-6)


def test_units_in_another_order_are_found_again() -> None:
    draw = np.random.default_rng(0)
    x = draw.normal(size=(100, 12))
    order = draw.permutation(12)
    y = 3 * x[:, order] + 1 + draw.normal(0, 0.1, (100, 12))
    found = one_to_one(*correlation(x, y))
    assert order[found.second].tolist() == found.first.tolist()
    assert found.mean > 0.99 and (np.diff(found.r) <= 0).all()
    by_chance = one_to_one(*correlation(x, y[shuffled(100, 0)]))
    assert by_chance.mean < 0.4


@pytest.mark.parametrize("width", [3, 5])
def test_no_other_pairing_without_repeats_has_a_greater_sum(width: int) -> None:
    draw = np.random.default_rng(1)
    r, *units = correlation(draw.normal(size=(20, 4)), draw.normal(size=(20, width)))
    small = r if len(r) <= width else r.T
    every = permutations(range(max(small.shape)), len(small))
    most = max(sum(small[i, j] for i, j in enumerate(columns)) for columns in every)
    found = one_to_one(r, *units)
    assert found.r.sum() == pytest.approx(most, abs=1e-5)
    assert len(set(found.second.tolist())) == len(found.second) == min(4, width)


def test_the_best_match_may_be_taken_twice() -> None:
    draw = np.random.default_rng(2)
    y = draw.normal(size=(50, 2))
    x = np.stack([y[:, 1] + draw.normal(0, s, 50) for s in (0.1, 0.2, 0.3)], 1)
    found = best(*correlation(x, y))
    assert found.second.tolist() == [1, 1, 1] and found.first.tolist() == [0, 1, 2]


def test_a_unit_that_answers_the_other_way_round_is_no_match() -> None:
    draw = np.random.default_rng(2)
    x = draw.normal(size=(50, 1))
    found = best(*correlation(x, np.hstack([-x, x + draw.normal(0, 3, (50, 1))])))
    assert found.second.tolist() == [1] and 0 < found.r[0] < 0.9


def test_layers_that_answer_alike_to_everything_have_no_pairs_and_no_mean() -> None:
    flat, other = np.ones((10, 3)), np.random.default_rng(0).normal(size=(10, 2))
    for pair in ((flat, other), (other, flat), (flat, flat), (other[:0], other[:0])):
        for found in (one_to_one(*correlation(*pair)), best(*correlation(*pair))):
            assert len(found.r) == 0 and found.mean is None
