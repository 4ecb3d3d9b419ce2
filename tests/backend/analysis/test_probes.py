"""Probes find what is there, find nothing where nothing is, and never look at a test image."""

import numpy as np
import pytest
import torch
from scipy.optimize import minimize
from scipy.special import log_softmax

from backend.analysis import probes
from backend.analysis.probes import answers, best_penalty, classifiers, probe, wilson


def separable(n: int = 300, width: int = 12, classes: int = 4, seed: int = 0):
    draw = np.random.default_rng(seed)
    labels = draw.integers(0, classes, n).astype(np.int16)
    centres = np.random.default_rng(9).normal(0, 3, (classes, width))
    return (centres[labels] + draw.normal(size=(n, width))).astype(np.float32), labels


def test_separable_classes_are_told_apart():
    found = probe(*separable(), *separable(seed=1), classes=4)
    assert found.accuracy > 0.98
    assert found.low < found.accuracy <= found.high
    assert (found.n_train, found.n_test) == (300, 300)


def test_shuffled_labels_are_guessed_at_chance():
    train, labels = separable(n=1000)
    shuffled = np.random.default_rng(2).permutation(labels)
    found = probe(train, shuffled, *separable(n=1000, seed=1), classes=4)
    assert found.low - 0.1 < 0.25 < found.high + 0.1


def test_the_confusion_matrix_has_truth_in_rows_and_its_diagonal_is_the_accuracy():
    test, truth = separable(n=150, seed=1)
    test[:50] = test[50:100]  # a third by other images, so that some are wrong
    found = probe(*separable(), test, truth, classes=4)
    assert found.confusion.sum(1).tolist() == np.bincount(truth, minlength=4).tolist()
    assert found.confusion.sum(0).tolist() == np.bincount(found.predicted, minlength=4).tolist()
    right = int((found.predicted == truth).sum())
    assert found.confusion.trace() == right and found.accuracy == right / 150 < 0.9
    assert (found.low, found.high) == wilson(right, 150)
    assert (found.n_train, found.n_test) == (300, 150)


def test_an_image_is_answered_alike_whatever_else_is_tested():
    test, truth = separable(seed=1)
    found = probe(*separable(), test, truth, classes=4)
    few = probe(*separable(), test[:5], truth[:5], classes=4)
    assert few.predicted.tolist() == found.predicted[:5].tolist()
    assert few.confidence == pytest.approx(found.confidence[:5], abs=1e-5)


def test_confidence_is_by_how_much_the_named_class_leads():
    chances = torch.tensor([[0.7, 0.2, 0.1], [0.05, 0.35, 0.6]])
    named, sure = answers((torch.eye(3), torch.zeros(3)), chances.log())
    assert named.tolist() == [0, 2] and sure == pytest.approx([0.5, 0.25])


def test_of_penalties_that_do_as_well_the_greatest_is_taken():
    x, truth = (torch.from_numpy(part) for part in separable())
    x, truth = (x - x.mean(0)) / x.std(0), truth.long()
    parts = x[60:], truth[60:], x[:60], truth[:60]
    fitted = classifiers(*parts[:2], 4, probes.PENALTIES)
    right = [int(((parts[2] @ w.T + b).argmax(1) == parts[3]).sum()) for w, b in fitted]
    assert right.count(max(right)) > 1
    assert best_penalty(*parts, 4) == probes.PENALTIES[right.index(max(right))]


def test_the_fit_is_the_minimum_that_another_solver_finds():
    features, labels = separable(n=80, width=5)
    features = ((features - features.mean(0)) / features.std(0)).astype(np.float32)
    truth, penalty = np.eye(4)[labels], 0.01

    def loss(flat):
        w = flat.reshape(6, 4)
        scores = log_softmax(features.astype(float) @ w[:5] + w[5], axis=1)
        return -(scores * truth).sum() / 80 + penalty / 2 * (w[:5] ** 2).sum()

    wanted = minimize(loss, np.zeros(24), method="BFGS").fun
    path = classifiers(torch.from_numpy(features), torch.from_numpy(labels).long(), 4, [penalty])
    weights, bias = next(path)
    got = loss(np.concatenate([weights.T.numpy(), bias[None].numpy()]).ravel())
    assert wanted - 1e-6 < got < wanted + 1e-4  # BFGS stops that near the minimum


def test_more_features_than_images_and_features_of_very_different_size():
    draw = np.random.default_rng(0)
    mix = np.diag(np.logspace(2, -3, 200)).astype(np.float32)
    x, y = separable(n=120, width=200)
    test, truth = separable(n=120, width=200, seed=1)
    turn = np.linalg.qr(draw.normal(size=(200, 200)))[0].astype(np.float32)
    found = probe(x @ turn @ mix, y, test @ turn @ mix, truth, classes=4)
    assert found.accuracy > 0.95


def test_the_penalty_is_chosen_without_the_test_images(monkeypatch):
    seen = []

    def spy(x, labels, held, truth, classes):
        seen.append((len(x), len(held)))
        return best_penalty(x, labels, held, truth, classes)

    monkeypatch.setattr(probes, "best_penalty", spy)
    one = probe(*separable(), *separable(seed=1), classes=4)
    other = probe(*separable(), *separable(seed=2), classes=4)
    assert seen == [(240, 60), (240, 60)]
    assert one.penalty == other.penalty


def test_the_search_goes_on_while_only_the_commonest_class_is_named():
    draw = np.random.default_rng(0)
    along = draw.normal(size=8) / 8**0.5

    def seen(n):
        labels = (draw.random(n) < 0.1).astype(np.int16)
        x = draw.normal(size=(n, 8)) + 3 * np.outer(labels, along)
        return x.astype(np.float32), labels

    train, test = seen(2000), seen(800)
    found = probe(*train, *test, classes=2)
    assert found.penalty < 1
    assert found.low > max(np.bincount(test[1])) / 800


def test_the_seed_reproduces():
    one, same = (probe(*separable(), *separable(seed=1), classes=4, seed=3) for _ in range(2))
    assert one.penalty == same.penalty and (one.confusion == same.confusion).all()


def test_the_seed_chooses_what_is_held_out(monkeypatch):
    held = []

    def spy(x, labels, some, truth, classes):
        held.append(sorted(some[:, 0].tolist()))
        return 1.0

    monkeypatch.setattr(probes, "best_penalty", spy)
    for seed in (0, 0, 1):
        probe(*separable(), *separable(seed=1), classes=4, seed=seed)
    assert held[0] == held[1] != held[2]


def test_weights_are_of_standardised_features():
    size = np.logspace(-2, 2, 12).astype(np.float32)
    (x, labels), (test, truth) = separable(), separable(seed=1)
    plain = probe(x, labels, test, truth, classes=4)
    scaled = probe(x * size, labels, test * size, truth, classes=4)
    assert scaled.weights == pytest.approx(plain.weights, abs=0.01)


def test_a_silent_layer_is_at_chance_and_raises_nothing():
    _, labels = separable()
    nothing = np.zeros((300, 12), np.float32)
    found = probe(nothing, labels, nothing, labels, classes=4)
    assert found.accuracy == pytest.approx(np.bincount(labels).max() / 300)


def test_a_class_that_training_never_saw_costs_only_its_own_images():
    train, labels = separable()
    known = labels != 3
    found = probe(train[known], labels[known], *separable(seed=1), classes=4)
    assert found.confusion[:, 3].sum() == 0
    assert found.confusion[:3].trace() / found.confusion[:3].sum() > 0.95


def test_the_interval_is_wilsons():
    # Agresti and Coull (1998): 0 of 10 gives 0 to 0.278; 5 of 10 gives 0.237 to 0.763.
    assert wilson(0, 10) == pytest.approx((0, 0.2775), abs=1e-3)
    assert wilson(5, 10) == pytest.approx((0.2366, 0.7634), abs=1e-3)


@pytest.mark.gpu
def test_cuda_agrees_with_the_processor():
    here = probe(*separable(), *separable(seed=1), classes=4)
    there = probe(*separable(), *separable(seed=1), classes=4, device="cuda")
    assert there.accuracy == pytest.approx(here.accuracy, abs=0.02)
