"""Does a run that is trained where torch alone is come back as something to be imported?"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from backend.cli import main
from benchmarks.pretrain import config_of
from models.errors import ConfigError
from tests.test_benchmarks import ABSENT

WITHOUT = f"""
import runpy, sys
for name in {ABSENT.split()}:
    sys.modules[name] = None
sys.argv = ["pretrain", *sys.argv[1:]]
runpy.run_module("benchmarks.pretrain", run_name="__main__")
"""


def test_a_training_of_limited_time_is_read_off_and_can_be_imported(
    tmp_path: Path, pack: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = [f"data={pack}", "rule=clapp-s", "encoder=vgg6-tiny", "batch=12", "device=cpu"]
    options = ["--seconds", "0", "--json", "--out", str(tmp_path)]
    command = [sys.executable, "-c", WITHOUT, *options, *settings]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, timeout=240)
    whole = json.loads(done.stdout.splitlines()[-1])
    assert whole == json.loads((tmp_path / "pretrain.json").read_text())
    names = ["clapp-s, vgg6-tiny, training", "raw pixels"]
    names += [f"epoch {epoch}, layer {layer}" for epoch in (0, 1) for layer in range(1, 7)]
    assert [row["name"] for row in whole["rows"]] == names

    copy = tmp_path / "clapp-s-vgg6-tiny"
    assert sorted(p.name for p in (copy / "checkpoints").iterdir()) == ["epoch-0000", "epoch-0001"]
    (event,) = map(json.loads, (copy / "events.jsonl").read_text().splitlines())
    assert event["epoch"] == 1 and len(event["losses"]) == 6
    told = (copy / "run.json").read_text()
    assert str(pack.parent) not in told and json.loads(told)["config"]["rule"] == "clapp-s"
    words = ["import", str(copy), "--format", "shared", "--data", str(pack)]
    assert main(words) == 0
    made = capsys.readouterr().out.split()[0]
    assert main(["analyse", made, "--only", "activity,probes"]) == 0
    assert capsys.readouterr().err.count("Traceback") == 0


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("epochs=many", "epochs is a number, not 'many'"),
        ("epochs", "NAME=VALUE, not 'epochs'"),
        ("epoch=1", "did you mean 'epochs'"),
    ],
)
def test_a_setting_that_is_none_is_told(word: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        config_of("photos", [word])
