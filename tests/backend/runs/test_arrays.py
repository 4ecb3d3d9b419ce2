"""Does each word of the analyses have its arrays, and do shortened numbers keep their digits?"""

import numpy as np
import pytest

from backend.runs.arrays import ANALYSES, ARRAYS, shortened


def test_shortened_numbers_keep_three_digits():
    values = np.random.default_rng(1).normal(0, 1e5, 1000).astype(np.float32)
    assert shortened(values) == pytest.approx(values, rel=2**-11)
    assert shortened(np.float32([0, 1, -2.5])).tolist() == [0, 1, -2.5]


def test_the_words_are_those_of_the_layout():
    files = {"activity": "responses", "probes": "probe"}
    assert {files.get(word, word) for word in ANALYSES} == set(ARRAYS)
