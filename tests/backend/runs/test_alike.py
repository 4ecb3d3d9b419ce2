"""Are rows standardised so that their products are correlations, and kept within a bound?"""

from pathlib import Path

import numpy as np
import pytest

from backend.runs.alike import Alike, largest, standardised
from backend.runs.arrays import quantised
from backend.runs.results import Results
from models.errors import RunError


def written(run: Path, layers: int = 3, seed: int = 0) -> Results:
    results, draw = Results(run), np.random.default_rng(seed)
    results.folder(1).mkdir(parents=True, exist_ok=True)
    for layer in range(1, layers + 1):
        values = draw.normal(size=(50, 20)).astype(np.float32)
        results.write("responses", 1, layer, quantised(values))
    return results


def test_the_product_of_two_rows_is_their_correlation():
    level = np.random.default_rng(0).integers(0, 256, (6, 40)).astype(np.uint8)
    level[4] = 7
    rows = standardised(level)
    whole = [0, 1, 2, 3, 5]
    assert (rows @ rows.T)[np.ix_(whole, whole)] == pytest.approx(
        np.corrcoef(level[whole]), abs=1e-6
    )
    assert np.isnan(rows[4]).all() and rows.dtype == np.float32


def test_no_more_layers_are_kept_than_fit_and_those_last_asked_for_stay(tmp_path):
    results, one = written(tmp_path / "run"), 20 * 50 * 4
    alike = Alike(memory=2 * one)
    first = [alike.rows(results, 1, layer) for layer in (1, 2, 1, 3)]
    assert first[2] is first[0]
    assert alike.rows(results, 1, 1) is first[0] and alike.rows(results, 1, 3) is first[3]
    assert alike.rows(results, 1, 2) is not first[1]
    assert sum(rows.nbytes for rows in alike.kept.values()) <= 2 * one


def test_a_layer_that_is_analysed_anew_is_read_anew(tmp_path):
    alike, run = Alike(), tmp_path / "run"
    before = alike.rows(written(run), 1, 1)
    assert not np.allclose(alike.rows(written(run, seed=1), 1, 1), before)


def test_a_layer_without_responses_is_a_sentence(tmp_path):
    with pytest.raises(RunError, match=r"has no .*responses-9.npz; analyse it first"):
        Alike().rows(written(tmp_path / "run"), 1, 9)


def test_the_largest_come_first_and_what_has_none_never():
    r = np.array([0.5, np.nan, 1, 0.5, -1], np.float32)
    assert largest(r, 8).tolist() == [2, 0, 3, 4]
    assert largest(r, 2, but=2).tolist() == [0, 3]
    assert largest(np.full(3, np.nan, np.float32), 8).tolist() == []
