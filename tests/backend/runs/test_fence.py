"""Does a process that has lost its run directory write nothing more?"""

import threading
from pathlib import Path

import pytest

from backend.errors import OutdatedError
from backend.runs.fence import NOBODY, Fence
from backend.runs.folder import RunFolder


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "fence"


def test_who_enters_later_shuts_out_who_was_there(path: Path) -> None:
    first, second = Fence(path), Fence(path)
    assert first.last() == NOBODY
    first.enter(1)
    first.check()
    second.enter(1)  # a scheduler started the same attempt twice
    second.check()
    with pytest.raises(OutdatedError, match="attempt 1"):
        first.check()


def test_an_earlier_attempt_is_not_let_in(path: Path) -> None:
    Fence(path).enter(3)
    with pytest.raises(OutdatedError, match="attempt 2 at run .* out of date"):
        Fence(path).enter(2)


def test_an_attempt_that_is_queued_shuts_out_the_one_before(path: Path) -> None:
    first = Fence(path)
    first.enter(1)
    Fence(path).shut(2)
    with pytest.raises(OutdatedError):
        first.check()
    second = Fence(path)
    second.enter(2)
    Fence(path).shut(2)  # too late to harm
    second.check()


def test_who_never_entered_is_not_held_up(path: Path) -> None:
    Fence(path).check()


def test_a_directory_that_was_taken_away_stops_its_process(path: Path) -> None:
    fence = Fence(path)
    fence.enter(1)
    for entry in path.iterdir():
        entry.unlink()
    with pytest.raises(OutdatedError):
        fence.check()


def test_of_many_who_enter_at_once_one_stays(path: Path) -> None:
    fences, start = [Fence(path) for _ in range(16)], threading.Barrier(16)

    def enter(fence: Fence) -> None:
        start.wait()
        fence.enter(1)

    threads = [threading.Thread(target=enter, args=(fence,)) for fence in fences]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(fence.mine for fence in fences) == [(1, n) for n in range(1, 17)]
    assert [fence.mine for fence in fences if fence.last() == fence.mine] == [(1, 16)]


def test_an_event_and_a_heartbeat_of_an_older_process_are_not_written(tmp_path: Path) -> None:
    folder, later = RunFolder(tmp_path), RunFolder(tmp_path)
    folder.enter(1)
    events = folder.events()
    events.append("state", state="running")
    folder.beat(step=1)
    later.enter(2)
    for write in (lambda: events.append("progress", step=9), lambda: folder.beat(step=9)):
        with pytest.raises(OutdatedError):
            write()
    assert "9" not in (tmp_path / "heartbeat").read_text()
    assert "progress" not in (tmp_path / "events.jsonl").read_text()
    events.close()
