"""Is a process told from another one that got its number later?"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from backend.jobs import process
from backend.jobs.pace import Every, Pace
from backend.jobs.process import handle_of, is_alive, pid_of
from backend.jobs.signals import Stopped, Wishes


def test_a_living_process_is_alive_and_a_dead_one_is_not() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    handle = handle_of(child.pid)
    assert pid_of(handle) == child.pid and is_alive(handle)
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert not is_alive(handle)  # a zombie: dead, not yet buried
    child.wait()
    child.stdin.close()
    assert not is_alive(handle)


def test_a_number_used_again_or_another_boot_is_another_process() -> None:
    boot, pid, start = handle_of(os.getpid()).split("/")
    assert is_alive(f"{boot}/{pid}/{start}")
    assert not is_alive(f"{boot}/{pid}/{int(start) - 1}")
    assert not is_alive(f"another-boot/{pid}/{start}")


STARTS_ONE = (
    "import subprocess, sys; from backend.jobs.process import end_others, handle_of;"
    "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']);"
    "print(handle_of(child.pid), flush=True); end_others()"
)


@pytest.mark.skipif(sys.platform == "win32", reason="sessions are of other systems")
@pytest.mark.parametrize("leads", [True, False], ids=["its own session", "someone else's"])
def test_who_leads_a_session_ends_the_others_in_it_and_nobody_else_does(leads: bool) -> None:
    starts = subprocess.Popen(
        [sys.executable, "-c", STARTS_ONE],
        start_new_session=leads,
        stdout=subprocess.PIPE,
        text=True,
    )
    handle = starts.stdout.readline().strip()
    assert starts.wait(timeout=60) == 0
    starts.stdout.close()
    end = time.monotonic() + (10 if leads else 0.5)
    while is_alive(handle) and time.monotonic() < end:
        time.sleep(0.01)
    assert is_alive(handle) is not leads
    if not leads:
        os.kill(pid_of(handle), signal.SIGKILL)


def test_a_name_full_of_brackets_spoils_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "7").mkdir()
    fields = " ".join(str(n) for n in range(3, 30))
    (tmp_path / "7" / "stat").write_text(f"7 (a) R 1 (b) {fields.replace('3', 'S', 1)}")
    monkeypatch.setattr(process, "PROC", tmp_path)
    assert process.start_of(7) == "22"


def test_without_proc_only_the_lock_can_tell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "PROC", tmp_path / "none")
    handle = handle_of(os.getpid())
    assert pid_of(handle) == os.getpid() and is_alive(handle) is None
    assert is_alive("") is None and is_alive("slurm/job") is None


def test_a_wish_is_noted_while_work_is_under_way_and_raised_where_it_can_be_left() -> None:
    with Wishes() as wishes:
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGUSR1)
        assert wishes.stop and wishes.save
        with pytest.raises(Stopped), wishes.leave():
            raise AssertionError("it was to be left before it began")
    with Wishes() as wishes, pytest.raises(Stopped), wishes.leave():
        os.kill(os.getpid(), signal.SIGTERM)


def test_a_second_ctrl_c_ends_it_at_once() -> None:
    before = signal.getsignal(signal.SIGINT)
    with Wishes() as wishes:
        os.kill(os.getpid(), signal.SIGINT)
        assert wishes.stop
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


def test_a_pace_speaks_four_times_a_second_at_most_and_knows_its_speed() -> None:
    now = 0.0
    pace = Pace(lambda: now)
    spoken = 0
    for _ in range(100):  # 32 images every 50 ms
        now += 0.05
        spoken += pace.due(32)
    assert spoken <= 20
    assert pace.rate == pytest.approx(640, rel=0.05)
    assert pace.left(1280) == pytest.approx(2.0, rel=0.05)
    assert pace.left_of(0.25) == pytest.approx(15.0)
    assert pace.left_of(0.0) is None


def test_every_so_often_is_so_often() -> None:
    now = 0.0
    every = Every(2.0, lambda: now)
    due = []
    for _ in range(9):
        now += 0.5
        due.append(every.due())
    assert due == [False, False, False, True] * 2 + [False]
