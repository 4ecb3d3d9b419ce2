"""Is a run told as it is now, whatever happens to its directory meanwhile?"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.runs.catalogue import Catalogue
from backend.runs.folder import RunFolder
from backend.runs.results import Results
from backend.runs.store import Store
from tests.backend.runs.test_results import summary


@pytest.fixture
def catalogue(home: Path) -> Iterator[Catalogue]:
    """That of a home with the runs a-1 and a-2."""
    store = Store(home / "saccade.db")
    for run in ("a-1", "a-2"):
        about = {"id": run, "created": "2026", "config": {}, "dataset": "photos"}
        RunFolder(home / "runs" / run).create(about)
        store.add(run, "2026", "finished", 1, 1.0)
    yield Catalogue(store, home / "runs", home / "none")
    store.close()


def test_a_summary_written_anew_within_one_tick_of_the_clock_is_read_anew(
    catalogue: Catalogue,
) -> None:
    results = Results(catalogue.runs / "a-1")

    def told(epoch: int | None, **more: object) -> dict:
        results.write_summary(epoch, summary(**more))
        os.utime(results.folder(epoch) / "analysis.json", ns=(7, 7))
        return catalogue.one("a-1")

    told(None, seconds={"selectivity": 0.1})
    before = told(3, done=[], seconds={"selectivity": 0.1})
    assert (before["analysed"], before["begun"]) == ([], [3])
    after = told(3)
    assert (after["analysed"], after["begun"]) == ([3], [])
    assert before["stamps"][3] != after["stamps"][3]


def test_a_run_that_is_deleted_while_runs_are_listed_hides_no_other(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = RunFolder.checkpoints

    def looked(folder: RunFolder) -> list[int]:
        if folder.id == "a-1":
            raise FileNotFoundError  # as of a folder that went while it was listed
        return kept(folder)

    monkeypatch.setattr(RunFolder, "checkpoints", looked)
    assert [run["id"] for run in catalogue.all()] == ["a-2"]


def test_a_run_that_cannot_be_told_is_named_and_hides_no_other(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = RunFolder.checkpoints

    def looked(folder: RunFolder) -> list[int]:
        return kept(folder) if folder.id == "a-2" else 1 / 0

    monkeypatch.setattr(RunFolder, "checkpoints", looked)
    assert [run["id"] for run in catalogue.all()] == ["a-2"]
    [told] = catalogue.refusals()
    assert told.startswith("run a-1 cannot be shown: ") and "ZeroDivisionError" in told


def test_an_error_of_another_form_is_told_as_one_of_the_usual(catalogue: Catalogue) -> None:
    result = {"state": "failed", "error": "no room \udcff"}
    RunFolder(catalogue.runs / "a-1").write("result.json", result)
    error = {"code": "internal", "message": "no room ?"}
    assert catalogue.one("a-1")["error"] == error
