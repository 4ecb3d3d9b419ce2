"""Is a run directory whole at every moment, and does one process at a time work in it?"""

import errno
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from backend.errors import ConflictError, RunError
from backend.runs.folder import FORMAT, TAIL, RunFolder
from backend.runs.lock import Lock, fcntl, held, taken

ABOUT = {"id": "a-1", "created": "2026", "config": {}, "dataset": "photos"}


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    folder = RunFolder(tmp_path / "runs" / "a-1")
    folder.create(ABOUT)
    return folder


def test_a_directory_appears_with_its_run(folder: RunFolder) -> None:
    assert folder.about() == {"format": FORMAT} | ABOUT
    assert [path.name for path in folder.path.parent.iterdir()] == ["a-1"]


def test_a_directory_is_not_made_twice(folder: RunFolder) -> None:
    with pytest.raises(ConflictError):
        folder.create(ABOUT)


BARE = '{"id": "a-1", "created": "2026", "config": [], "dataset": "photos"}'


@pytest.mark.parametrize("text", ["", "{", "[]", '{"id": "a-1"}', BARE])
def test_a_damaged_run_is_told_in_a_sentence(folder: RunFolder, text: str) -> None:
    (folder.path / "run.json").write_text(text)
    with pytest.raises(RunError, match="no readable run.json"):
        folder.about()


def test_a_result_belongs_to_its_attempt(folder: RunFolder) -> None:
    assert folder.result(1) is None
    folder.write("result.json", {"state": "stopped", "error": None, "attempt": 1})
    assert folder.result(1)["state"] == "stopped"
    assert folder.result(2) is None


@pytest.mark.parametrize(
    "odd", [{"attempt": 10**30}, {"attempt": -1}, {"handle": 5}, {"handle": "\ud800"}]
)
def test_a_process_that_cannot_be_is_not_there(folder: RunFolder, odd: dict) -> None:
    folder.write("process.json", {"attempt": 1, "handle": "x"})
    assert folder.process()["attempt"] == 1
    folder.write("process.json", {"attempt": 1, "handle": "x"} | odd)
    assert folder.process() is None


def test_checkpoints_are_the_folders_of_epochs(folder: RunFolder) -> None:
    assert folder.checkpoints() == []
    for name in ("epoch-0010", "epoch-0003", "resume-00000009", ".epoch-0004.new", "epoch-x"):
        (folder.path / "checkpoints" / name).mkdir(parents=True)
    assert folder.checkpoints() == [3, 10]


def test_the_end_of_the_log_shows_no_traceback(folder: RunFolder) -> None:
    folder.log("begins")
    folder.log("the traceback, for whoever mends Saccade\nTraceback (most recent call last):\n  x")
    folder.log("failed: no memory")
    tail = folder.log_tail()
    assert [line.split(" ", 2)[2] for line in tail] == [
        "begins",
        "the traceback, for whoever mends Saccade",
        "failed: no memory",
    ]
    assert folder.log_tail(1) == tail[-1:]


def test_an_entry_of_the_log_makes_no_other_whatever_it_tells(folder: RunFolder) -> None:
    folder.log("reads a\n2026-01-01 00:00:00 finished\r2026-01-01 00:00:01 stopped")
    [line] = folder.log_tail()
    assert line.endswith(" reads a")
    folder.log("x" * 50 + "2026-01-01 00:00:00 finished".ljust(TAIL - 1, "x"))
    assert folder.log_tail() == [], "the look began in the middle of an entry"


@pytest.mark.parametrize("name", [".reserve", ".result.json.new", "heartbeat", "log.txt"])
def test_nothing_is_written_through_a_link_that_lies_in_a_run(
    folder: RunFolder, tmp_path: Path, name: str
) -> None:
    thesis = tmp_path / "thesis.tex"
    thesis.write_text("all of it")
    (folder.path / name).symlink_to(thesis)
    folder.reserve()
    folder.beat(step=1)
    folder.write("result.json", {"state": "finished", "error": None})
    with suppress(OSError):
        folder.log("finished")
    assert thesis.read_text() == "all of it"
    assert folder.result(1)["state"] == "finished"


def test_a_deleted_run_is_gone_at_once(folder: RunFolder) -> None:
    folder.remove()
    assert list(folder.path.parent.iterdir()) == []


def test_a_lock_is_held_by_one_process_and_freed_by_its_death(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    code = (
        "import sys, time; from pathlib import Path; from backend.runs.lock import Lock;"
        "lock = Lock(Path(sys.argv[1])); print(lock.take(), flush=True); time.sleep(60)"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, text=True
    )
    assert other.stdout.readline() == "True\n"
    assert held(path) and not Lock(path).take()
    other.kill()
    other.wait()
    other.stdout.close()
    lock = Lock(path)
    assert not held(path) and lock.take(seconds=5)
    assert held(path)
    lock.release()
    assert not held(path)


def test_those_who_look_at_a_lock_do_not_disturb_each_other(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    assert not held(path) and not path.exists()
    path.touch()
    with path.open("rb") as looker:
        assert taken(looker, shared=True)
        assert not held(path)
        assert not Lock(path).take()


@pytest.mark.skipif(fcntl is None, reason="another system's locks")
@pytest.mark.parametrize("code", [errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP])
def test_a_disk_without_locks_is_told_as_that_and_not_as_a_run_at_work(
    folder: RunFolder, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    (folder.path / "lock").touch()

    def none(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(fcntl, "flock", none)
    for look in (folder.lock.take, folder.is_held):
        with pytest.raises(RunError, match="has no file locks .*--home"):
            look()


def test_events_are_told_only_where_no_one_works(folder: RunFolder) -> None:
    lock = Lock(folder.path / "lock")
    assert lock.take()
    folder.tell("end", state="stopped")
    assert not (folder.path / "events.jsonl").exists()
    lock.release()
    folder.tell("end", state="stopped")
    assert b'"stopped"' in (folder.path / "events.jsonl").read_bytes()
