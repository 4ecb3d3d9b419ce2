"""The distance of four factors from autograd, and what is too much of it."""

import numpy as np
import torch

from backend.analysis import gaps as module
from backend.analysis.gaps import bounds, gap, gaps
from tests.backend.analysis.test_plasticity import Case


def test_four_factors_are_within_their_bounds_and_a_wrong_update_is_not(monkeypatch):
    case = Case(rule="clapp-s", symmetric="yes")
    found = gaps(case.encoder, case.rule, case.views, case.draw)
    assert found.shape == (6, 3, 4) and np.isnan(found[..., 3]).all()
    assert not (found[:, :2] > bounds(found)).any()

    right = module.local_update
    monkeypatch.setattr(
        module,
        "local_update",
        lambda *words: (u := right(*words))._replace(weight=u.weight * (1 + 1e-3)),
    )
    wrong = gaps(case.encoder, case.rule, case.views, case.draw)
    assert (wrong[:, :2, 0] > bounds(wrong)[..., 0]).all()


def test_a_distance_that_is_not_finite_is_beyond_every_bound():
    one, broken = torch.ones(3), torch.tensor([1.0, float("inf"), 0.0])
    assert gap(one, broken) == gap(broken, one) == gap(broken, broken) == float("inf")
    assert gap(one, torch.full((3,), float("nan"))) == float("inf")
    assert gap(torch.zeros(3), torch.zeros(3)) == 0 and gap(one, -one) == 1
