"""Is the postsynaptic factor the slope of a rectified unit's mean, pooled or not?"""

import pytest
import torch
from torch.nn import functional as F

from models.hebbian import postsynaptic


@pytest.mark.parametrize("pool", [False, True])
def test_it_is_the_slope_of_the_mean_also_where_a_unit_is_at_0(pool: bool) -> None:
    a = torch.randn(3, 2, 4, 4, generator=torch.Generator().manual_seed(0))
    a[0, 0], a[1] = 0, a[1].relu()  # silent everywhere, and at 0 in half of the places
    a.requires_grad_()
    z = torch.relu(F.max_pool2d(a, 2) if pool else a).mean((2, 3))
    (slope,) = torch.autograd.grad(z.sum(), a)
    assert torch.equal(postsynaptic(a.detach(), pool), slope.flatten(2))
    assert not slope[0, 0].any() and slope[1].any()
