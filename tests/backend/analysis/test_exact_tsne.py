"""Exact t-SNE of several layers at once: its slope, and its maps beside scikit-learn's."""

import numpy as np
import pytest
import torch
from sklearn.manifold import TSNE, trustworthiness

from backend.analysis import exact_tsne
from backend.analysis.embedding import EXAGGERATED, SPREAD, STEPS
from backend.analysis.exact_tsne import descent, divergence, joint
from tests.backend.analysis.test_embedding import clusters

PERPLEXITY = 15.0


@pytest.fixture(scope="module")
def layers():
    """Two layers of 160 images: float32 [layer, n, component]."""
    found = [clusters(groups=4, width=8, seed=seed)[0] for seed in (0, 1)]
    centred = [x - x.mean(0) for x in found]
    return torch.from_numpy(np.stack(centred))


def start_of(layers):
    flat = layers[:, :, :2]
    return flat * (SPREAD / flat[:, :, :1].std(1, keepdim=True))


def test_its_maps_are_as_good_as_the_exact_ones_of_scikit_learn(layers):
    start = start_of(layers)
    maps = exact_tsne.exact_tsne(layers, start, PERPLEXITY, EXAGGERATED, STEPS)
    p = joint(layers, PERPLEXITY)
    for n, (x, flat) in enumerate(zip(layers.numpy(), maps.numpy(), strict=True)):
        other = TSNE(perplexity=PERPLEXITY, method="exact", init=start[n].numpy(), random_state=0)
        theirs = other.fit_transform(x)
        ours = float(divergence(p[n : n + 1].double(), maps[n : n + 1].double()))
        told = float(divergence(p[n : n + 1].double(), torch.from_numpy(theirs)[None].double()))
        assert told == pytest.approx(other.kl_divergence_, abs=0.01)  # the same p
        assert ours < other.kl_divergence_ + 0.02
        true = [trustworthiness(x, xy, n_neighbors=12) for xy in (flat, theirs)]
        assert true[0] > true[1] - 0.005


def test_the_slope_is_a_quarter_of_the_gradient_that_autograd_finds(layers):
    p = joint(layers.double(), PERPLEXITY)
    y = torch.randn(2, 160, 2, generator=torch.Generator().manual_seed(0)).double()
    y.requires_grad_()
    w = 1 / (1 + torch.cdist(y, y).square())
    w = w - torch.diag_embed(w.diagonal(dim1=1, dim2=2))
    q = w / w.sum((1, 2), keepdim=True)
    pairs = ~torch.eye(160, dtype=bool).expand(2, -1, -1)
    wanted = torch.where(pairs, p * (p.clamp(min=1e-30) / q.clamp(min=1e-30)).log(), 0)
    (slope,) = torch.autograd.grad(wanted.sum(), y)
    assert 4 * descent(p, y.detach())[0] == pytest.approx(slope, abs=1e-9)
    assert divergence(p, y.detach()) == pytest.approx(wanted.detach().sum((1, 2)))


def test_p_is_twelve_times_too_large_at_first_and_the_steps_are_as_much_smaller(layers):
    start, p = 30 * layers[:, :, :2], joint(layers, PERPLEXITY)
    for steps, factor in (((1, 0), 12), ((0, 1), 1)):
        slope, _ = descent(p, start, factor)
        step = -160 / factor * 0.8 * slope  # a first step has gains of 0.8
        assert 0 < step.norm(dim=2).max() < 5
        wanted = start + step - (start + step).mean(1, keepdim=True)
        found = exact_tsne.exact_tsne(layers, start, PERPLEXITY, *steps)
        assert found == pytest.approx(wanted, abs=1e-3)


def test_p_is_symmetric_and_of_sum_one(layers):
    p = joint(layers, PERPLEXITY)
    assert (p == p.mT).all() and p.diagonal(dim1=1, dim2=2).abs().max() == 0
    assert p.sum((1, 2)) == pytest.approx(np.ones(2), abs=1e-5)


def test_layers_and_blocks_do_not_meddle_with_each_other(layers, monkeypatch):
    start = start_of(layers)
    together = exact_tsne.exact_tsne(layers, start, PERPLEXITY, 5, 5)
    alone = exact_tsne.exact_tsne(layers[1:], start[1:], PERPLEXITY, 5, 5)
    assert together[1:] == pytest.approx(alone, abs=1e-4)
    monkeypatch.setattr(exact_tsne, "PAIRS", 2 * 160 * 7)
    assert len(exact_tsne.parts(2, 160)) == 23
    in_blocks = exact_tsne.exact_tsne(layers, start, PERPLEXITY, 5, 5)
    assert in_blocks == pytest.approx(together, abs=1e-4)
