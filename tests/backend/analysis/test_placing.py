"""New images lie among those of their kind, and where they would lie were they on the map."""

import numpy as np
import pytest
import torch

from backend.analysis.affinity import affinities
from backend.analysis.embedding import embedding
from backend.analysis.placing import attraction, placed, repulsion
from tests.backend.analysis.test_embedding import clusters


@pytest.fixture(scope="module")
def drawn():
    """Features of images on a map, their labels, and the map [n, 2]."""
    features, labels = clusters()
    found = embedding(features)
    return features, labels, np.stack([found.x, found.y], 1)


def radius(flat):
    return np.sqrt(((flat - flat.mean(0)) ** 2).sum(1).mean())


def test_the_images_of_a_map_are_placed_near_where_they_are(drawn):
    features, _, flat = drawn
    apart = np.linalg.norm(placed(features, flat, features) - flat, axis=1)
    assert np.median(apart) < 0.1 * radius(flat)
    assert apart.max() < radius(flat)


def test_new_images_lie_among_those_of_their_class(drawn):
    features, labels, flat = drawn
    rng = np.random.default_rng(3)
    new = (features + rng.normal(0, 1, features.shape)).astype(np.float32)  # other members
    at = placed(features, flat, new)
    near = np.linalg.norm(at[:, None] - flat, axis=2).argsort(1)[:, :10]
    assert (labels[near] == labels[:, None]).mean() > 0.98


def test_a_new_image_comes_to_rest_where_nothing_draws_it_any_further():
    rng = np.random.default_rng(0)
    features, new = (rng.normal(0, (3, 3, 1, 1), (n, 4)).astype(np.float32) for n in (200, 12))
    flat = 4 * features[:, :2]
    known, asking, places = (torch.from_numpy(x).double() for x in (features, new, flat))
    near, listed = torch.cdist(asking, known).square().topk(15, largest=False)
    y = torch.from_numpy(placed(features, flat, new)).double().requires_grad_()
    far = (y[:, None] - places).square().sum(2)
    pull = 1.5 * affinities(near, 5.0) * (1 + far.gather(1, listed)).log()
    divergence = pull.sum() + (1 / (1 + far)).sum(1).log().sum()
    (slope,) = torch.autograd.grad(divergence, y)
    assert slope.norm(dim=1).max() < 1e-4


def test_an_image_is_placed_alike_alone_and_in_company(drawn):
    features, _, flat = drawn
    new = features[::7] + np.float32(0.3)
    together = placed(features, flat, new)
    alone = np.concatenate([placed(features, flat, new[i : i + 1]) for i in range(len(new))])
    assert alone == pytest.approx(together, abs=1e-3)
    assert together.tobytes() == placed(features, flat, new).tobytes()


def test_a_map_of_a_handful_of_images_is_extended_by_its_components():
    features, _ = clusters(per=4, groups=2)
    found = embedding(features)
    at = placed(features, np.stack([found.x, found.y], 1), features)
    assert at == pytest.approx(np.stack([found.x, found.y], 1), abs=1e-3)


def test_images_are_placed_by_components_where_those_of_the_map_do_not_differ():
    same = np.tile(np.random.default_rng(0).random(64).astype(np.float32), (300, 1))
    flat = clusters(per=75, width=2)[0]
    assert abs(placed(same, flat, same[:2])).max() < 1e-4


def test_the_slope_is_that_of_the_divergence():
    draw = torch.Generator().manual_seed(0)
    flat = torch.randn(30, 2, generator=draw).double()
    y = torch.randn(5, 2, generator=draw).double().requires_grad_()
    listed = torch.stack([torch.randperm(30, generator=draw)[:8] for _ in range(5)])
    p = torch.rand(5, 8, generator=draw).double()
    p = p / p.sum(1, keepdim=True)
    w = 1 / (1 + (y[:, None] - flat).square().sum(2))
    q = w / w.sum(1, keepdim=True)
    divergence = -(p * q.gather(1, listed).log()).sum()
    (slope,) = torch.autograd.grad(divergence, y)
    told = 2 * (attraction(y, flat[listed], p) + repulsion(y, flat))
    assert told.detach() == pytest.approx(slope, abs=1e-10)
