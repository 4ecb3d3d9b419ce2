"""Where do prediction matrices start?"""

import torch

from models.rules.rule import matrices


def test_matrices_start_uniform_within_one_over_the_root_of_what_they_read() -> None:
    W = matrices(3, 400, 25, torch.Generator().manual_seed(0))
    assert W.shape == (3, 400, 25)
    assert 0.199 < W.max() <= 0.2 and -0.2 <= W.min() < -0.199
    assert abs(float(W.detach().std()) - 0.2 / 3**0.5) < 1e-3
