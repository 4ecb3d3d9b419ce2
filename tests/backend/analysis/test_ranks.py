"""Are units ranked by how far an image's response stands above those to the others?"""

import numpy as np
import pytest

from backend.analysis.ranks import MOST, foremost, shares


def test_the_share_is_that_of_smaller_responses_and_half_of_equal_ones():
    known = np.array([[0, 1, 0], [1, 1, 0], [2, 1, 0], [2, 5, 0]], np.float32)
    found = shares(known, np.array([2, 0.5, 1], np.float32))
    assert found == pytest.approx([0.75, 0, 1])  # 2 smaller and 2 equal; none; all


def test_a_unit_that_is_silent_for_all_has_no_share_and_is_not_told():
    known = np.zeros((5, 3), np.float32)
    known[:, 1] = np.arange(5)
    answer = np.array([0, 2, 0], np.float32)
    assert np.isnan(shares(known, answer)[[0, 2]]).all()
    assert foremost(known, answer) == [(1, 0.5)]


def test_equal_shares_are_told_apart_by_standard_deviations_and_a_woken_unit_comes_last_of_them():
    known = np.zeros((4, 3), np.float32)
    known[:, 0], known[:, 1] = [0, 1, 2, 3], [0, 10, 20, 30]
    found = foremost(known, np.array([4, 31, 1], np.float32))
    assert found == [(0, 1.0), (1, 1.0), (2, 1.0)]
    shifted = foremost(known + np.float32([0, 1000, 0]), np.array([4, 1031, 1], np.float32))
    assert shifted == found


def test_it_is_what_counting_image_by_image_finds():
    draw = np.random.default_rng(0)
    known = np.maximum(draw.normal(size=(30, 20)), 0).astype(np.float32)
    answer = np.maximum(draw.normal(size=20), 0).astype(np.float32)
    found = foremost(known, answer)
    counted = [
        sum(1.0 if v < answer[unit] else 0.5 if v == answer[unit] else 0 for v in known[:, unit])
        / 30
        for unit in range(20)
    ]
    assert [share for _, share in found] == pytest.approx(sorted(counted, reverse=True)[:MOST])
    assert all(share == pytest.approx(counted[unit]) for unit, share in found)
