"""Are the units that tell a selection apart those that do by the definition of d'?"""

import numpy as np
import pytest

from backend.analysis.selectivity import preference
from backend.analysis.separation import Levels


@pytest.mark.parametrize("count", [2, 40, 100, 198])
def test_the_numbers_are_those_of_the_class_preference(count):
    draw = np.random.default_rng(0)
    level = draw.integers(0, 256, (300, 200), dtype=np.uint8)
    level[7], level[8] = 0, 255  # silent, and always as strong
    chosen = np.zeros(200, bool)
    chosen[draw.permutation(200)[:count]] = True
    _, wanted = preference(level.T.astype(np.float64), chosen.astype(int), 2)
    found = Levels.of(level).dprime(chosen)
    assert found == pytest.approx(wanted[:, 1], abs=1e-5)
    assert found[7] == found[8] == 0


def test_a_unit_that_likes_the_chosen_ones_comes_with_a_positive_sign():
    level = np.tile(np.uint8([0, 10, 200, 210]), (2, 1))
    level[1] = 255 - level[0]
    found = Levels.of(level).dprime(np.array([False, False, True, True]))
    assert found[0] > 20 and found[1] == pytest.approx(-found[0])


def test_a_unit_that_varies_on_neither_side_gets_0_and_one_that_hardly_does_its_own():
    chosen = np.arange(100) < 3
    level = np.where(chosen, np.uint8([[255], [7], [255]]), np.uint8([[0], [200], [7]]))
    level[2, 0] = 254
    found = Levels.of(level).dprime(chosen)
    _, wanted = preference(level.T.astype(np.float64), chosen.astype(int), 2)
    assert found[:2].tolist() == [0, 0] and found[2] == pytest.approx(wanted[2, 1], rel=1e-6)


@pytest.mark.parametrize("count", [0, 1, 3, 4])
def test_fewer_than_two_on_a_side_are_refused(count):
    with pytest.raises(ValueError, match="two must be"):
        Levels.of(np.ones((1, 4), np.uint8)).dprime(np.arange(4) < count)
