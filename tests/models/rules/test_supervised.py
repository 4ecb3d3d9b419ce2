"""Where does a classifier that learns with an encoder start?"""

import torch

from models.rules.supervised import Reader


def test_a_reader_starts_uniform_within_one_over_the_root_of_its_channels() -> None:
    reader = Reader(400, 90, torch.Generator().manual_seed(0))
    assert 0.0499 < reader.weight.abs().max() <= 0.05
    assert 0.045 < reader.bias.abs().max() <= 0.05
