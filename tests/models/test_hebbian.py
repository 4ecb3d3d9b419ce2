"""Are the factors of an update what they are said to be, and is it summed over all patches?"""

import pytest
import torch
from torch.nn import functional as F

from models import hebbian
from models.encoder import Layer
from models.hebbian import postsynaptic, synapses


@pytest.mark.parametrize("pool", [False, True])
def test_the_postsynaptic_factor_is_the_slope_of_the_mean_at_0_too(pool: bool) -> None:
    a = torch.randn(3, 2, 4, 4, generator=torch.Generator().manual_seed(0))
    a[0, 0], a[1] = 0, a[1].relu()  # silent everywhere, and at 0 in half of the places
    a.requires_grad_()
    z = torch.relu(F.max_pool2d(a, 2) if pool else a).mean((2, 3))
    (slope,) = torch.autograd.grad(z.sum(), a)
    assert torch.equal(postsynaptic(a.detach(), pool), slope.flatten(2))
    assert not slope[0, 0].any() and slope[1].any()


def test_an_update_summed_in_parts_is_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    made = torch.Generator().manual_seed(0)
    layer = Layer(3, 5, True, made, "uniform")
    x, drive = torch.rand(11, 3, 4, 4, generator=made), torch.randn(11, 5, generator=made)
    a = F.conv2d(x, layer.weight, layer.bias, padding=1).detach()
    found = []
    for patches in (11, 4):
        monkeypatch.setattr(hebbian, "PATCHES", patches)
        found.append(synapses(layer, a, x, drive))
    for whole, parts in zip(*found, strict=True):
        torch.testing.assert_close(parts, whole)
