"""Are the directions of the greatest variance found, and the same whoever else is at work?"""

from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from backend.analysis.directions import leading


@pytest.fixture
def x() -> torch.Tensor:
    """Features whose variances fall by a quarter from one direction to the next."""
    generator = torch.Generator().manual_seed(1)
    turned = torch.linalg.qr(torch.randn(40, 40, generator=generator)).Q
    x = torch.randn(300, 40, generator=generator) * 0.75 ** torch.arange(40) @ turned
    return x - x.mean(0)


def test_directions_and_variances_are_those_of_the_whole_decomposition(x: torch.Tensor) -> None:
    variance, axes = leading(x, 8)
    _, size, whole = torch.linalg.svd(x, full_matrices=False)
    assert torch.allclose(variance, size[:8] ** 2 / len(x), rtol=1e-4)
    assert torch.allclose((axes.T @ whole[:8].T).abs(), torch.eye(8), atol=1e-2)
    assert (axes.gather(0, axes.abs().argmax(0, keepdim=True)) > 0).all()


def test_threads_that_draw_at_once_change_no_bit(x: torch.Tensor) -> None:
    alone = leading(x, 8)[1]
    before = torch.random.get_rng_state()
    with ThreadPoolExecutor(4) as pool:
        for axes in pool.map(lambda _: leading(x, 8)[1], range(200)):
            assert torch.equal(axes, alone)
    assert torch.equal(torch.random.get_rng_state(), before)
