"""Does a run in several processes leave one run directory, stop whole, and end when one dies?"""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from backend.cli import main
from backend.jobs.worker import Worker
from backend.runs.folder import RunFolder
from tests.backend.jobs.directory import events, made, weights
from tests.backend.jobs.training import LONG
from tests.torchrun import ended, started

WORKER = "backend.jobs.worker"
Until = Callable[[Callable[[], object]], object]

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


def children(agent: subprocess.Popen) -> list[int]:
    """Process ids of what torchrun started, in the order of their ranks."""
    return [
        int(word)
        for word in Path(f"/proc/{agent.pid}/task/{agent.pid}/children").read_text().split()
    ]


def at_step(folder: RunFolder) -> int:
    return max((event["step"] for event in events(folder, "progress")), default=0)


def test_layers_in_two_processes_make_one_run_with_the_bits_of_one_process(
    home: Path, config: dict, trained: tuple[Path, str]
) -> None:
    flags = [f"--{k.replace('_', '-')}={v}" for k, v in config.items() if k != "parallel"]
    code, said = ended(
        started(2, "backend", "train", "--no-analyse", "--parallel", "layers", *flags)
    )
    assert code == 0, said
    [path] = (home / "runs").iterdir()
    folder, alone = RunFolder(path), RunFolder(trained[0] / "runs" / trained[1])
    assert folder.result(1)["state"] == "finished"
    assert said.count(folder.id) == 1
    for epoch in (0, 1, 2):
        assert weights(folder, epoch) == weights(alone, epoch)
    losses = [[event["losses"] for event in events(run, "epoch")] for run in (folder, alone)]
    assert losses[0] == losses[1]
    assert any("2 processes share the layers: 1-" in line for line in folder.log_tail())


def test_a_signal_to_torchrun_saves_and_one_process_goes_on(
    home: Path, config: dict, until: Until
) -> None:
    folder = made(home, config, **LONG)
    agent = started(2, WORKER, "--run-dir", folder.path)
    try:
        until(lambda: at_step(folder) or agent.poll() is not None)
        ranks = children(agent)
    finally:
        agent.terminate()
    _, said = ended(agent)
    assert folder.result(1)["state"] == "stopped", said
    assert [pid for pid in ranks if os.path.exists(f"/proc/{pid}")] == []
    *_, saved = (line for line in folder.log_tail() if "saved at step" in line)
    step = int(saved.split()[-1])

    about = folder.about()
    about["config"]["epochs"] = step // 2 + 1  # two batches an epoch
    folder.write("run.json", about)
    assert Worker(folder, home, 2, analyses=False).run()["state"] == "finished"
    assert any(f"goes on at step {step}" in line for line in folder.log_tail())


def test_when_one_process_dies_the_others_end_and_say_so(
    home: Path, config: dict, until: Until
) -> None:
    folder = made(home, config, **LONG)
    agent = started(2, WORKER, "--run-dir", folder.path)
    try:
        until(lambda: at_step(folder) or agent.poll() is not None)
        ranks = children(agent)
        os.kill(ranks[1], signal.SIGKILL)
        code, said = ended(agent)
    finally:
        agent.terminate()
    assert code == 1, said
    assert [pid for pid in ranks if os.path.exists(f"/proc/{pid}")] == []
    error = folder.result(1)["error"]
    assert error["code"] == "lost_process"
    assert "another process of this run ended" in error["message"]
    assert any("another process of this run ended" in line for line in folder.log_tail())


def test_what_needs_torchrun_is_refused_without_it(
    home: Path, fresh: TestClient, capsys: pytest.CaptureFixture
) -> None:
    for flags in (["--parallel", "data"], ["--negatives-from", "rank"]):
        assert main(["train", "--data", "photos", *flags]) == 2
        told = capsys.readouterr().err
        assert f"{flags[0][2:].replace('-', '_')} {flags[1]!r} was asked for" in told
        assert "`torchrun --nproc-per-node 2 -m backend train`" in told
    answer = fresh.post("/api/runs", json={"config": {"data": "photos", "parallel": "layers"}})
    assert answer.status_code == 422
    assert "this run has one process" in answer.json()["error"]["message"]
    rows = fresh.get("/api/settings/train").json()
    assert [row["name"] for row in rows if row["torchrun"]] == ["parallel", "negatives_from"]
