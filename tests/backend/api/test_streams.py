"""Does a follower of a run hear all that lasts, once, and no more progress than it can use?"""

import json
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

import httpx
import pytest
from starlette.testclient import TestClient

from backend.runs.events import EventReader, Timeline
from backend.runs.folder import RunFolder
from tests.soak.streams import cuts, followed


def long_run(path: Path, epochs: int, each: int) -> None:
    """What a run of so many epochs leaves, with `each` events of progress in one."""
    losses = [1.234567] * 6
    progress = {"phase": "training", "losses": losses, "images_per_second": 123.4, "steps": 9}
    lines = [{"kind": "state", "state": "running", "attempt": 1}]
    for epoch in range(1, epochs + 1):
        lines += [
            {"kind": "progress", "epoch": epoch - 1, "step": n, **progress} for n in range(each)
        ]
        lines += [{"kind": "epoch", "epoch": epoch, "losses": losses, "seconds": 60.1}]
    with path.open("w") as file:
        for seq, line in enumerate(lines, 1):
            event = {"seq": seq, "time": 1764065000.1, **line}
            file.write(json.dumps(event, separators=(",", ":")) + "\n")


def test_nothing_is_missed_or_heard_twice_though_the_stream_is_cut_1000_times(home: Path) -> None:
    rows = cuts(home, 1000)
    for what, tried, bad, note in rows:
        print(f"{what}: {tried} tried, {bad} bad ({note})")
        assert (what, bad) == (what, 0) and tried >= 1000


def test_a_run_of_600_epochs_opens_at_once(fresh: TestClient, home: Path) -> None:
    run = fresh.post("/api/runs", json={"config": {"epochs": 600}}).json()["id"]
    long_run(home / "runs" / run / "events.jsonl", 600, 240)  # progress for ten hours

    def opened() -> float:
        begun = time.perf_counter()
        found = fresh.get(f"/api/runs/{run}").json()
        seconds = time.perf_counter() - begun
        assert found["history"]["epochs"] == list(range(1, 601))
        assert found["progress"]["seq"] == 600 * 241
        return seconds

    def anew() -> float:
        fresh.app.state.service.catalogue.forget(run)
        return opened()

    # Each the best of some: the machine may have other work.
    seconds = next((taken for _ in range(20) if (taken := anew()) < 1), 1.0)
    print(f"a run of 600 epochs with 144,000 events of progress opens in {seconds * 1000:.0f} ms")
    assert seconds < 1  # 0.2 on a machine of its own
    assert any(opened() < seconds / 2 for _ in range(20))  # what was read is kept


def test_what_comes_after_a_number_is_found_without_reading_all_before_it(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    long_run(path, 40, 100)
    for after in (0, 1, 101, 2000, 4039, 4040, 10**9):
        reader = EventReader(path)
        reader.skip(after)
        assert reader.offset > path.stat().st_size / 3 or after < 2000
        assert [e["seq"] for e in reader.events(after)] == list(range(after + 1, 4042))
    path.write_bytes(
        path.read_bytes()[:200_000] + b"\0" * 100_000 + b"\n" + b'{"seq":9000,"kind":"end"}\n'
    )
    reader = EventReader(path)
    reader.skip(8999)
    assert [event["seq"] for event in reader.events(8999)] == [9000]


def test_of_progress_only_the_newest_is_handed_over_and_all_else_in_order(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    long_run(path, 3, 5)
    assert [e["seq"] for e in EventReader(path).news()] == [1, 7, 13, 18, 19]
    with path.open("a") as file:
        file.write(
            '{"seq":20,"time":1,"kind":"progress","fraction":1}\n{"seq":21,"kind":"end","sta'
        )
    reader, timeline = EventReader(path), Timeline(path)
    assert [e["seq"] for e in reader.news(7)] == [13, 19, 20]
    timeline.update()
    assert (timeline.progress["seq"], timeline.ended) == (20, False)
    with path.open("a") as file:
        file.write('te":"finished"}\n')
    assert [e["seq"] for e in reader.news(20)] == [21]
    timeline.update()
    assert timeline.ended


def test_progress_comes_at_most_four_times_a_second(home: Path) -> None:
    with followed(home) as (port, folder), events_of(port, folder) as stream:
        lines = stream.iter_lines()
        next(lines)
        begun = time.monotonic()
        for epoch in range(40):
            folder.tell("progress", phase="training", epoch=epoch)
            folder.tell("epoch", epoch=epoch, losses=[1.0])
            time.sleep(0.02)
        seconds = time.monotonic() - begun
        folder.tell("end", state="finished", error=None)
        folder.write("result.json", {"state": "finished", "error": None, "attempt": 1})
        heard = [line.removeprefix("event: ") for line in lines if line.startswith("event: ")]
    assert (heard.count("epoch"), heard[-1]) == (40, "end")
    assert 2 <= heard.count("progress") <= 4 * seconds + 2


def events_of(port: int, folder: RunFolder) -> AbstractContextManager[httpx.Response]:
    address = f"http://127.0.0.1:{port}/api/runs/{folder.id}/events"
    return httpx.stream("GET", address, timeout=20, trust_env=False)


def test_a_server_that_ends_says_when_to_ask_again(home: Path) -> None:
    with ExitStack() as stack:
        with followed(home) as (port, folder):
            lines = stack.enter_context(events_of(port, folder)).iter_lines()
            next(lines)
            begun = time.monotonic()
        assert time.monotonic() - begun < 5
        assert "retry: 2000" in list(lines)


def test_who_cannot_hold_a_stream_asks_for_the_news(
    fresh: TestClient, home: Path, until: Callable
) -> None:
    run = fresh.post("/api/runs", json={"config": {}}).json()["id"]
    path = f"/api/runs/{run}/news"
    told = fresh.get(path).json()
    assert [event["kind"] for event in told["events"]] == ["state"] and told["at_work"]
    assert fresh.get(path, params={"after": told["last"]}).json()["events"] == []
    folder = RunFolder(home / "runs" / run)
    folder.tell("end", state="stopped", error=None)
    folder.write("result.json", {"state": "stopped", "error": None, "attempt": 1})
    until(lambda: not fresh.get(path).json()["at_work"])
    later = fresh.get(path, params={"after": told["last"]}).json()
    assert [event["kind"] for event in later["events"]] == ["end"] and not later["at_work"]
    for odd in ("-1", "x", "9" * 400):
        assert fresh.get(path, params={"after": odd}).status_code == 422
    assert fresh.get("/api/runs/nothing/news").status_code == 404


@pytest.mark.parametrize("place", ["first", "middle", "last"])
def test_a_line_that_is_no_event_hides_none_beside_it(tmp_path: Path, place: str) -> None:
    path = tmp_path / "events.jsonl"
    odd = b'\0\xff "kind":"x" {\n[1]\n{"kind":"epoch"}\n'
    one, two = b'{"seq":1,"kind":"state","state":"running"}\n', b'{"seq":2,"kind":"end"}\n'
    parts = {"first": [odd, one, two], "middle": [one, odd, two], "last": [one, two, odd]}
    path.write_bytes(b"".join(parts[place]))
    assert [event["seq"] for event in EventReader(path).news()] == [1, 2]
