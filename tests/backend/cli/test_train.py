"""Does training in a terminal tell what it does, stop when it is told to, and go on?"""

import argparse
import io
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from backend.cli.bar import Bar
from backend.cli.train import ending
from backend.jobs.limits import Limits
from backend.jobs.pace import EpochLosses
from backend.jobs.queue import Queue
from backend.runs.folder import RunFolder
from backend.runs.store import Store
from backend.settings import CHECKOUT
from tests.backend.cli.conftest import Say
from tests.backend.conftest import Quiet
from tests.backend.jobs.directory import events


def test_training_prints_its_run_and_leaves_it_in_the_list(
    say: Say, pack: Path, home: Path
) -> None:
    code, out, err = say(
        *("train", "--data", pack, "--encoder", "vgg6-tiny", "--epochs", 2, "--batch", 12),
        *("--device", "cpu", "--no-analyse", "--name", "first try"),
    )
    run = out.strip()
    assert code == 0 and re.fullmatch(r"clapp-stripes-[0-9a-f]{8}-[0-9a-f]{4}", run)
    assert "epoch 2: loss" in err and "finished" in err
    listed = json.loads(say("runs", "--json")[1])["runs"][0]
    assert (listed["id"], listed["state"], listed["name"]) == (run, "finished", "first try")
    assert (listed["checkpoints"], listed["analysed"]) == ([0, 1, 2], [])
    assert listed["config"]["data"] == str(pack)


def test_a_device_that_is_not_there_is_told_before_there_is_a_run(
    say: Say, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    code, out, err = say("train", "--device", "cuda")
    assert (code, out, err.count("\n")) == (2, "", 1) and "use auto or cpu" in err
    assert not list(home.glob("runs/*"))


AGAIN = "saccade train --resume clapp-0000 --home '/a b'"


@pytest.mark.parametrize(
    ("code", "saved", "told"),
    [
        ("oom_host", True, f"what was saved is kept; go on with: {AGAIN}"),
        ("oom_host", False, f"begin again with: {AGAIN}"),
        (
            "bad_config",
            True,
            "what was saved is kept; a run that is resumed keeps its",
        ),
        ("bad_data", False, "a run that is resumed keeps its settings, so train a new one"),
    ],
)
def test_a_run_that_failed_says_what_can_be_done(code: str, saved: bool, told: str) -> None:
    out = io.StringIO()
    run = {"id": "clapp-0000", "state": "failed", "accuracy": None}
    run["error"] = {"code": code, "message": "reasons"}
    options = argparse.Namespace(home=Path("/a b"))
    assert ending(run, options, Bar(out), saved) == 1
    first, second = out.getvalue().splitlines()
    assert first == "error: reasons" and second.startswith(told)


@pytest.mark.slow
def test_ctrl_c_stops_cleanly_and_resume_goes_on(
    home: Path, pack: Path, until: Callable, say: Say
) -> None:
    command = [sys.executable, "-m", "backend", "train", "--data", str(pack), "--home", str(home)]
    command += ["--encoder", "vgg6-tiny", "--epochs", "5000", "--batch", "12", "--device", "cpu"]
    command += ["--keep", "0", "--no-analyse"]
    process = subprocess.Popen(
        command, cwd=CHECKOUT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        run = process.stdout.readline().strip()
        folder = RunFolder(home / "runs" / run)
        until(lambda: b'"kind":"epoch"' in (folder.path / "events.jsonl").read_bytes())
        assert json.loads(say("runs", "--json")[1])["runs"][0]["state"] == "running"
        assert say("analyse", run)[0] == 2  # it is at work
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130
    assert f"saccade train --resume {run} --home {home}" in err and "Traceback" not in err
    assert folder.result(1)["state"] == "stopped"
    assert list((folder.path / "checkpoints").glob("resume-*"))
    about = folder.about()
    done = int(
        re.findall(rb'"epoch":(\d+),"losses"', (folder.path / "events.jsonl").read_bytes())[-1]
    )
    folder.write("run.json", about | {"config": about["config"] | {"epochs": done + 2}})
    for point in (folder.path / "checkpoints").glob("resume-*"):
        shorten(point, done + 2)
    code, out, err = say("train", "--resume", run, "--no-analyse")
    assert (code, out) == (0, f"{run}\n")
    assert f"epoch {done + 2}: loss" in err and "epoch 1: loss" not in err


def test_a_second_ctrl_c_ends_a_run_that_no_server_begins_again(
    home: Path, pack: Path, say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    add = EpochLosses.add

    def interrupted(epoch: EpochLosses, progress) -> None:
        add(epoch, progress)
        if progress.step == 3:
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(EpochLosses, "add", interrupted)
    code, run, err = say(
        *("train", "--data", pack, "--encoder", "vgg6-tiny", "--epochs", 50, "--batch", 12),
        *("--device", "cpu", "--no-analyse"),
    )
    assert (code, err.splitlines()[-1]) == (130, "interrupted")
    folder, store = RunFolder(home / "runs" / run.strip()), Store(home / "saccade.db")
    assert folder.result(1)["state"] == "stopped" and not folder.is_held()
    assert "before it had saved" in folder.result(1)["error"]["message"]
    assert [event["state"] for event in events(folder, "end")] == ["stopped"]
    quiet = Quiet()
    queue = Queue(store, home / "runs", home, quiet, limits=Limits(auto_resume=1))
    queue.adopt()
    queue.tick()
    assert (store.row(folder.id).state, quiet.started) == ("stopped", [])
    store.close()


def test_a_terminal_that_is_gone_keeps_no_run_from_saving(
    home: Path, pack: Path, say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader, writer = os.pipe()
    os.close(reader)  # as Ctrl+C ends `tee` as well
    terminal, add = open(writer, "wb", buffering=0), EpochLosses.add  # noqa: SIM115

    def interrupted(epoch: EpochLosses, progress) -> None:
        add(epoch, progress)
        if progress.step == 3:
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(EpochLosses, "add", interrupted)
    monkeypatch.setattr(sys, "stderr", io.TextIOWrapper(terminal, write_through=True))
    code, run, _ = say(
        *("train", "--data", pack, "--encoder", "vgg6-tiny", "--epochs", 50, "--batch", 12),
        *("--device", "cpu", "--no-analyse"),
    )
    sys.stderr.close()
    folder = RunFolder(home / "runs" / run.strip())
    assert (code, folder.result(1)["state"]) == (130, "stopped")
    assert (folder.path / "checkpoints" / "resume-00000003").is_dir()


def shorten(point: Path, epochs: int) -> None:
    """Let a resume checkpoint end earlier, so that the test does."""
    import hashlib

    state = json.loads((point / "state.json").read_text())
    state["config"]["epochs"] = epochs
    (point / "state.json").write_text(json.dumps(state))
    manifest = json.loads((point / "manifest.json").read_text())
    digest = hashlib.sha256((point / "state.json").read_bytes()).hexdigest()
    manifest["files"]["state.json"] = {"sha256": digest}
    (point / "manifest.json").write_text(json.dumps(manifest))
