"""Does each word of the analyses have its arrays, and do shortened numbers keep their digits?"""

import numpy as np
import pytest

from backend.runs.arrays import ANALYSES, ARRAYS, quantised, shortened


def test_shortened_numbers_keep_three_digits():
    values = np.random.default_rng(1).normal(0, 1e5, 1000).astype(np.float32)
    assert shortened(values) == pytest.approx(values, rel=2**-11)
    assert shortened(np.float32([0, 1, -2.5])).tolist() == [0, 1, -2.5]


def test_responses_come_back_within_half_a_level_and_the_ends_as_they_were():
    values = np.random.default_rng(0).normal(3, [1, 50, 0], (90, 3)).astype(np.float32)
    found = quantised(values)
    assert found["level"].shape == (3, 90)
    back = found["offset"] + found["scale"] * found["level"].T
    assert (abs(back - values) <= found["scale"] * 0.501 + 1e-6).all()
    for end in (np.min, np.max):
        assert end(back, axis=0) == pytest.approx(end(values, axis=0), rel=1e-5)
    assert found["level"][2].tolist() == [0] * 90


def test_the_words_are_those_of_the_layout():
    files = {"activity": "responses", "probes": "probe"}
    assert {files.get(word, word) for word in ANALYSES} == set(ARRAYS)
