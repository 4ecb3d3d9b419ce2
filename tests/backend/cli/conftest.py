"""A command as a person would give it, in this process, and a run of theirs."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from backend.cli import main
from backend.jobs.bench import Bench

Say = Callable[..., tuple[int, str, str]]


@pytest.fixture
def say(home: Path, capsys: pytest.CaptureFixture) -> Say:
    """Run a command on the home of the test: (exit code, stdout, stderr)."""

    def run(*words: object) -> tuple[int, str, str]:
        try:
            code = main([str(word) for word in words])
        except SystemExit as end:  # --help and --version
            code = end.code
        out = capsys.readouterr()
        return code, out.out, out.err

    return run


@pytest.fixture
def own(home: Path, trained: tuple[Path, str], say: Say) -> str:
    """A copy of the trained run in the test's own home."""
    shutil.copytree(trained[0] / "runs", home / "runs")
    shutil.copy(trained[0] / "saccade.db", home)
    return trained[1]


@pytest.fixture
def untimed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the processes that measure speed."""
    monkeypatch.setattr(Bench, "timed", lambda *_: iter(()))
