"""Maps keep planted neighbours, are the same each time, and say how they were made."""

import numpy as np
import pytest
import torch

from backend.analysis.embedding import (
    PERPLEXITY,
    UNKNOWN,
    Sketch,
    embedding,
    embeddings,
    exact,
    first_two,
    kept_neighbours,
    kept_of_each,
    principal,
    shared_start,
)
from backend.analysis.neighbours import drawn, nearest


def clusters(per: int = 40, groups: int = 4, width: int = 60, seed: int = 0):
    draw = np.random.default_rng(seed)
    labels = np.repeat(np.arange(groups), per)
    centres = draw.normal(0, 10, (groups, width))
    return (centres[labels] + draw.normal(0, 1, (len(labels), width))).astype(np.float32), labels


def test_separated_clusters_stay_together_on_the_map():
    features, labels = clusters()
    found = embedding(features)
    flat = np.stack([found.x, found.y], 1)
    distance = np.linalg.norm(flat[:, None] - flat, axis=2)
    np.fill_diagonal(distance, np.inf)
    assert (labels[distance.argmin(1)] == labels).mean() > 0.99
    assert found.kept_neighbours > 0.3  # by chance within a cluster: 10 of 39


def test_maps_of_two_layers_that_start_from_one_place_can_be_laid_over_each_other():
    """The second layer is the first, turned: its own components may point anywhere."""
    features, _ = clusters(per=30, groups=6)
    turn, _ = np.linalg.qr(np.random.default_rng(5).normal(size=(60, 60)))
    other = (-features @ turn + np.random.default_rng(6).normal(0, 1, features.shape)).astype("f4")
    start = first_two(
        principal(np.random.default_rng(7).normal(0, 1, (180, 3)) + features[:, :3], 2)
    )

    def apart(start):
        found = [embedding(x, start=start) for x in (features, other)]
        flat = [np.stack([each.x, each.y], 1) for each in found]
        flat = [each / np.sqrt((each**2).sum(1).mean()) for each in flat]
        return np.linalg.norm(flat[0] - flat[1], axis=1).mean(), found

    shared, found = apart(start)
    own, _ = apart(None)
    assert shared < 0.6 * own
    assert [each.parameters["start"] for each in found] == ["pixels"] * 2
    assert embedding(features, start=np.zeros((180, 2))).parameters["start"] == "features"


def test_the_shared_start_shows_how_images_differ_at_large():
    views = torch.zeros(30, 1, 64, 64)
    bright = torch.linspace(-1, 1, 30)
    views[:] = bright[:, None, None, None]
    views += torch.randn(views.shape, generator=torch.Generator().manual_seed(0))
    start = shared_start([views[:20], views[20:]])
    assert start.shape == (30, 2)
    assert abs(np.corrcoef(start[:, 0], bright)[0, 1]) > 0.99


def test_the_same_seed_gives_the_same_bytes_whatever_the_number_of_jobs():
    features, _ = clusters(per=15)
    one, same, other = embedding(features, jobs=2), embedding(features), embedding(features, jobs=1)
    assert one.x.tobytes() == same.x.tobytes() == other.x.tobytes()
    assert one.y.tobytes() == same.y.tobytes() == other.y.tobytes()


def test_parameters_travel_with_the_coordinates():
    found = embedding(clusters()[0], perplexity=PERPLEXITY["paper"], seed=4)
    assert found.parameters == {
        "method": "t-SNE",
        "perplexity": 50.0,
        "components": 50,
        "seed": 4,
        "kept": 10,
        "start": "features",
        "gradients": "tree",
        "angle": 0.8,
    }


def test_maps_of_several_layers_are_those_of_each_alone():
    layers = [clusters(per=15, seed=seed)[0] for seed in range(3)] + [np.ones((60, 4), np.float32)]
    together = list(embeddings(layers, 10, 0, "cpu", None))
    for features, found in zip(layers, together, strict=True):
        alone = embedding(features, 10)
        assert found.x.tobytes() == alone.x.tobytes() and found.parameters == alone.parameters


def test_exact_maps_of_several_layers_are_as_good_whatever_their_width(monkeypatch):
    """What a GPU is given to do, on the processor."""
    layers = [clusters(seed=0)[0], np.ones((160, 4), np.float32), clusters(width=5, seed=1)[0]]
    kinds = ["exact", None, "exact"]
    sketches = [Sketch.of(x, 15, 0, None) for x in layers]
    for features, kind, found in zip(layers, kinds, exact(layers, sketches, "cpu"), strict=True):
        other = embedding(features, 15)
        assert found.parameters.get("gradients") == kind
        if kind:
            assert found.kept_neighbours > other.kept_neighbours - 0.03
        else:
            assert found.x.tobytes() == other.x.tobytes()


@pytest.mark.gpu
def test_maps_of_cuda_are_exact_and_as_good_as_those_of_the_processor():
    layers = [clusters(per=100, seed=seed)[0] for seed in range(3)]
    here = exact(layers, [Sketch.of(x, 30, 0, None) for x in layers], "cpu")
    there = embeddings(layers, 30, 0, "cuda", None)
    for one, other in zip(here, there, strict=True):
        assert other.parameters["gradients"] == "exact"
        assert other.kept_neighbours > one.kept_neighbours - 0.03


def test_few_images_lower_the_perplexity():
    found = embedding(clusters(per=5)[0])
    assert found.parameters["perplexity"] == pytest.approx(19 / 3)
    assert np.isfinite(found.x).all() and np.isfinite(found.y).all()


@pytest.mark.parametrize("n", [2, 3, 11])
def test_a_handful_of_images_is_drawn_by_principal_components(n):
    features = clusters(per=n, groups=1)[0]
    found = embedding(features)
    assert found.parameters["method"] == "principal components"
    assert found.x.tolist() == principal(features, 50)[:, 0].tolist()


def test_twelve_images_are_enough_for_t_sne_with_three_neighbours_a_unit_of_perplexity(monkeypatch):
    counts = []

    def spy(points, count, *more):
        counts.append(count)
        return nearest(points, count, *more)

    monkeypatch.setattr("backend.analysis.embedding.nearest", spy)
    found = embedding(clusters(per=12, groups=1)[0], perplexity=3)
    assert found.parameters["method"] == "t-SNE" and counts[0] == 9


def test_a_layer_that_says_the_same_of_all_images_has_a_map_too():
    found = embedding(np.ones((40, 8), np.float32))
    assert (found.x == 0).all() and (found.y == 0).all()


@pytest.mark.parametrize("size", [0, 1e-3, 1e3])
def test_a_layer_that_says_the_same_of_all_images_keeps_no_neighbours_and_loses_none(size):
    draw = np.random.default_rng(0)
    features = np.tile((size * draw.random(256)).astype(np.float32), (400, 1))
    found = embedding(features, start=clusters(per=100, width=2)[0])
    assert found.parameters["method"] == "principal components"
    assert np.isnan(found.kept_neighbours) and (found.kept == UNKNOWN).all()
    assert abs(np.stack([found.x, found.y])).max() <= 1e-4 * size


def test_kept_neighbours_counts_shared_neighbours():
    features, _ = clusters(per=10)
    flat = np.random.default_rng(1).normal(size=(40, 2))

    def near(x):
        d = np.linalg.norm(x[:, None].astype(float) - x, axis=2)
        np.fill_diagonal(d, np.inf)
        return [set(row) for row in d.argsort(1)[:, :10]]

    pairs = zip(near(features), near(flat), strict=True)
    wanted = np.mean([len(a & b) / 10 for a, b in pairs])
    assert kept_neighbours(features, flat) == pytest.approx(wanted)
    assert kept_neighbours(flat, flat) == 1


def test_of_many_images_those_drawn_tell_how_many_neighbours_they_keep(monkeypatch):
    features, _ = clusters(per=10)
    flat = np.random.default_rng(1).normal(size=(40, 2))
    every = kept_of_each(features, flat)
    monkeypatch.setattr("backend.analysis.neighbours.MOST", 12)
    some, asked = kept_of_each(features, flat), drawn(40)
    assert (some[asked] == every[asked]).all()
    assert (np.delete(some, asked) == UNKNOWN).all()
    assert kept_neighbours(features, flat) == pytest.approx(every[asked].mean() / 10)


def test_a_map_starts_small_whatever_the_size_of_the_features():
    for size in (1e-3, 1e3):
        sketch = Sketch.of(np.float32(size) * clusters()[0], 30, 0, None)
        assert sketch.start[:, 0].std() == pytest.approx(1e-4)


def test_of_few_images_all_neighbours_can_be_kept():
    found = embedding(np.float32([[0, 0], [1, 0], [3, 0], [7, 0], [15, 0]]))
    assert (found.parameters["kept"], found.kept_neighbours) == (4, 1)
    assert found.kept.tolist() == [4] * 5


def test_principal_components_have_a_fixed_sign_and_the_right_size():
    features, _ = clusters(width=20)
    points = principal(features, 5)
    mirrored = principal(-features, 5)
    x = features - features.mean(0)
    size = np.linalg.svd(x.astype(float), compute_uv=False)[:5]
    assert np.linalg.norm(points, axis=0) == pytest.approx(size, rel=1e-4)
    assert mirrored == pytest.approx(-points, abs=1e-3)
