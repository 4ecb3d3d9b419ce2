"""What several seeds say together is what the formula says."""

import numpy as np
import pytest
from scipy import stats

from backend.analysis.seeds import over_seeds


def test_one_seed_keeps_its_own_interval() -> None:
    alone = {"layer": 3, "accuracy": 0.5, "low": 0.4, "high": 0.6}
    assert over_seeds([alone]) == {"accuracy": 0.5, "low": 0.4, "high": 0.6}


def test_several_seeds_have_the_mean_and_students_interval() -> None:
    values = [0.42, 0.45, 0.44, 0.40]
    found = over_seeds([{"accuracy": v, "low": 0, "high": 1} for v in values])
    low, high = stats.t.interval(0.95, 3, loc=np.mean(values), scale=stats.sem(values))
    assert found["accuracy"] == pytest.approx(np.mean(values))
    assert (found["low"], found["high"]) == pytest.approx((low, high))


@pytest.mark.parametrize(("values", "end"), [((0.01, 0.2), "low"), ((0.99, 0.8), "high")])
def test_an_interval_of_a_share_ends_at_0_and_at_1(values: tuple[float, ...], end: str) -> None:
    found = over_seeds([{"accuracy": v, "low": 0, "high": 1} for v in values])
    assert found[end] == {"low": 0, "high": 1}[end] and found["accuracy"] == np.mean(values)
