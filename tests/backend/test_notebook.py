"""Does the notebook do what it says, cell by cell, on arrays and against a server?"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from backend.settings import CHECKOUT
from tests.bearer import bearer

NOTEBOOK = json.loads((CHECKOUT / "docs" / "example.ipynb").read_text(encoding="utf-8"))
CODE = ["".join(cell["source"]) for cell in NOTEBOOK["cells"] if cell["cell_type"] == "code"]


def test_the_notebook_is_kept_without_outputs() -> None:
    assert (NOTEBOOK["nbformat"], len({cell["id"] for cell in NOTEBOOK["cells"]})) == (
        4,
        len(NOTEBOOK["cells"]),
    )
    kept = [
        cell for cell in NOTEBOOK["cells"] if cell.get("outputs") or cell.get("execution_count")
    ]
    assert kept == []


def test_every_cell_of_the_notebook_runs(trained: tuple[Path, str], tmp_path: Path) -> None:
    home, run = trained
    script = tmp_path / "cells.py"
    script.write_text("\n\n".join(CODE), encoding="utf-8")
    command = [sys.executable, "-m", "backend", "serve", "--home", str(home), "--port", "0"]
    with subprocess.Popen(
        [*command, "--no-browser", "--no-work"], cwd=CHECKOUT, stdout=subprocess.PIPE, text=True
    ) as server:
        try:
            assert server.stdout
            found = re.search(r"http://[\w.:]+", server.stdout.readline())
            assert found
            told = {"SACCADE_ADDRESS": found[0], "PYTHONPATH": str(CHECKOUT)}
            told |= {"SACCADE_TOKEN": bearer(home)["Authorization"].partition(" ")[2]}
            done = subprocess.run(
                [sys.executable, script], env=os.environ | told, capture_output=True, text=True
            )
        finally:
            server.terminate()
    assert done.returncode == 0, done.stderr
    assert "95 % interval" in done.stdout
    assert "(7, 10) [layer, image]" in done.stdout
