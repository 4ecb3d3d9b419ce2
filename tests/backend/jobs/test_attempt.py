"""Is one attempt alone in its directory, and does it say how its work ended, whatever happens?"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from backend.errors import ConflictError, OutdatedError
from backend.jobs.pace import EpochLosses
from backend.jobs.worker import Worker
from backend.runs.folder import RunFolder
from backend.settings import CHECKOUT
from tests.backend.jobs.directory import events, made
from tests.backend.jobs.training import LONG, inline


def test_a_second_process_in_a_run_ends_at_once_and_spoils_nothing(
    home: Path, config: dict
) -> None:
    folder = made(home, config)
    assert folder.lock.take()
    command = [sys.executable, "-m", "backend.jobs.worker", "--run-dir", str(folder.path)]
    code = "import sys, backend.jobs.attempt as a, backend.jobs.worker as w; a.LOCK_PATIENCE = 0;"
    code += "sys.exit(w.main())"
    command = [sys.executable, "-c", code, *command[3:]]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, timeout=60)
    folder.lock.release()
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith("error: run clapp-stripes-0000 is at work")
    assert sorted(path.name for path in folder.path.iterdir()) == ["lock", "run.json"]


def test_an_attempt_that_is_out_of_date_does_not_begin(home: Path, config: dict) -> None:
    folder = made(home, config)
    folder.write("process.json", {"attempt": 3, "handle": "x"})
    with pytest.raises(ConflictError, match="out of date"):
        inline(folder, attempt=2)


def test_a_process_that_lost_its_directory_writes_nothing_more(
    home: Path, config: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = made(home, config, **LONG)
    add = EpochLosses.add

    def overtaken(epoch, progress) -> None:
        if progress.step == 3:
            RunFolder(folder.path).fence.enter(2)  # frozen, taken for dead, and now awake again
        add(epoch, progress)

    monkeypatch.setattr("backend.jobs.pace.EpochLosses.add", overtaken)
    with pytest.raises(OutdatedError, match="attempt 1 .* out of date"):
        inline(folder)
    assert folder.result(1) is None and not folder.is_held()
    assert events(folder, "end") == [] and folder.checkpoints() == [0]


def test_the_heartbeat_tells_how_far_the_work_is(trained: tuple[Path, str]) -> None:
    beat = RunFolder(trained[0] / "runs" / trained[1]).read("heartbeat")
    assert set(beat) == {"attempt", "phase", "step", "step_seconds", "patience"}
    assert (beat["attempt"], beat["phase"]) == (1, "analysing")


def test_a_run_goes_on_when_no_one_watches_any_more(home: Path, config: dict) -> None:
    seen = []

    def watch(event: dict) -> None:
        seen.append(event)
        raise BrokenPipeError

    folder = made(home, config, epochs=1)
    worker = Worker(folder, home, 1, analyses=False, watch=watch)
    assert worker.run()["state"] == "finished"
    assert len(seen) == 1 and folder.checkpoints() == [0, 1]


def test_how_a_run_ended_is_said_though_its_events_cannot_be_written(
    home: Path, config: dict
) -> None:
    folder = made(home, config)
    (folder.path / "events.jsonl").mkdir()
    result = inline(folder)
    assert (result["state"], result["error"]["code"]) == ("failed", "internal")
    assert folder.result(1) == result and not folder.is_held()


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (MemoryError(), "oom_host"),
        (type("OutOfMemoryError", (RuntimeError,), {})("CUDA out of memory"), "oom_cuda"),
        (ZeroDivisionError("inside"), "internal"),
    ],
)
def test_an_error_becomes_a_code_and_its_traceback_stays_in_the_log(
    home: Path, config: dict, monkeypatch: pytest.MonkeyPatch, error: Exception, code: str
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(Worker, "train", fail)
    folder = made(home, config)
    result = inline(folder)
    assert (result["state"], result["error"]["code"]) == ("failed", code)
    assert "Traceback" not in json.dumps(result)
    assert "Traceback" in (folder.path / "log.txt").read_text()
    assert not any("Traceback" in line for line in folder.log_tail())
