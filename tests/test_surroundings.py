"""Is what a developer has exported kept out of the tests?"""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def test_no_variable_of_another_saccade_reaches_a_test() -> None:
    kept = {"SACCADE_CHROMIUM": "/usr/bin/chromium", "SACCADE_SCREENSHOTS": "pictures"}
    gone = ("SACCADE_DATABASE", "SACCADE_LAUNCHER", "SACCADE_TOKEN", "SACCADE_NEW", "HOST", "PORT")
    code = "import json, os, tests.conftest; print(json.dumps(dict(os.environ)))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=os.environ | kept | dict.fromkeys(gone, "9"),
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(done.stdout)
    assert {name: found[name] for name in found if name.startswith("SACCADE_")} == kept
    assert not {"HOST", "PORT"} & set(found)
