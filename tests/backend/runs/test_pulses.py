"""Is a run whose process is there, but does not go on, told from one that works?"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.jobs.pulse import LONG, Pulse
from backend.runs.folder import RunFolder
from backend.runs.pulses import Pulses


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[RunFolder]:
    """The directory of a run that someone works in."""
    folder = RunFolder(tmp_path)
    assert folder.lock.take()
    yield folder
    folder.lock.release()


def trains(folder: RunFolder, clock: Clock, seconds: float, steps: int = 200) -> Pulse:
    """A run that has trained so many steps of so many seconds each."""
    pulse = Pulse(folder.beat, 1, clock)
    pulse.begin("training")
    for step in range(1, steps + 1):
        clock.now += seconds
        pulse.went(step)
    return pulse


@pytest.mark.parametrize(("seconds", "patience"), [(0.02, 60), (2.5, 60), (10.0, 200)])
def test_a_run_counts_as_stalled_after_a_minute_or_twenty_steps(
    folder: RunFolder, clock: Clock, seconds: float, patience: float
) -> None:
    trains(folder, clock, seconds)
    pulses = Pulses(clock)
    assert pulses.stalled(folder, 1) is None
    clock.now += patience - 1
    assert pulses.stalled(folder, 1) is None
    clock.now += 2
    told = pulses.stalled(folder, 1)
    assert told["code"] == "stalled"
    assert f"no step for {patience + 1:.0f} s" in told["message"]
    assert f"one takes {seconds:.2g} s" in told["message"] and "resume" in told["message"]


def test_a_step_ends_a_stall(folder: RunFolder, clock: Clock) -> None:
    pulse, pulses = trains(folder, clock, 0.1), Pulses(clock)
    pulses.stalled(folder, 1)
    clock.now += 100
    assert pulses.stalled(folder, 1)
    pulse.went(201)
    assert pulses.stalled(folder, 1) is None


def test_a_run_that_no_one_works_at_waits_and_counts_anew_when_it_is_taken_up(
    folder: RunFolder, clock: Clock
) -> None:
    trains(folder, clock, 0.1)
    pulses = Pulses(clock)
    assert pulses.stalled(folder, 1) is None
    folder.lock.release()
    for _ in range(3):
        clock.now += 3600
        assert pulses.stalled(folder, 1) is None
    assert folder.lock.take()
    clock.now += 30
    assert pulses.stalled(folder, 1) is None
    clock.now += 60
    assert pulses.stalled(folder, 1) is None
    clock.now += 1
    assert "no step for 61 s" in pulses.stalled(folder, 1)["message"]


def test_reading_data_and_analyses_are_given_longer(folder: RunFolder, clock: Clock) -> None:
    pulse, pulses = Pulse(folder.beat, 1, clock), Pulses(clock)
    for phase in ("loading", "analysing"):
        pulse.begin(phase)
        assert pulses.stalled(folder, 1) is None
        clock.now += LONG - 1
        assert pulses.stalled(folder, 1) is None
        clock.now += 2
        assert phase in pulses.stalled(folder, 1)["message"]


def test_the_heartbeat_of_an_older_attempt_says_nothing(folder: RunFolder, clock: Clock) -> None:
    trains(folder, clock, 0.1)
    pulses = Pulses(clock)
    pulses.stalled(folder, 2)
    clock.now += 1000
    assert pulses.stalled(folder, 2) is None


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b'{"attempt": 1, "patience": "x"}'])
def test_a_damaged_heartbeat_harms_nobody(folder: RunFolder, clock: Clock, content: bytes) -> None:
    (folder.path / "heartbeat").write_bytes(content)
    assert Pulses(clock).stalled(folder, 1) is None


def test_a_heartbeat_comes_every_two_seconds_not_every_step(clock: Clock) -> None:
    beats = []
    pulse = Pulse(lambda **facts: beats.append(facts), 3, clock)
    pulse.begin("training")
    for step in range(1, 101):
        clock.now += 0.1
        pulse.went(step)
    assert [beat["step"] for beat in beats] == [0, 20, 40, 60, 80, 100]
    assert beats[-1] == {
        **{"attempt": 3, "phase": "training", "step": 100},
        **{"step_seconds": 0.1, "patience": 60.0},
    }
