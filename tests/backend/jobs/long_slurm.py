"""The long form of what test_slurm_real.py asks, for tests.soak.slurm: `case` counts from 0."""

import random
from pathlib import Path

import pytest

from backend.jobs.launcher import Signal
from tests.backend.jobs.counted import LONG, counting, counts, is_gone, started, ticks
from tests.backend.jobs.directory import events
from tests.backend.jobs.places import RealPlace
from tests.backend.jobs.test_slurm_real import Until, check_killed_controller, made_room


def test_controller_killed_within_two_seconds_of_a_start(
    case: int, real: RealPlace, home: Path, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backend.jobs.slurm.SILENCE", 5.0)
    check_killed_controller(real, home, until, random.Random(case).uniform(0, 2))


def test_time_limit_reached(real: RealPlace, home: Path, until: Until) -> None:
    folder = counting(home, LONG)
    started(real.launcher(time_limit="1"), folder)
    counts(folder, until)
    until(lambda: len(events(folder, "begin")) == 2)
    found = ticks(folder)
    assert found == list(range(len(found))) and folder.result(1) is None


@pytest.mark.parametrize("wanted", [{"gpus": 2}, {"nodes": 2}], ids=["node", "nodes"])
def test_two_processes_make_room_go_on_and_stop(
    real: RealPlace, home: Path, config: dict, until: Until, wanted: dict
) -> None:
    folder, launcher, job = made_room(real, home, config, until, **wanted)
    saved = len(events(folder, "progress"))
    until(lambda: len(events(folder, "progress")) > saved)
    assert [e["state"] for e in events(folder, "state")].count("running") == 2
    launcher.signal(job, Signal.STOP)
    until(lambda: folder.result(1))
    assert folder.result(1)["state"] == "stopped"
    until(lambda: is_gone(launcher, job))
