"""Scores, gates and cosines against a slow count of the same pairs, one at a time."""

import numpy as np
import pytest
import torch

from backend.analysis.fourfactors import gap
from backend.analysis.plasticity import (
    Plasticity,
    at_step,
    chosen,
    cosine,
    definitions,
    drawn,
    plasticity,
)
from models.config import TrainConfig
from models.errors import CheckpointError
from models.training import begin
from tests.proof.slow import at, futures
from tests.proof.table import GAIN, pictures

IMAGES = 4
VARIANTS = (
    {"rule": "clapp", "draw": "network"},
    {"rule": "clapp", "draw": "per-layer"},
    {"rule": "clapp-s", "negatives": "image", "symmetric": "no"},
    {"rule": "clapp-s", "negatives": "anywhere", "symmetric": "yes"},
    {"rule": "hinge-cpc"},
    {"rule": "greedy-infomax"},
    {"rule": "cpc"},
)


class Case:
    """A small network of a rule with livelier activity, a batch and a draw."""

    def __init__(self, **settings):
        self.config = TrainConfig(encoder="vgg6-tiny", device="cpu", **settings)
        training = begin(self.config)
        self.encoder, self.rule = training.encoder, training.rule
        with torch.no_grad():
            for layer in self.encoder.layers:
                layer.weight.mul_(GAIN)
        generator = torch.Generator().manual_seed(3)
        self.views = pictures(IMAGES, 1, 64, generator).float()
        self.draw = drawn(self.rule, IMAGES, generator)

    def result(self, layer: int) -> dict[str, np.ndarray]:
        measured = Plasticity(self.encoder, self.rule)
        list(measured.add(self.views, self.draw, compare=True))
        return measured.result(layer)

    def slow_scores(self, layer: int, k: int) -> dict[bool, list[float]]:
        """Scores of all true and all wrong futures of step k, pair by pair, float64."""
        weights = {n: p.detach().double().numpy() for n, p in self.rule.named_parameters()}
        name = "" if len(self.rule.layers) == 1 else f".{layer}"
        matrices = [
            weights[f"{W}{name}"][k - 1] for W in ("W_pred", "W_retro") if f"{W}{name}" in weights
        ]
        with torch.no_grad():
            z = self.encoder(self.views)[layer].double().numpy()
        found: dict[bool, list[float]] = {True: [], False: []}
        for early, late, true in pairs(self.rule, z, k, self.draw):
            c, future = at(z, early), at(z, late)
            scores = (future @ matrices[0] @ c, *(c @ W @ future for W in matrices[1:]))
            found[true] += scores
        return found


def pairs(rule, z, k, draw):
    """Every context with its true future and the wrong ones that it meets."""
    if hasattr(draw, "y"):  # a broadcast draw: the other image is met at every place
        draw = type("One", (), {"other": draw.other[0, 0]})
    return futures(z, k, draw)


@pytest.mark.parametrize("settings", VARIANTS, ids=lambda v: " ".join(v.values()))
def test_scores_loss_and_gates_are_those_of_a_count_pair_by_pair(settings):
    case = Case(**settings)
    layer = case.rule.layers[-1]
    found = case.result(layer)
    for k in (1, 3, 5):
        slow = {sign: np.array(scores) for sign, scores in case.slow_scores(layer, k).items()}
        assert found["true"][k - 1].sum() == len(slow[True])
        assert found["wrong"][k - 1].sum() == len(slow[False])
        assert found["true_mean"][k - 1] == pytest.approx(slow[True].mean(), rel=1e-3, abs=1e-5)
        assert found["wrong_mean"][k - 1] == pytest.approx(slow[False].mean(), rel=1e-3, abs=1e-5)
        if settings["rule"] in ("greedy-infomax", "cpc"):
            assert not {"true_gate", "wrong_gate", "gap"} & set(found)
            wrong = slow[False].reshape(-1, 16)
            all_of_them = np.concatenate([slow[True][:, None], wrong], 1)
            loss = (np.log(np.exp(all_of_them).sum(1)) - slow[True]).mean()
        else:
            assert found["true_gate"][k - 1] == pytest.approx((slow[True] < 1).mean(), abs=2e-3)
            assert found["wrong_gate"][k - 1] == pytest.approx((slow[False] > -1).mean(), abs=2e-3)
            loss = np.maximum(0, 1 - slow[True]).mean() + np.maximum(0, 1 + slow[False]).mean()
        assert found["loss"][k - 1] == pytest.approx(loss, rel=1e-4)


def test_clapp_pp_has_one_row_that_is_no_step():
    case = Case(rule="clapp++", spatial="no", feedback="both", crop=64, colour="grey")
    found = case.result(5)
    assert found["true"].shape[0] == len(found["loss"]) == 1
    assert found["true"].sum() == found["wrong"].sum() == 2 * IMAGES  # two sources of context
    assert len(found["cosine"]) == 2 and found["cosine"][0] == found["cosine"][1]


@pytest.mark.parametrize("feedback", ["same", "top"])
def test_the_scores_of_clapp_pp_are_between_a_view_and_the_other_of_its_image(feedback):
    case = Case(rule="clapp++", spatial="no", feedback=feedback, crop=64, colour="grey")
    found, half = case.result(2), IMAGES // 2
    with torch.no_grad():
        mean = [z.mean((2, 3)).double().numpy() for z in case.encoder(case.views)]
    B = case.rule.parameters_of(2)[0][0].detach().double().numpy()
    context = mean[2 if feedback == "same" else 5]
    true = [mean[2][b] @ B @ context[(b + half) % IMAGES] for b in range(IMAGES)]
    others = case.draw.other.tolist()
    wrong = [mean[2][others[b]] @ B @ context[(b + half) % IMAGES] for b in range(IMAGES)]
    assert found["true_mean"][0] == pytest.approx(np.mean(true), rel=1e-3)
    assert found["wrong_mean"][0] == pytest.approx(np.mean(wrong), rel=1e-3)
    assert abs(np.mean(true) / np.mean(wrong) - 1) > 0.01


def test_the_updates_of_all_batches_are_added():
    case = Case(rule="clapp")
    parts = [case.views[:2], case.views[2:]]
    draws = [drawn(case.rule, 2, torch.Generator().manual_seed(n)) for n in range(2)]
    whole = Plasticity(case.encoder, case.rule)
    alone = [Plasticity(case.encoder, case.rule) for _ in parts]
    for one, views, draw in zip(alone, parts, draws, strict=True):
        for measured in (one, whole):
            list(measured.add(views, draw, compare=True))
    for key, sums in whole.sums.items():
        for side, total in enumerate(sums):
            torch.testing.assert_close(total, alone[0].sums[key][side] + alone[1].sums[key][side])


def test_the_top_layer_goes_where_the_end_to_end_gradient_goes_and_others_do_not():
    case = Case(rule="clapp")
    assert case.result(5)["cosine"] == pytest.approx([1] * 6)
    assert Case(rule="hinge-cpc").result(5)["cosine"] == pytest.approx([1] * 6)
    below = case.result(2)["cosine"]
    assert np.isfinite(below).all() and (np.abs(below) < 0.999).all()


@pytest.mark.parametrize("rule", ["clapp", "greedy-infomax"])
def test_the_cosine_of_a_step_is_between_the_gradients_of_that_step_alone(rule):
    case = Case(rule=rule)
    if rule == "clapp":  # with true and wrong futures among the few images
        case.draw = case.draw._replace(y=torch.tensor([1, -1, -1, 1]).expand_as(case.draw.y))
    alone = {"clapp": hinge_of_step, "greedy-infomax": cross_entropy_of_step}[rule]
    for layer in (1, 2):
        kernel, found = case.encoder.layers[layer].weight, case.result(layer)["cosine"]
        wanted = []
        for k in range(1, 6):
            z = case.encoder(case.views)
            own, top = (alone(case.rule, n, z[n], case.draw, k) for n in (layer, 5))
            (local,) = torch.autograd.grad(own, kernel, retain_graph=True)
            (sent,) = torch.autograd.grad(top, kernel)
            wanted.append(float(torch.cosine_similarity(local.flatten(), sent.flatten(), dim=0)))
        assert found[1:] == pytest.approx(wanted, abs=1e-3)
        assert min(np.abs(np.diff(wanted))) > 0.005  # so that no step passes for the next one


def hinge_of_step(rule, layer, z, draw, k):
    """CLAPP's two terms of one step, an image at a time."""
    c, later = z[:, :, : -k - 1], z[:, :, k + 1 :]
    losses = {+1: [], -1: []}
    for b, y in enumerate(draw.y[layer, 0].tolist()):
        future = later[b if y > 0 else int(draw.other[layer, 0, k - 1, b])]
        for W, post, pre in (
            (rule.W_pred[layer][k - 1], future, c[b].detach()),
            (rule.W_retro[layer][k - 1], c[b], future.detach()),
        ):
            u = torch.einsum("jrx,ji,irx->rx", post, W, pre)
            losses[y].append((1 - y * u).clamp(min=0).mean())
    return sum(sum(half) / len(half) for half in losses.values() if half)


def cross_entropy_of_step(rule, layer, z, draw, k):
    """Minus the log of the true future's share among itself and the wrong ones."""
    c, later = z[:, :, : -k - 1], z[:, :, k + 1 :]
    predicted = torch.einsum("ji,birx->bjrx", rule.W_pred[layer][k - 1], c)
    true = (predicted * later).sum(1)
    wrong = draw.futures(later.movedim(1, -1), k).movedim(-1, 2)
    wrong = (predicted[:, None] * wrong).sum(2)
    return (torch.cat([true[:, None], wrong], 1).logsumexp(1) - true).mean()


@pytest.mark.parametrize("rule", ["clapp", "clapp-s", "greedy-infomax"])
def test_the_parts_of_the_steps_add_up_to_the_whole_gradient(rule):
    case = Case(rule=rule)
    kernel = case.encoder.layers[1].weight

    def gradient(of):
        loss = of.loss(5, case.encoder(case.views)[5], case.draw)
        return torch.autograd.grad(loss, kernel)[0]

    whole = gradient(case.rule)
    parts = [gradient(at_step(case.rule, k)) for k in range(5)]
    assert gap(sum(parts), whole) < 1e-4
    assert gap(parts[0], whole) > 0.01


def test_the_cosine_of_a_thing_with_itself_and_with_nothing():
    a = torch.arange(6.0, dtype=torch.float64)
    assert (cosine(a, a), cosine(a, -a)) == pytest.approx((1, -1))
    assert np.isnan(cosine(a, 0 * a))


def test_only_training_images_are_looked_at_and_a_seed_gives_the_same_figures():
    images = np.random.default_rng(0).integers(0, 256, (9, 3, 64, 64), dtype=np.uint8)
    other = images.copy()
    other[[0, 8]] = 0  # those that training may not see
    case, found = Case(rule="clapp"), []
    for pixels in (images, other):
        work = plasticity(case.config, case.encoder, case.rule, pixels, np.arange(1, 8), seed=5)
        while True:
            try:
                assert 0 <= next(work) <= 1
            except StopIteration as ended:
                found.append(ended.value)
                break
    for layer in range(6):
        for name, array in found[0][layer].items():
            assert np.array_equal(found[1][layer][name], array, equal_nan=True)


def test_updates_are_compared_on_as_many_images_as_is_said(monkeypatch):
    compared, every = [], {"BATCH": 2, "COSINE_IMAGES": 4, "EXACT_IMAGES": 2}
    for name, value in every.items():
        monkeypatch.setattr(f"backend.analysis.plasticity.{name}", value)
    four = np.random.default_rng(0).random((6, 3, 4))
    monkeypatch.setattr("backend.analysis.plasticity.gaps", lambda *_: four)
    add = Plasticity.add

    def spy(self, views, draw, compare):
        compared.append((len(views), compare))
        return add(self, views, draw, compare)

    monkeypatch.setattr(Plasticity, "add", spy)
    images = np.random.default_rng(0).integers(0, 256, (8, 3, 64, 64), dtype=np.uint8)
    case = Case(rule="clapp")
    work = plasticity(case.config, case.encoder, case.rule, images, np.arange(8), seed=5)
    with pytest.raises(StopIteration) as ended:
        while True:
            next(work)
    assert compared == [(2, True), (2, True), (2, False), (2, False)]
    for layer, found in ended.value.value.items():
        assert (found["gap"] == four[layer]).all()


def test_images_to_measure_on_are_drawn_from_all_of_them():
    rows = np.concatenate(chosen(1000, 0))
    assert len(set(rows)) == 256 and rows.max() > 900
    assert all((np.diff(batch) > 0).all() for batch in chosen(1000, 0))
    assert set(rows) != set(np.concatenate(chosen(1000, 1)))


def test_batches_are_whole_where_there_are_enough_images():
    assert [len(batch) for batch in chosen(1000, 0)] == [32] * 8
    assert [len(batch) for batch in chosen(70, 0)] == [32, 32]
    assert [len(batch) for batch in chosen(20, 0)] == [20]


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("clapp", {"loss": "2 at chance; all steps", "four factors": "on 4 of the images"}),
        ("hinge-cpc", {"cosine": "at the top alone", "four factors": "not written"}),
        ("greedy-infomax", {"loss": "among 17, 2.83 at chance", "cosine": "128 of the images"}),
        ("clapp++", {"learning": "two augmented views", "loss": "2 at chance. Open gates"}),
    ],
)
def test_definitions_say_what_holds_for_the_rule(rule, said):
    told = definitions(TrainConfig(rule=rule), 1000, 64, 0)
    assert "256 training images in batches of 32" in told["learning"]
    for word, part in said.items():
        assert part in told[word]


@pytest.mark.parametrize(("negatives", "itself"), [("image", True), ("next", False)])
def test_wrong_futures_of_the_image_itself_are_told_of_where_there_are_any(negatives, itself):
    config = TrainConfig(rule="clapp++", encoder="vgg6-tiny", negatives=negatives)
    assert ("of the image itself" in definitions(config, 64, 96, 0)["scores"]) == itself


def test_scores_that_are_not_finite_are_told_with_their_layer():
    case = Case(rule="clapp")
    with torch.no_grad():
        case.encoder.layers[2].weight.mul_(1e30)
    images = np.random.default_rng(0).integers(0, 256, (8, 3, 96, 96), np.uint8)
    with pytest.raises(CheckpointError, match="layer [3-6] gives scores that are not finite"):
        list(plasticity(case.config, case.encoder, case.rule, images, np.arange(8), 0))
