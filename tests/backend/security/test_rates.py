"""Who comes too often is told when to come again, and no one else is."""

import pytest
from starlette.testclient import TestClient

from backend.errors import TooOftenError
from backend.security import rates
from backend.security.rates import BURST, LOGINS, MOST, STREAMS, Failed, Rates


class Clock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


def passes(take, times: int) -> int:
    """How many of so many calls were let pass."""
    passed = 0
    for _ in range(times):
        try:
            take()
            passed += 1
        except TooOftenError:
            continue
    return passed


def test_a_burst_passes_then_the_rate_and_each_address_has_its_own(clock: Clock) -> None:
    counted = Rates(10, clock)
    assert passes(lambda: counted.take("a"), 100) == 10 * BURST
    with pytest.raises(TooOftenError) as caught:
        counted.take("a")
    assert caught.value.seconds == 1
    counted.take("b")
    clock.seconds += 2
    assert passes(lambda: counted.take("a"), 100) == 20
    clock.seconds += 1000
    assert passes(lambda: counted.take("a"), 100) == 10 * BURST


def test_wrong_tokens_are_counted_over_a_minute(clock: Clock) -> None:
    failed = Failed(clock)
    assert passes(lambda: failed.note("a"), 20) == LOGINS
    assert passes(lambda: failed.note("b"), 1) == 1
    clock.seconds += 61
    assert passes(lambda: failed.note("a"), 20) == LOGINS


def test_addresses_are_forgotten_when_there_are_too_many(clock: Clock) -> None:
    counted = Rates(1, clock)
    for number in range(MOST + 10):
        counted.take(f"{number}")
    assert len(counted.buckets) == MOST and "0" not in counted.buckets


def test_a_page_with_too_many_requests_is_told_when_to_ask_again(
    fresh: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Rates, "take", lambda *_: (_ for _ in ()).throw(TooOftenError("no", 7)))
    reply = fresh.get("/api/runs")
    assert (reply.status_code, reply.headers["retry-after"]) == (429, "7")
    assert reply.json()["error"] == {"code": "too_often", "message": "no"}


def test_there_are_only_so_many_streams_and_one_that_ends_makes_room(
    site: TestClient, trained: tuple, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = Rates(10)
    assert passes(counted.begin_stream, STREAMS + 10) == STREAMS
    counted.end_stream()
    counted.begin_stream()
    path = f"/api/runs/{trained[1]}/events"
    for _ in range(3):  # each ends by itself, since the run has
        assert site.get(path).status_code == 200
    monkeypatch.setattr(rates, "STREAMS", 0)
    reply = site.get(path)
    assert (reply.status_code, reply.headers["retry-after"]) == (429, "30")
    monkeypatch.undo()
    assert site.get(path).status_code == 200


def test_every_stream_of_the_app_is_counted_as_one(fresh: TestClient) -> None:
    paths = fresh.get("/api/openapi.json").json()["paths"]
    replies = [
        (path, kind)
        for path, verbs in paths.items()
        for verb in verbs.values()
        for reply in verb["responses"].values()
        for kind in reply.get("content", ())
    ]
    streams = [path for path, kind in replies if kind == "text/event-stream"]
    assert streams and all(rates.IS_STREAM.fullmatch(path) for path in streams)
