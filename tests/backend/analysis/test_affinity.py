"""Affinities have the perplexity that was asked for, as an independent solver finds it."""

import numpy as np
import pytest
import torch
from scipy.optimize import brentq

from backend.analysis.affinity import affinities


@pytest.mark.parametrize("size", [1e-3, 1.0, 1e4])
@pytest.mark.parametrize("perplexity", [2.0, 30.0])
def test_every_row_has_the_perplexity_that_was_asked_for(perplexity, size):
    squared = size * torch.rand(20, 90, generator=torch.Generator().manual_seed(0)).double()
    p = affinities(squared, perplexity)
    assert p.sum(1) == pytest.approx(np.ones(20))
    entropy = -(p * p.clamp(min=1e-300).log()).sum(1)
    assert entropy.exp() == pytest.approx(np.full(20, perplexity), rel=1e-4)


def test_a_row_is_the_gaussian_of_a_root_finder():
    squared = torch.rand(40, generator=torch.Generator().manual_seed(1)).double() * 7

    def weights(sharp):
        w = np.exp(-squared.numpy() * sharp)
        return w / w.sum()

    def surplus(sharp):
        p = weights(sharp)
        return -(p * np.log(p)).sum() - np.log(10)

    wanted = weights(brentq(surplus, 1e-3, 1e2, xtol=1e-12))
    assert affinities(squared[None], 10)[0] == pytest.approx(wanted, rel=1e-3)


def test_what_all_neighbours_are_far_beyond_alike_does_not_matter():
    squared = torch.rand(5, 40, generator=torch.Generator().manual_seed(2)).double()
    assert affinities(squared + 1e4, 10) == pytest.approx(affinities(squared, 10), abs=1e-6)


def test_what_is_infinitely_far_has_no_part():
    squared = torch.tensor([[1.0, 2.0, torch.inf, 3.0, 1.5]]).double()
    p = affinities(squared, 2)
    assert p[0, 2] == 0 and p.sum() == pytest.approx(1)


def test_equal_distances_are_minded_alike():
    assert affinities(torch.full((2, 6), 4.0), 3).tolist() == [[pytest.approx(1 / 6)] * 6] * 2
    assert torch.isfinite(affinities(torch.zeros(2, 6), 3)).all()
