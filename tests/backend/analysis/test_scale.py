"""Features are brought to one size, each by itself."""

import numpy as np
import pytest

from backend.analysis.scale import Scale, vary


def features(n: int = 50, width: int = 600) -> np.ndarray:
    draw = np.random.default_rng(0)
    return draw.normal(50, draw.uniform(0.01, 9, width), (n, width)).astype(np.float32)


def test_every_feature_gets_mean_0_and_variance_1():
    scaled = Scale.of(features()).apply(features())
    assert scaled.dtype == np.float32
    assert scaled.mean(0) == pytest.approx(0, abs=1e-3)
    assert scaled.std(0) == pytest.approx(1, rel=1e-4)


def test_a_feature_that_does_not_vary_becomes_0_and_not_its_rounding_errors():
    x = features()
    x[:, 3], x[:, 4] = 0.1, 0
    x[::2, 3] = np.nextafter(x[0, 3], np.float32(1))
    scaled = Scale.of(x).apply(x)
    assert abs(scaled[:, 3:5]).max() < 1e-6


def test_rows_that_differ_by_rounding_alone_do_not_vary():
    x = np.tile(features(1), (50, 1))
    x[7] = np.nextafter(x[7], np.float32(99))
    assert not vary(x)
    x[7, 5] *= 1.001
    assert vary(x)


def test_the_scale_of_some_images_applies_to_others():
    x = features()
    part = Scale.of(x[:30])
    wanted = (x[30:] - x[:30].mean(0, dtype=float)) / x[:30].std(0, dtype=float)
    assert part.apply(x[30:]) == pytest.approx(wanted, rel=1e-3, abs=1e-3)
