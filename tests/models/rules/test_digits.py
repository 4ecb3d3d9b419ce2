"""Does a gradient depend on which thread comes first?

Other tests compute with one thread, which cannot show it.
"""

import pytest
import torch

from models.config import TrainConfig
from models.rules import RULES
from models.training import begin
from tests.proof.table import VARIANTS

IMAGES = 256  # so many that two threads share a gradient


def named(variant):
    return "-".join(variant.values())


@pytest.fixture
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("variant", VARIANTS, ids=named)
def test_a_gradient_has_the_same_digits_each_time_it_is_computed(variant, two_threads):
    training = begin(TrainConfig(**variant, encoder="vgg6-tiny", precision="float32"), 64, 10)
    generator = torch.Generator().manual_seed(0)
    rule = training.rule
    images = torch.rand(IMAGES, training.encoder.channels, 64, 64, generator=generator)
    with torch.no_grad():
        z = training.encoder(images)[-1]
    draw = rule.draw(IMAGES, generator)
    if rule.hears_top:
        draw = draw._replace(top=z)
    if RULES[variant["rule"]].labels:
        draw = torch.arange(IMAGES) % 10
    z.requires_grad_()
    first, *others = (
        torch.autograd.grad(rule.loss(rule.layers[-1], z, draw), z)[0] for _ in range(10)
    )
    assert first.any()
    assert all(torch.equal(first, other) for other in others)
