"""Layers are cut so that the slowest block takes as little time as can be."""

import torch

from models.config import TrainConfig
from models.parallel.balance import balanced, seconds_of_layers
from models.training import begin


def test_the_slowest_block_is_as_fast_as_can_be():
    assert balanced([1, 1, 1, 1, 1, 1], 2) == [range(0, 3), range(3, 6)]
    assert balanced([5, 1, 1, 1, 1, 1], 2) == [range(0, 1), range(1, 6)]
    assert balanced([4, 4, 1, 1, 1, 5], 3) == [range(0, 1), range(1, 4), range(4, 6)]
    assert balanced([1, 2, 3], 3) == [range(0, 1), range(1, 2), range(2, 3)]


def test_measuring_leaves_the_training_as_it_was():
    training = begin(TrainConfig(encoder="vgg6-tiny", device="cpu", batch=4))
    before = [weight.clone() for weight in training.encoder.parameters()]
    images = torch.randint(256, (4, 3, 96, 96), dtype=torch.uint8)
    taken = seconds_of_layers(training, images)
    assert len(taken) == 6 and min(taken) > 0
    after = training.encoder.parameters()
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))
    states = [state for each in training.optimisers for state in each.state.values()]
    assert states and not any(moment.any() for state in states for moment in state.values())
