"""The loss is the paper's, its gradient stays in its layer, and its draw is broadcast."""

import pytest
import torch

from models.encoder import Encoder, entrance, pooled
from models.rules import RULES
from models.rules.clapp import CLAPP
from models.rules.scores import Broadcast, mean_of_signs


def double_loop_loss(z, W_pred, W_retro, draw, steps):
    """Method A.5 and A.9 as loops over images and places, one pair at a time."""
    images, _, grid, _ = z.shape
    total = 0.0
    for k in range(1, steps + 1):
        d = k + 1
        sums = {+1: [], -1: []}
        for b in range(images):
            y = int(draw.y[b])
            source = b if y > 0 else int(draw.other[k - 1, b])
            losses = []
            for row in range(grid - d):
                for column in range(grid):
                    c, future = z[b, :, row, column], z[source, :, row + d, column]
                    u_pred = future @ W_pred[k - 1] @ c
                    u_retro = c @ W_retro[k - 1] @ future
                    losses.append(max(0.0, 1 - y * u_pred) + max(0.0, 1 - y * u_retro))
            sums[y].append(sum(losses) / len(losses))
        total += sum(sum(half) / len(half) for half in sums.values() if half)
    return total / steps


@pytest.mark.parametrize("seed", range(4))
def test_the_loss_equals_a_slow_double_loop(seed):
    generator = torch.Generator().manual_seed(seed)
    rule = CLAPP((6,), 5, generator).double()
    z = torch.rand(4, 6, 7, 7, generator=generator, dtype=torch.float64) * 2
    draw = rule.draw(4, generator)
    slow = double_loop_loss(z, rule.W_pred[0], rule.W_retro[0], draw, 5)
    assert abs((rule.loss(0, z, draw) - slow).item()) < 1e-10


def test_a_batch_of_one_sign_only_has_no_term_for_the_other():
    ones = torch.ones(3, dtype=torch.int64)
    assert mean_of_signs(torch.tensor([1.0, 2.0, 3.0]), ones) == 2.0
    assert mean_of_signs(torch.tensor([1.0, 2.0, 3.0]), -ones) == 2.0


def test_the_two_halves_of_a_batch_are_averaged_separately():
    y = torch.tensor([1, 1, -1])
    assert mean_of_signs(torch.tensor([1.0, 3.0, 10.0]), y) == 12.0


def test_half_of_all_draws_are_fixations_and_the_other_image_is_any_image():
    generator = torch.Generator().manual_seed(0)
    rule = CLAPP((2,), 5, generator)
    draws = [rule.draw(32, generator) for _ in range(300)]
    fixations = torch.stack([draw.y for draw in draws])
    assert set(fixations.unique().tolist()) == {-1, 1}
    assert abs(float((fixations > 0).double().mean()) - 0.5) < 0.02
    other = torch.stack([draw.other for draw in draws])
    assert other.shape == (300, 5, 32)
    assert set(other.unique().tolist()) == set(range(32))


def test_one_draw_serves_every_layer_and_both_predictions():
    generator = torch.Generator().manual_seed(0)
    rule = CLAPP((3, 3), 1, generator)
    with torch.no_grad():
        rule.W_pred[1].copy_(rule.W_pred[0])
        rule.W_retro[1].copy_(rule.W_retro[0])
    z = torch.rand(8, 3, 7, 7, generator=generator)
    draw = rule.draw(8, generator)
    assert isinstance(draw, Broadcast)
    assert rule.loss(0, z, draw) == rule.loss(1, z, draw)


def test_a_layer_never_sees_the_loss_of_another():
    generator = torch.Generator().manual_seed(0)
    encoder = Encoder("vgg6-tiny", 1, generator)
    rule = CLAPP(encoder.widths, 5, generator)
    views = torch.randn(4, 1, 64, 64, generator=generator)
    draw = rule.draw(4, generator)
    for own in rule.layers:
        x = entrance(views)
        for number, layer in enumerate(encoder.layers):
            x = layer(x.detach())
            if number == own:
                rule.loss(number, pooled(x, 4), draw).backward()
        for number, layer in enumerate(encoder.layers):
            weights = [*layer.parameters(), *rule.parameters_of(number)]
            grads = [weight.grad for weight in weights]
            if number == own:
                assert all(grad is not None and grad.norm() > 0 for grad in grads)
            else:
                assert grads == [None] * len(grads)
        encoder.zero_grad(set_to_none=True)
        rule.zero_grad(set_to_none=True)


def test_stop_gradients_leave_each_matrix_its_own_side():
    generator = torch.Generator().manual_seed(0)
    rule = CLAPP((4,), 5, generator).double()
    z = torch.rand(4, 4, 7, 7, generator=generator, dtype=torch.float64, requires_grad=True)
    draw = Broadcast(torch.ones(4, dtype=torch.int64), torch.zeros(5, 4, dtype=torch.int64))
    with torch.no_grad():
        rule.W_retro[0].zero_()
    rule.loss(0, z, draw).backward()
    assert z.grad[:, :, :2].abs().max() == 0  # rows 0, 1 are context only; W_retro is silent
    assert z.grad[:, :, 2:].abs().max() > 0  # the rest are futures, taught through W_pred


def test_every_row_of_the_table_loads_a_rule_and_says_what_it_is():
    for word, row in RULES.items():
        rule = row.load()((4, 4), 2, torch.Generator().manual_seed(0))
        assert row.word == word
        assert row.sentence.endswith(".")
        assert bool(rule.layers) == (row.loss_at != "none")
