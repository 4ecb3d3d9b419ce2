"""Are events numbered, whole and in order, whatever a crash left?"""

import errno
import os
from pathlib import Path

import pytest

from backend.jobs.signals import Stopped
from backend.runs.events import EventReader, EventWriter, Timeline


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "events.jsonl"


def written(path: Path, *kinds: str) -> None:
    writer = EventWriter(path)
    for kind in kinds:
        writer.append(kind, state="running", epoch=1, losses=[1.0], fraction=0.5)
    writer.close()


def test_numbers_go_on_where_the_last_writer_stopped(path: Path) -> None:
    written(path, "state", "epoch")
    written(path, "end")
    assert [event["seq"] for event in EventReader(path).events()] == [1, 2, 3]


def test_a_torn_last_line_is_not_read_and_is_cut_off_by_the_next_writer(path: Path) -> None:
    written(path, "state", "epoch")
    with path.open("ab") as file:
        file.write(b'{"seq":3,"kind":"pro')
    assert [event["seq"] for event in EventReader(path).events()] == [1, 2]
    written(path, "end")
    assert [event["kind"] for event in EventReader(path).events()] == ["state", "epoch", "end"]


def test_a_reader_hands_over_each_event_once(path: Path) -> None:
    reader = EventReader(path)
    assert list(reader.events()) == []
    written(path, "state")
    assert len(list(reader.events())) == 1
    assert list(reader.events()) == []
    written(path, "epoch", "end")
    assert [event["seq"] for event in reader.events(after=2)] == [3]


def test_an_event_that_does_not_fit_on_the_disk_leaves_no_trace(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer, write = EventWriter(path), os.write
    writer.append("state", state="running")

    def half(file: int, data: bytes) -> int:
        if len(data) < 40:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(file, data[: len(data) // 2])

    monkeypatch.setattr(os, "write", half)
    with pytest.raises(OSError):
        writer.append("epoch", epoch=1)
    monkeypatch.undo()
    writer.append("end", state="failed")
    writer.close()
    assert [(e["seq"], e["kind"]) for e in EventReader(path).events()] == [(1, "state"), (2, "end")]


def test_a_signal_in_the_middle_of_an_event_gives_no_number_twice(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = EventWriter(path)

    def interrupted(_: int) -> None:
        raise Stopped

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(Stopped):
        writer.append("state", state="running")
    monkeypatch.undo()
    writer.append("end", state="stopped")
    writer.close()
    assert [event["seq"] for event in EventReader(path).events()] == [1, 2]


@pytest.mark.parametrize(
    "damage", [b"\0" * 70 + b"\n", b"{}\n[1]\n", b"x\n" * 2**16, b"\0" * 2**17]
)
def test_numbers_go_on_after_damaged_lines(path: Path, damage: bytes) -> None:
    written(path, "state", "epoch")
    with path.open("ab") as file:
        file.write(damage)
    written(path, "end")
    assert [event["seq"] for event in EventReader(path).events()] == [1, 2, 3]


def test_a_timeline_adds_up_what_happened(path: Path) -> None:
    timeline = Timeline(path)
    timeline.update()
    assert (timeline.progress, timeline.history) == (None, {"epochs": [], "losses": []})
    writer = EventWriter(path)
    writer.append("state", state="running", attempt=2)
    writer.append("epoch", epoch=1, losses=[2.0])
    writer.append("epoch", epoch=2, losses=[1.5])
    writer.append("epoch", epoch=1, losses=[1.9])  # again, by an attempt that resumed before it
    writer.append("progress", phase="training", fraction=0.25)
    timeline.update()
    assert timeline.history == {"epochs": [1, 2], "losses": [[1.9], [1.5]]}
    assert (timeline.state, timeline.attempt, timeline.ended) == ("running", 2, False)
    assert timeline.progress["fraction"] == 0.25
    writer.append("end", state="failed", error={"code": "internal", "message": "no"})
    timeline.update()
    assert (timeline.state, timeline.ended) == ("failed", True)
    assert timeline.error == {"code": "internal", "message": "no"}
    writer.close()


def test_lines_that_are_no_events_are_passed_over(path: Path) -> None:
    path.write_bytes(b'not json\n[1]\n{"seq":1,"kind":"state","state":"running"}\n')
    timeline = Timeline(path)
    timeline.update()
    assert timeline.state == "running"
    assert [event["seq"] for event in EventReader(path).events()] == [1]


@pytest.mark.parametrize(
    "odd",
    [
        '"kind":"epoch","epoch":1,"losses":"x"',
        '"kind":"epoch","epoch":1,"losses":[1e999]',
        '"kind":"epoch","epoch":1,"losses":[1%s]' % ("0" * 400),
        '"kind":"epoch","epoch":"a","losses":[1.0]',
        '"kind":"epoch","losses":[1.0]',
        '"kind":"warning","code":"x","message":5',
        '"kind":"state","state":["running"]',
        '"kind":"state","state":"running","attempt":1%s' % ("0" * 30),
        '"kind":"state","state":"running","attempt":2,"resumes":"x"',
        '"kind":"progress","phase":5',
        '"kind":"progress","fraction":NaN',
        '"kind":["epoch"]',
    ],
)
def test_an_event_of_another_form_adds_up_to_nothing(path: Path, odd: str) -> None:
    path.write_text(f'{{"seq":1,{odd}}}\n{{"seq":2,"kind":"epoch","epoch":2,"losses":[1.5]}}\n')
    timeline = Timeline(path)
    timeline.update()
    assert timeline.history == {"epochs": [2], "losses": [[1.5]]}
    assert (timeline.warnings, timeline.progress) == ([], None)
    assert (timeline.state, timeline.attempt, timeline.resumes) == (None, 1, 0)
