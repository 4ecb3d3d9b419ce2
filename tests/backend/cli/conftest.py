"""Commands as a person gives them, in this process."""

from collections.abc import Callable
from pathlib import Path

import pytest

from backend.cli import main

Say = Callable[..., tuple[int, str, str]]


@pytest.fixture
def say(home: Path, capsys: pytest.CaptureFixture) -> Say:
    """Run a command in this process: (exit code, stdout, stderr)."""

    def run(*words: object) -> tuple[int, str, str]:
        code = main([str(word) for word in words])
        out = capsys.readouterr()
        return code, out.out, out.err

    return run
