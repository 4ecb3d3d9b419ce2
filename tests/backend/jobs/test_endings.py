"""Is a run whose process left no word told by the right code, with advice?"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from backend.jobs import memory
from backend.jobs.endings import ADVICE, ending
from backend.jobs.launcher import Job
from backend.jobs.local import Local
from backend.jobs.process import handle_of


def process(handle: str | None = None, **more: object) -> dict:
    return {"attempt": 1, "handle": handle or handle_of(os.getpid())} | more


@pytest.mark.parametrize(
    ("told", "handle", "state", "code"),
    [
        ("", None, "interrupted", "killed"),
        ("killed", None, "interrupted", "killed"),
        ("", "another-boot/7/7", "interrupted", "lost"),
        ("", "-/7/-", "interrupted", "killed"),
        ("timeout", None, "interrupted", "timeout"),
        ("oom_host", None, "failed", "oom_host"),
        ("internal", None, "failed", "internal"),
    ],
)
def test_an_end_without_a_word_has_its_code(
    told: str, handle: str | None, state: str, code: str
) -> None:
    found, error = ending(False, process(handle), told)
    assert (found, error["code"]) == (state, code)
    assert error["message"] == ADVICE[code] and "resume the run" in error["message"]


def test_a_process_that_never_began_is_lost() -> None:
    state, error = ending(False, None)
    assert (state, error["code"]) == ("interrupted", "lost")
    assert "did not take up its work" in error["message"]
    assert ending(False, None, "internal")[1]["code"] == "internal"


def test_a_run_that_was_to_stop_is_stopped_whatever_ended_it() -> None:
    assert ending(True, None) == ("stopped", None)
    state, error = ending(True, process(), "killed")
    assert (state, error["code"]) == ("stopped", "killed")
    assert "before it had saved" in error["message"]


@pytest.mark.parametrize(
    ("lines", "file"),
    [("0::/job\n", "job/memory.events"), ("4:memory:/job\n", "memory/job/memory.oom_control")],
)
def test_memory_that_ran_out_is_told_by_the_control_group(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lines: str, file: str
) -> None:
    monkeypatch.setattr(memory, "CGROUPS", tmp_path)
    monkeypatch.setattr(memory, "GROUP", tmp_path / "cgroup")
    (tmp_path / "cgroup").write_text("9:name=systemd:/\n" + lines)
    events = tmp_path / file
    events.parent.mkdir(parents=True)
    events.write_text("low 0\noom 0\noom_kill 2\n")
    before = memory.oom_kills()
    assert before == {"group": "/job", "count": 2}
    assert ending(False, process(oom_kills=before))[1]["code"] == "killed"
    events.write_text("low 0\noom 1\noom_kill 3\n")
    state, error = ending(False, process(oom_kills=before), "killed")
    assert (state, error["code"]) == ("failed", "oom_host")
    assert "smaller batch" in error["message"]
    other = {"group": "/another", "count": 0}
    for unknown in (other, {}, None, "x", {"group": "/job", "count": "2"}):
        assert ending(False, process(oom_kills=unknown))[1]["code"] == "killed"


def test_a_system_without_control_groups_says_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "GROUP", tmp_path / "none")
    assert memory.oom_kills() == {}
    assert ending(False, process(oom_kills={}))[1]["code"] == "killed"


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "killed"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "internal"),
        ("import sys; sys.exit(1)", "internal"),
    ],
)
def test_the_launcher_tells_a_kill_from_a_crash(tmp_path: Path, code: str, told: str) -> None:
    local = Local()
    child = subprocess.Popen([sys.executable, "-c", code])
    handle = handle_of(child.pid)
    local.children[child.pid], local.handles[tmp_path, 1] = child, handle
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    job = Job("a", 1, tmp_path, tmp_path, handle)
    assert local.cause(job) == ""
    local.poll([job])
    assert local.cause(job) == told
    assert local.children == {} and local.handles == {}
