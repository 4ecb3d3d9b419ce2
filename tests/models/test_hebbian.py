"""The explicit four-factor update is the gradient of the loss, for every weight of every layer."""

import pytest
import torch

from models.encoder import Encoder, entrance, pooled
from models.hebbian import clapp_update
from models.rules.clapp import CLAPP


def distance(a, b):
    return float((a - b).norm() / (a.norm() + b.norm()))


def updates(dtype, seed=0, images=5, scale=1.0):
    """Both derivations, layer by layer: (layer, name, explicit update, minus the gradient)."""
    generator = torch.Generator().manual_seed(seed)
    encoder = Encoder("vgg6-tiny", 1, generator).to(dtype)
    rule = CLAPP(encoder.widths, 5, generator).to(dtype)
    with torch.no_grad():
        for weight in rule.parameters():
            weight.mul_(scale)
    views = torch.randn(images, 1, 64, 64, generator=generator, dtype=dtype)
    draw = rule.draw(images, generator)
    x = entrance(views)
    for number, layer in enumerate(encoder.layers):
        explicit = clapp_update(rule, number, layer, x, draw)
        out = layer(x)
        rule.loss(number, pooled(out, images), draw).backward()
        for name, weight in (
            ("weight", layer.weight),
            ("bias", layer.bias),
            ("W_pred", rule.W_pred[number]),
            ("W_retro", rule.W_retro[number]),
        ):
            yield number + 1, name, getattr(explicit, name), -weight.grad
        x = out.detach()


@pytest.mark.parametrize("seed", range(3))
def test_four_factors_equal_autograd_in_double_precision(seed):
    rows = list(updates(torch.float64, seed))
    assert len(rows) == 24
    for layer, name, explicit, gradient in rows:
        assert gradient.norm() > 0, (layer, name)
        assert distance(explicit, gradient) < 1e-10, (layer, name)


def test_four_factors_equal_autograd_when_many_hinges_are_at_rest():
    for layer, name, explicit, gradient in updates(torch.float64, scale=300.0):
        assert distance(explicit, gradient) < 1e-10, (layer, name)


def test_four_factors_equal_autograd_in_single_precision():
    for layer, name, explicit, gradient in updates(torch.float32):
        # The terms of a bias nearly cancel, so float32 leaves it fewer digits.
        bound = 1e-3 if name == "bias" else 2e-5
        assert distance(explicit, gradient) < bound, (layer, name)
