"""Does one run, in whose directory something odd lies, leave all others to be seen?"""

import os
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from backend.app import create_app
from backend.cli import main
from backend.runs.folder import RunFolder
from backend.settings import Settings
from tests.backend.conftest import LOCAL, Quiet


@pytest.mark.parametrize(
    ("name", "odd"),
    [
        ("events.jsonl", '{"seq":1,"kind":"epoch","epoch":1,"losses":"x"}\n'),
        (
            "events.jsonl",
            '{"seq":1,"kind":"epoch","epoch":"a","losses":[1.0]}\n'
            '{"seq":2,"kind":"epoch","epoch":1,"losses":[1.0]}\n',
        ),
        ("events.jsonl", '{"seq":1,"kind":"warning","code":"x","message":5}\n'),
        ("events.jsonl", '{"seq":1,"kind":"progress","fraction":1e999}\n'),
        ("events.jsonl", '{"seq":1,"kind":"progress","what":"\\ud800"}\n'),
        ("events.jsonl", '{"seq":1,"kind":"state","state":"queued","attempt":2,"resumes":"x"}\n'),
        ("result.json", '{"state": "failed", "error": "text"}'),
        ("process.json", '{"attempt": 1%s, "handle": "x"}' % ("0" * 30)),
        ("run.json", '{"id":"odd-1","created":"\\ud800","config":{},"dataset":"x"}'),
        ("run.json", '{"id":"odd-1","created":"2026","config":{"crop":NaN},"dataset":"x"}'),
        ("run.json", '{"id":"odd-1","created":"2026","config":{},"dataset":"x","model":{}}'),
    ],
)
def test_one_odd_file_in_a_run_hides_no_other_run_from_page_and_command_line(
    home: Path, name: str, odd: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for run in ("good-1", "odd-1"):
        folder = RunFolder(home / "runs" / run)
        folder.create({"id": run, "created": "2026", "config": {}, "dataset": "x"})
        folder.write("result.json", {"state": "finished", "error": None})
    (folder.path / name).write_text(odd)
    for path in home.glob("runs/*/run.json"):
        os.utime(path, (1e9, 1e9))  # long enough ago for nobody to be making it
    assert main(["runs", "--home", str(home)]) == 0
    assert "good-1" in capsys.readouterr().out
    settings = Settings(home=home, pretrained=home / "none", work=False)
    with TestClient(create_app(settings, Quiet()), base_url=LOCAL) as client:
        reply = client.get("/api/runs")
        assert reply.status_code == 200, reply.text
        assert "good-1" in [run["id"] for run in reply.json()["runs"]]
