"""One table of tests that every rule passes, and what sets single rules apart."""

import numpy as np
import pytest
import torch

import models.train
from models.config import TrainConfig
from models.data.dataset import TRAIN
from models.data.photos import pictures
from models.errors import ConfigError, DataError
from models.rules import RULES
from models.rules.clapp import CLAPP
from models.rules.clapp_s import CLAPPs
from models.rules.rule import Form
from models.rules.scores import Broadcast, anywhere, by_place, other_images, share_of_sign
from models.train import train
from models.training import begin
from tests.proof.table import (
    LOCAL,
    VARIANTS,
    Case,
    difference_rows,
    hebbian_rows,
    loss_rows,
)

LEARNING = tuple(word for word, row in RULES.items() if row.loss_at != "none")


def named(variant):
    return "-".join(variant.values())


def runs(word, images, labels, epochs=2, **changes):
    values = {"encoder": "vgg6-tiny", "batch": 16, "device": "cpu", "precision": "float32"}
    config = TrainConfig(rule=word, epochs=epochs, **{**values, **changes})
    return list(train(config, images, labels=labels))


@pytest.fixture(scope="module")
def photos():
    """64 training crops of the built-in photographs, of all ten classes, and their labels."""
    chosen = [p for p in pictures(0) if p.split == TRAIN][::31][:64]
    return np.stack([p.pixels for p in chosen]), np.array([p.label for p in chosen])


@pytest.mark.parametrize("word", RULES)
def test_a_seed_reproduces_the_weights_and_another_does_not(word, photos):
    def end(seed):
        *_, last = runs(word, photos[0][:20], photos[1][:20], 1, seed=seed)
        return torch.cat([p.detach().flatten() for p in last.training.encoder.parameters()])

    assert torch.equal(end(0), end(0))
    assert not torch.equal(end(0), end(1))


@pytest.mark.slow
@pytest.mark.parametrize("word", LEARNING)
def test_the_loss_falls_on_photographs_at_every_layer_that_has_one(word, photos):
    steps = runs(word, *photos, epochs=20, learning_rate=2e-3, crop=48, steps=3)
    losses = [p.losses for p in steps][1:]
    first, last = torch.stack(losses[:12]).mean(0), torch.stack(losses[-12:]).mean(0)
    assert len(first) == (1 if RULES[word].loss_at == "top" else 6)
    assert (last < 0.95 * first).all()


@pytest.mark.parametrize("variant", VARIANTS, ids=named)
def test_gradient_crosses_layers_only_where_the_rule_says_so(variant):
    case = Case(variant)
    for own in case.rule.layers:
        case.loss(own).backward()
        for number, layer in enumerate(case.encoder.layers):
            reached = [weight.grad is not None for weight in layer.parameters()]
            taught = number <= own if RULES[variant["rule"]].crosses else number == own
            assert reached == [taught] * 2
        mine = case.rule.parameters_of(own)
        assert all(weight.grad.norm() > 0 for weight in mine)
        others = [p for p in case.rule.parameters() if all(p is not m for m in mine)]
        assert all(weight.grad is None for weight in others)
        case.encoder.zero_grad(set_to_none=True)
        case.rule.zero_grad(set_to_none=True)


@pytest.mark.parametrize("variant", VARIANTS, ids=named)
def test_the_loss_equals_a_slow_double_loop(variant):
    rows = list(loss_rows(variant))
    assert rows
    assert [str(row) for row in rows if row.figure > row.bound] == []


@pytest.mark.slow
@pytest.mark.parametrize("variant", VARIANTS, ids=named)
def test_the_gradient_equals_central_differences(variant):
    rows = list(difference_rows(variant))
    assert rows
    assert [str(row) for row in rows if row.figure > row.bound] == []


@pytest.mark.parametrize("precision", ["float64", "float32"])
@pytest.mark.parametrize("variant", LOCAL, ids=named)
def test_four_factors_equal_autograd(variant, precision):
    rows = list(hebbian_rows(variant, precision))
    assert len(rows) == 6 * (3 if variant.get("symmetric") == "yes" else 4)
    assert [str(row) for row in rows if row.figure > row.bound] == []


@pytest.mark.slow
@pytest.mark.parametrize("variant", LOCAL, ids=named)
def test_fifty_steps_of_four_factors_end_where_autograd_does(variant, photos):
    def end(update):
        *_, last = runs(
            **variant_of(variant), images=photos[0][:15], labels=None, epochs=10, batch=3,
            crop=40, steps=2, precision="float64", learning_rate=1e-3, update=update,
        )  # fmt: skip
        assert last.step == 50
        training = last.training
        return [*training.encoder.parameters(), *training.rule.parameters()]

    for a, b in zip(end("hebbian"), end("autograd"), strict=True):
        assert (a - b).abs().max() < 1e-9


def variant_of(variant):
    return {"word": variant["rule"]} | {k: v for k, v in variant.items() if k != "rule"}


@pytest.mark.parametrize("word", [word for word in RULES if not RULES[word].labels])
def test_a_rule_without_labels_never_looks_at_them(word, photos):
    images = photos[0][:20]
    *_, blind = runs(word, images, None, 1)
    *_, told = runs(word, images, np.arange(20) % 3, 1)
    pairs = zip(
        blind.training.encoder.parameters(), told.training.encoder.parameters(), strict=True
    )
    assert all(torch.equal(a, b) for a, b in pairs)


@pytest.mark.parametrize("word", ["supervised", "greedy-supervised"])
def test_a_rule_with_labels_refuses_images_without(word, photos):
    with pytest.raises(DataError, match=f"rule {word} learns from labels of at least two classes"):
        runs(word, photos[0], np.full(len(photos[0]), -1))


def test_images_without_a_label_are_left_out_of_supervised_training(photos):
    images, labels = photos[0][:20], photos[1][:20].copy()
    labels[::2] = -1
    *_, last = runs("supervised", images, labels, 1)
    assert last.training.images == 10


def test_every_rule_with_one_input_starts_from_the_same_encoder(photos):
    starts = {}
    for word, row in RULES.items():
        first = runs(word, photos[0][:20], photos[1][:20], 0)[0].training.encoder
        starts.setdefault(row.own["colour"], []).append(first.layers[5].weight.clone())
    for weights in starts.values():
        assert all(torch.equal(weights[0], other) for other in weights)


def test_a_batch_of_one_sign_only_has_no_term_for_the_other():
    ones = torch.ones(3, dtype=torch.int64)
    loss = torch.tensor([1.0, 2.0, 3.0])
    for y in (ones, -ones):
        assert (share_of_sign(y, loss) * loss).sum() == 2.0


def test_the_two_halves_of_a_batch_are_averaged_separately():
    y = torch.tensor([1, 1, -1])
    loss = torch.tensor([1.0, 3.0, 10.0])
    assert (share_of_sign(y, loss) * loss).sum() == 12.0


def form(widths, side=7):
    return Form(widths, (side,) * len(widths))


def test_half_of_all_draws_are_fixations_and_the_other_image_is_any_image():
    generator = torch.Generator().manual_seed(0)
    rule = CLAPP(form((2,)), generator)
    draws = [rule.draw(32, generator) for _ in range(300)]
    fixations = torch.stack([draw.y[0, 0] for draw in draws])
    assert set(fixations.unique().tolist()) == {-1, 1}
    assert abs(float((fixations > 0).double().mean()) - 0.5) < 0.02
    other = torch.stack([draw.other[0, 0] for draw in draws])
    assert other.shape == (300, 5, 32)
    assert set(other.unique().tolist()) == set(range(32))


def test_one_draw_serves_the_network_unless_each_layer_is_to_have_its_own():
    generator = torch.Generator().manual_seed(0)
    shared = CLAPP(form((3, 3)), generator).draw(64, generator)
    assert (shared.y == shared.y[0, 0]).all()
    assert (shared.other == shared.other[0, 0]).all()
    own = CLAPP(form((3, 3)), generator, draw="per-layer").draw(64, generator)
    fates = own.y.flatten(0, 1)
    assert len(fates.unique(dim=0)) == 4  # two layers with two terms each


def test_stop_gradients_leave_each_matrix_its_own_side():
    generator = torch.Generator().manual_seed(0)
    rule = CLAPP(form((4,)), generator).double()
    z = torch.rand(4, 4, 7, 7, generator=generator, dtype=torch.float64, requires_grad=True)
    ones, zeros = torch.ones(1, 2, 4, dtype=torch.int64), torch.zeros(1, 2, 5, 4, dtype=torch.int64)
    with torch.no_grad():
        rule.W_retro[0].zero_()
    rule.loss(0, z, Broadcast(ones, zeros)).backward()
    assert z.grad[:, :, :2].abs().max() == 0  # rows 0, 1 are context only; W_retro is silent
    assert z.grad[:, :, 2:].abs().max() > 0  # the rest are futures, taught through W_pred


def test_one_matrix_serves_both_directions_of_the_symmetric_version():
    generator = torch.Generator().manual_seed(0)
    two = CLAPPs(form((4,)), generator)
    one = CLAPPs(form((4,)), generator, symmetric="yes")
    assert (len(list(two.parameters())), len(list(one.parameters()))) == (2, 1)
    assert (two.terms, one.terms) == (2, 1)


def test_negatives_from_anywhere_are_future_patches_of_any_image():
    generator = torch.Generator().manual_seed(0)
    z = torch.arange(4 * 7 * 7.0).view(4, 1, 7, 7)
    draw = anywhere(4, 16, 7, 5, generator)
    for k in (1, 5):
        future = by_place(z)[:, k + 1 :]
        wrong = draw.futures(future, k)
        assert wrong.shape == (4, 16, 6 - k, 7, 1)
        assert set(wrong.unique().tolist()) <= set(future.unique().tolist())
        assert torch.equal(future.flatten()[draw.places(future, k)], wrong[..., 0])
    assert len(draw.futures(by_place(z)[:, 2:], 1).unique()) > 100


def test_one_other_image_stands_for_all_places():
    generator = torch.Generator().manual_seed(0)
    z = torch.arange(4 * 7 * 7.0).view(4, 1, 7, 7)
    draw = other_images(4, 5, generator)
    future = by_place(z)[:, 3:]
    wrong = draw.futures(future, 2)
    assert torch.equal(wrong[:, 0, ..., 0], z[draw.other[1]][:, 0, 3:])
    assert torch.equal(future.flatten()[draw.places(future, 2)], wrong[..., 0])


def test_every_row_of_the_table_loads_a_rule_and_says_what_it_is():
    for word, row in RULES.items():
        widths, generator = (4, 4), torch.Generator().manual_seed(0)
        rule = row.load()(Form(widths, (7, 7), 2, 3), generator)
        assert row.word == word
        assert row.sentence.endswith(".")
        where = {"every layer": (0, 1), "top": (1,), "none": ()}
        assert tuple(rule.layers) == where[row.loss_at]


def test_every_rule_of_one_kind_meets_the_same_views_in_every_step(photos, monkeypatch):
    seen = {}
    for word, row in RULES.items():
        if row.loss_at == "none":
            continue
        given = getattr(models.train, "two_views" if row.sees == "image" else "random_views")

        def kept(images, generator, crop, colour, word=word, given=given):
            views = given(images, generator, crop, colour)
            seen.setdefault(word, []).append(views)
            return views

        monkeypatch.setattr(models.train, given.__name__, kept)
        runs(word, photos[0][:20], photos[1][:20], 2)
        monkeypatch.setattr(models.train, given.__name__, given)
    patches = [views for word, views in seen.items() if RULES[word].sees == "patches"]
    assert len(patches) == 7 and {len(views) for views in patches} == {4}
    for views in patches[1:]:
        assert all(torch.equal(a, b) for a, b in zip(views, patches[0], strict=True))


WITH_MATRICES = tuple(word for word, row in RULES.items() if "w_init" in row.options)


@pytest.mark.parametrize("word", WITH_MATRICES)
def test_prediction_matrices_begin_near_the_identity_over_the_width(word):
    uniform, identity = (
        begin(TrainConfig(rule=word, encoder="vgg6-tiny", w_init=init, device="cpu"))
        for init in ("uniform", "identity")
    )
    for one, other in zip(uniform.rule.parameters(), identity.rule.parameters(), strict=True):
        assert torch.allclose(other, torch.eye(one.shape[-1]) / one.shape[-1] + one / 100)
    first = zip(uniform.encoder.parameters(), identity.encoder.parameters(), strict=True)
    assert all(torch.equal(*pair) for pair in first)


def test_only_rules_with_square_prediction_matrices_begin_as_the_identity():
    assert set(WITH_MATRICES) == {"clapp", "clapp-s", "hinge-cpc", "greedy-infomax", "cpc"}
    with pytest.raises(ConfigError, match=r"rule clapp\+\+ has no w_init"):
        TrainConfig(rule="clapp++", w_init="identity")
