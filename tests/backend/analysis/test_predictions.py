"""Do predicted and actual responses meet where they must, and as plain loops find them?"""

import numpy as np
import pytest
import torch

from backend.analysis.predictions import PAIRS, drawn, matrices_of, predictions
from backend.runs.arrays import ARRAYS
from models.rules import RULES
from models.rules.rule import Form

STEPS, SIDE = 3, 6


def varied(images: int = 4, units: int = 5, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    z = torch.randn(images, units, SIDE, SIDE, generator=generator, dtype=torch.float64)
    return z.relu()


def test_identity_predicts_columns_that_do_not_change_and_the_other_image_badly():
    z = varied(8)[:, :, :1].expand(8, 5, SIDE, SIDE).contiguous()  # every row is as the first
    found = predictions(torch.eye(5, dtype=torch.float64).expand(STEPS, 5, 5), z, np.arange(8), 0)
    assert found["true"] == pytest.approx(1)
    assert (found["wrong"] < 0.9).all()
    turned = predictions(-torch.eye(5, dtype=torch.float64).expand(STEPS, 5, 5), z, np.arange(8), 0)
    assert turned["true"] == pytest.approx(-1)


def test_it_is_what_plain_loops_find():
    generator = torch.Generator().manual_seed(1)
    W, z = torch.randn(STEPS, 5, 5, generator=generator, dtype=torch.float64), varied(6)
    ids = np.array([40, 41, 7, 3, 99, 12])
    found = predictions(W, z, ids, seed=2)
    for k in range(1, STEPS + 1):
        for j in range(5):
            pairs = {}
            for n in range(6):
                for row in range(SIDE - k - 1):
                    for column in range(SIDE):
                        told = sum(
                            float(W[k - 1, j, i]) * float(z[n, i, row, column]) for i in range(5)
                        )
                        twin = n - 1 if n % 2 else n + 1
                        futures = [float(z[m, j, row + k + 1, column]) for m in (n, twin)]
                        pairs[int(ids[n]), row, column] = (told, *futures)
            told, true, wrong = np.array(list(pairs.values())).T
            assert found["true"][k - 1, j] == pytest.approx(np.corrcoef(told, true)[0, 1], abs=1e-6)
            assert found["wrong"][k - 1, j] == pytest.approx(
                np.corrcoef(told, wrong)[0, 1], abs=1e-6
            )
            at = zip(
                *(found[name][k - 1].tolist() for name in ("image", "row", "column")), strict=True
            )
            chosen = np.array([pairs[place] for place in at])
            shown = [
                found[f"{name}_offset"][k - 1, j]
                + found[f"{name}_scale"][k - 1, j] * found[name][k - 1, j].astype(float)
                for name in ("prediction", "response")
            ]
            assert shown[0] == pytest.approx(chosen[:, 0], abs=np.ptp(chosen[:, 0]) / 255)
            assert shown[1] == pytest.approx(chosen[:, 1], abs=np.ptp(chosen[:, 1]) / 255)
            lent = shown[1].reshape(-1, 2)[:, ::-1].ravel()  # the wrong futures of the scatter
            assert lent == pytest.approx(chosen[:, 2], abs=np.ptp(chosen[:, 1]) / 255)


def test_a_silent_unit_has_no_r_and_spoils_no_other():
    z, W = varied(), torch.eye(5, dtype=torch.float64).expand(STEPS, 5, 5)
    z[:, 2] = 0
    found = predictions(W, z, np.arange(4), 0)
    assert np.isnan(found["true"][:, 2]).all() and np.isnan(found["wrong"][:, 2]).all()
    assert np.isfinite(np.delete(found["true"], 2, 1)).all()
    for name in ("prediction_scale", "prediction_offset", "response_scale", "response_offset"):
        assert np.isfinite(found[name]).all()


@pytest.mark.parametrize(("units", "pairs"), [(8, PAIRS), (1024, 32)])
def test_the_scatter_of_a_layer_stays_small(units, pairs):
    z, W = varied(16, units).float(), torch.zeros(5, units, units)
    z = torch.cat([z, z], 2)[:, :, :7]
    found = predictions(W, z, np.arange(16), 0)
    assert found["prediction"].shape == (5, units, pairs)
    assert found["prediction"].nbytes + found["response"].nbytes <= 330_000
    assert set(found) == set(ARRAYS["predictions"])


@pytest.mark.parametrize("images", [1, 2, 9, 10, 300])
def test_images_are_drawn_in_twos_and_each_once(images):
    rows = drawn(images, 0)
    assert len(rows) % 2 == 0 and len(set(rows)) == len(rows) == min(256, images // 2 * 2)
    assert (rows == drawn(images, 0)).all()


@pytest.mark.parametrize("rule", [word for word, row in RULES.items() if row.predicts])
def test_every_rule_that_predicts_has_a_matrix_for_each_of_its_layers(rule):
    form = Form((4, 6), (7, 7), STEPS)
    made = RULES[rule].load()(form, torch.Generator().manual_seed(0))
    for layer in made.layers:
        assert matrices_of(made, layer).shape == (STEPS, form.widths[layer], form.widths[layer])
