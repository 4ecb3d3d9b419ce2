"""CKA is what the kernels written out say, and knows what does not matter and what cannot be."""

import numpy as np
import pytest

from backend.analysis import similarity
from backend.analysis.similarity import cka, table


def by_loops(x: np.ndarray, y: np.ndarray) -> float:
    """Unbiased CKA from sums over kernels whose diagonals are zero, one product at a time."""
    n = len(x)

    def kernel(features: np.ndarray) -> list[list[float]]:
        k = [[sum(a * b for a, b in zip(p, q, strict=True)) for q in features] for p in features]
        return [[0.0 if i == j else v for j, v in enumerate(row)] for i, row in enumerate(k)]

    def hsic(k: list[list[float]], l: list[list[float]]) -> float:  # noqa: E741
        every = range(n)
        trace = sum(k[i][j] * l[j][i] for i in every for j in every)
        sums = sum(map(sum, k)) * sum(map(sum, l)) / ((n - 1) * (n - 2))
        middle = sum(k[i][j] * l[j][m] for i in every for j in every for m in every)
        return (trace + sums - 2 * middle / (n - 2)) / (n * (n - 3))

    k, l = kernel(x), kernel(y)  # noqa: E741
    return hsic(k, l) / (hsic(k, k) * hsic(l, l)) ** 0.5


def biased(x: np.ndarray, y: np.ndarray) -> float:
    x, y = x - x.mean(0), y - y.mean(0)
    return np.sum((x.T @ y) ** 2) / np.sqrt(np.sum((x.T @ x) ** 2) * np.sum((y.T @ y) ** 2))


@pytest.mark.parametrize(("n", "a", "b"), [(4, 3, 5), (9, 2, 30), (14, 6, 4)])
def test_it_is_what_the_kernels_written_out_say(n: int, a: int, b: int) -> None:
    draw = np.random.default_rng(n)
    x, y = draw.normal(3, 2, (n, a)), draw.normal(-1, 1, (n, b))
    y[:, 0] += x[:, 0]
    assert cka(x, y).value == pytest.approx(by_loops(x, y), abs=1e-10)


def test_turning_shifting_and_scaling_do_not_matter_and_stretching_does() -> None:
    draw = np.random.default_rng(0)
    x, y = draw.normal(size=(50, 8)), draw.normal(size=(50, 6))
    y += x[:, :6]
    turn = np.linalg.qr(draw.normal(size=(8, 8)))[0]
    same = cka(x, y).value
    assert cka(7 * x @ turn + 100, y).value == pytest.approx(same, abs=1e-10)
    assert cka(y, x).value == pytest.approx(same, abs=1e-12)
    assert abs(cka(x * np.arange(1, 9), y).value - same) > 0.01


def test_a_layer_is_like_itself() -> None:
    x = np.random.default_rng(0).normal(size=(30, 100))
    assert cka(x, x).value == pytest.approx(1, abs=1e-12)


def test_noise_has_nothing_in_common_though_units_outnumber_images() -> None:
    draw = np.random.default_rng(0)
    pairs = [(draw.normal(size=(40, 400)), draw.normal(size=(40, 400))) for _ in range(20)]
    assert abs(np.mean([cka(*pair).value for pair in pairs])) < 0.01
    assert min(biased(*pair) for pair in pairs) > 0.8


def test_many_layers_in_groups_and_blocks_are_the_same_as_two_at_a_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    draw = np.random.default_rng(0)
    shared = draw.normal(size=(12, 3))
    rows = [np.hstack([shared, draw.normal(size=(12, w))]) for w in (1, 4, 2, 9)]
    columns = [np.hstack([draw.normal(size=(12, w)), shared]) for w in (5, 3)]
    wanted = [[cka(x, y).value for y in columns] for x in rows]
    for size in (1, 40, 100, 10_000):
        monkeypatch.setattr(similarity, "GROUP", size)
        found = table([lambda x=x: x for x in rows], [lambda y=y: y for y in columns])
        assert np.allclose([[c.value for c in row] for row in found], wanted, atol=1e-12)


@pytest.mark.parametrize("constant", [0.0, 0.1, 3e7])
def test_where_there_is_none_it_says_why(constant: float) -> None:
    x = np.random.default_rng(0).normal(size=(20, 5))
    flat, lone = np.full((20, 5), constant, np.float32), np.zeros((20, 5))
    lone[3] = 2.5
    for other in (flat, lone):
        assert cka(x, other).value is None and "the column's layer" in cka(x, other).reason
        assert "the row's layer answers alike" in cka(other, x).reason
        assert "both layers" in cka(other, other).reason
    assert cka(x[:3], x[:3]).reason == "there are 3 images, and CKA needs 4"
    assert cka(x[:4], x[:4]).value == pytest.approx(1)
    with pytest.raises(ValueError, match="19 and 20 images"):
        cka(x, x[:19])
