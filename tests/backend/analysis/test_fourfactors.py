"""Is a wrong update told from a right one, and what is no number from every bound?"""

import numpy as np
import torch

from backend.analysis import fourfactors
from backend.analysis.fourfactors import bounds, gap, gaps
from tests.proof.table import Case


def test_four_factors_are_within_their_bounds_and_a_wrong_update_is_not(monkeypatch):
    case = Case({"rule": "clapp-s", "symmetric": "yes"}, "float32", images=4)
    found = gaps(case.encoder, case.rule, case.views, case.draw)
    assert found.shape == (6, 3, 4) and np.isnan(found[..., 3]).all()
    assert not (found[:, :2] > bounds(found)).any()

    right = fourfactors.local_update
    monkeypatch.setattr(
        fourfactors,
        "local_update",
        lambda *words: (u := right(*words))._replace(weight=u.weight * (1 + 1e-3)),
    )
    wrong = gaps(case.encoder, case.rule, case.views, case.draw)
    assert (wrong[:, :2, 0] > bounds(wrong)[..., 0]).all()


def test_single_precision_is_allowed_four_times_its_rounding_and_never_less_than_1e_5():
    found = np.zeros((3, 4))
    found[2] = [1e-3, 1e-7, 0, np.nan]
    assert bounds(found).tolist() == [[1e-10] * 4, [4e-3, 1e-5, 1e-5, 1e-5]]


def test_a_distance_that_is_not_finite_is_beyond_every_bound():
    one, broken = torch.ones(3), torch.tensor([1.0, float("inf"), 0.0])
    assert gap(one, broken) == gap(broken, one) == gap(broken, broken) == float("inf")
    assert gap(one, torch.full((3,), float("nan"))) == float("inf")
    assert gap(torch.zeros(3), torch.zeros(3)) == gap(one, one) == 0
    assert gap(one, -one) == gap(one, torch.zeros(3)) == 1
