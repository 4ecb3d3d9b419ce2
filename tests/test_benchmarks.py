"""A benchmark's record is whole wherever it runs, and is written where it is asked for."""

import argparse
import json
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from benchmarks import record

# What a machine with a GPU may lack, and what is measured there.
ABSENT = "fastapi starlette uvicorn pydantic pydantic_settings openTSNE plotly httpx torchvision"
MEASURED = "train_step depth_memory tsne multi_gpu scale probes learning"
WITHOUT = f"""
import sys
for name in {ABSENT.split()}:
    sys.modules[name] = None
from importlib import import_module
for name in {MEASURED.split()}:
    import_module("benchmarks." + name)
"""


def test_a_record_is_printed_and_written_with_the_packages_that_are_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(record, "PACKAGES", ("torch", "no-such-package"))
    given = argparse.Namespace(json=True, out=tmp_path / "a" / "b")
    record.told("made-up", [record.figure("a step", [2.0, 1.0, 4.0], "ms", "< 5")], given)
    row, whole = capsys.readouterr().out.splitlines()
    assert row == "a step: 2 (1 to 4) ms; goal < 5"
    found = json.loads(whole)
    assert found["versions"] == {"torch": version("torch")}
    assert found["rows"][0]["value"] == 2 and found["rows"][0]["runs"] == 3
    assert json.loads((given.out / "made-up.json").read_text()) == found


def test_a_gpu_that_is_not_there_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("torch.cuda.device_count", lambda: 1)
    monkeypatch.setattr(sys, "argv", ["views", "--device", "cuda"])
    with pytest.raises(SystemExit):
        record.parsed(record.parser("."), least=2)
    assert "this needs 2 CUDA GPUs and torch finds 1 here" in capsys.readouterr().err


def test_what_is_measured_on_a_gpu_needs_neither_server_nor_page() -> None:
    subprocess.run([sys.executable, "-c", WITHOUT], check=True, timeout=120)
