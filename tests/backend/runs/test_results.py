"""What is written is read back; what is half written, damaged or missing is one sentence."""

import errno
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from backend.runs import results as layout
from backend.runs.arrays import ANALYSES, ARRAYS, OPTIONAL, quantised
from backend.runs.results import TOLD, Results
from models.errors import RunError


@pytest.fixture
def results(tmp_path: Path) -> Results:
    return Results(tmp_path / "birds-0a1b")


def arrays(what: str) -> dict[str, np.ndarray]:
    draw = np.random.default_rng(0)
    return {n: (draw.random((4, 3)) * 100).astype(kind) for n, kind in ARRAYS[what].items()}


def summary(**more) -> dict:
    told = dict.fromkeys(TOLD, {}) | {"dataset": "birds", "split": "test", "n_test": 4}
    return told | {"done": list(ANALYSES)} | more


@pytest.mark.parametrize("what", sorted(ARRAYS))
def test_every_kind_of_result_is_read_back(results: Results, what: str):
    results.write(what, 3, 2, arrays(what))
    found = results.read(what, 3, 2)
    assert {name: array.dtype for name, array in found.items()} == ARRAYS[what]
    for name, array in arrays(what).items():
        assert found[name] == pytest.approx(array, rel=1e-3)
    assert results.has(what, 3, 2) and not results.has(what, 3, 1)


def test_layer_0_lies_with_the_input_whatever_the_epoch(results: Results):
    results.write("embedding", 3, 0, arrays("embedding"))
    assert results.has("embedding", 7, 0) and results.has("embedding", None, 0)
    assert results.path("embedding", 3, 0).parent.name == "input"


def test_without_labels_the_class_arrays_are_left_out(results: Results):
    some = {n: a for n, a in arrays("selectivity").items() if n not in OPTIONAL}
    results.write("selectivity", 0, 1, some | {"dprime": None})
    assert set(results.read("selectivity", 0, 1)) == set(some)


def test_an_epoch_counts_when_it_and_the_input_are_complete(results: Results):
    results.write_summary(3, summary())
    results.write_summary(10, summary(done=["activity"]))
    assert results.epochs() == []
    results.write_summary(None, summary())
    assert results.epochs() == [3]
    results.write_summary(10, summary())
    assert results.epochs() == [3, 10]


def test_an_epoch_is_begun_when_its_units_are_there_and_not_all_else(results: Results):
    half = summary(done=[], seconds={"selectivity": 0.1})
    results.write_summary(3, half)
    assert results.standing() == ([], []), "nothing is told of the input"
    results.write_summary(None, half)
    assert results.standing() == ([], [3])
    results.write_summary(10, summary(done=[], seconds={}))
    results.write_summary(12, half | {"dataset": "cats"})
    assert results.standing() == ([], [3])
    results.write_summary(3, summary(seconds={"selectivity": 0.1}))
    assert results.standing() == ([], [3]), "the input is not complete"
    results.write_summary(None, summary())
    assert results.standing() == ([3], [])


def test_an_epoch_analysed_on_other_images_than_the_input_is_not_shown(results: Results):
    results.write_summary(None, summary())
    results.write_summary(3, summary())
    results.write_summary(10, summary(dataset="cats"))
    assert results.epochs() == [3]


def test_order_and_features(results: Results):
    ids, labels = np.array([5, 8, 9]), np.array([1, -1, 0])
    results.write_order(1, ids, labels)
    assert results.ids(1).dtype == np.int32 and results.ids(1).tolist() == [5, 8, 9]
    assert results.labels(1).dtype == np.int16 and results.labels(1).tolist() == [1, -1, 0]
    assert results.features(1, 2, "test") is None
    with results.new_arrays(1, {("features-test", 2): (3, 4)}) as new:
        new["features-test", 2][:] = 7
        assert results.features(1, 2, "test") is None
    assert (results.features(1, 2, "test") == 7).all()


def test_arrays_of_an_interrupted_pass_leave_nothing_behind(results: Results):
    with pytest.raises(KeyboardInterrupt), results.new_arrays(1, {("features-test", 2): (3, 4)}):
        raise KeyboardInterrupt
    assert list(results.folder(1).iterdir()) == []


@pytest.mark.parametrize("damage", ["empty", "cut", "text", "a bit", "other kind", "pickle"])
def test_a_damaged_file_is_one_sentence_that_names_it(results: Results, damage: str):
    results.write("neighbours", 3, 2, arrays("neighbours"))
    path = results.path("neighbours", 3, 2)
    data = bytearray(path.read_bytes())
    if damage == "a bit":
        data[len(data) // 2] ^= 0xFF
    path.write_bytes({"empty": b"", "text": b"hello"}.get(damage, bytes(data)))
    if damage == "cut":
        path.write_bytes(data[:-40])
    if damage == "other kind":
        np.savez(path, **{name: np.zeros(3, "f8") for name in ARRAYS["neighbours"]})
    if damage == "pickle":
        np.savez(path, **{name: np.array([{}], object) for name in ARRAYS["neighbours"]})
    with pytest.raises(RunError) as caught:
        results.read("neighbours", 3, 2)
    assert "analysis/epoch-0003/neighbours-2.npz of run birds-0a1b is damaged" in str(caught.value)
    assert not results.has("neighbours", 3, 2)


def test_what_was_never_analysed_says_so(results: Results):
    with pytest.raises(RunError, match="has no analysis/epoch-0003/analysis.json; analyse it"):
        results.summary(3)
    with pytest.raises(RunError, match="has no analysis/input/ids.npy; analyse it first"):
        results.ids(None)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"done": 3}', "{}"])
def test_a_damaged_summary_is_one_sentence(results: Results, text: str):
    results.write_summary(3, summary())
    (results.folder(3) / "analysis.json").write_text(text)
    with pytest.raises(RunError, match="analysis.json of run birds-0a1b is damaged"):
        results.summary(3)
    assert not results.complete(3)


def test_a_full_disk_is_one_sentence_and_keeps_the_old_file(results: Results, monkeypatch):
    results.write("embedding", 3, 2, arrays("embedding"))

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(RunError, match="No space left on device.*make room"):
        results.write("embedding", 3, 2, {"x": [1], "y": [1], "kept_neighbours": 0})
    assert results.read("embedding", 3, 2)["x"].shape == (4, 3)
    monkeypatch.setattr("os.posix_fallocate", full, raising=False)
    with (
        pytest.raises(RunError, match="No space left on device"),
        results.new_arrays(3, {("features-test", 1): (2, 2)}),
    ):
        pass
    assert [path.name for path in results.folder(3).iterdir()] == ["embedding-2.npz"]


def test_a_number_that_json_does_not_know_is_never_written(results: Results):
    results.write_summary(3, summary())
    with pytest.raises(ValueError, match="not JSON compliant"):
        results.write_summary(3, summary(seconds=float("nan")))
    assert results.complete(3)


def test_responses_come_back_within_half_a_level(results: Results):
    values = np.random.default_rng(1).normal(2, 3, (50, 4)).astype(np.float32)
    values[:, 3] = 0.25
    results.write("responses", 1, 2, quantised(values))
    for unit in range(4):
        step = np.ptp(values[:, unit]) / 255
        found = results.response(1, 2, unit)
        assert abs(found - values[:, unit]).max() <= step / 2 + 1e-6


def test_reading_results_needs_no_torch():
    code = f"import sys, {layout.__name__}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
