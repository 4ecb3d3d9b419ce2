"""Does make start the page where it is told to, and by nothing else?"""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.skipif(not shutil.which("make"), reason="make is not installed")
def test_the_page_listens_on_this_computer_unless_make_is_told_an_address() -> None:
    def serve(*words: str) -> str:
        return subprocess.run(
            ["make", "--dry-run", "serve", *words],
            cwd=ROOT,
            env=os.environ | {"HOST": "workstation-7"},
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    assert "saccade serve --host 127.0.0.1 --port 8000" in serve()
    assert "saccade serve --host 0.0.0.0 --port 9" in serve("HOST=0.0.0.0", "PORT=9")
