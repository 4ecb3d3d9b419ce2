"""What does each command print, write and return?"""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from backend.cli import COMMANDS, parser
from backend.runs.results import Results
from backend.settings import CHECKOUT, VERSION, default_home
from models.config import SETTINGS
from tests.backend.cli.conftest import Say
from tests.backend.conftest import TEST, TRAIN


def test_every_command_explains_itself(say: Say) -> None:
    for word in COMMANDS:
        code, out, _ = say(word, "--help")
        assert code == 0 and ("--home" in out or word in ("data", "bench"))
    for words in (("data", "list"), ("data", "get"), ("data", "pack"), ("bench", "rules")):
        assert "--home" in say(*words, "--help")[1]
    assert say("--version")[1] == f"saccade {VERSION}\n"
    assert all(word in say()[1] for word in COMMANDS)


def test_the_help_tells_the_defaults_there_are(say: Say) -> None:
    told = "".join(say("runs", "--help")[1].split())
    assert "".join(f"else {default_home()})".split()) in told
    out = " ".join(say("export", "--help")[1].split())
    assert "--epoch N checkpoint (default: the last; for --html all that are analysed)" in out


def test_every_setting_of_a_run_is_a_flag_of_train(say: Say) -> None:
    out = " ".join(say("train", "--help")[1].split())
    for row in SETTINGS:
        assert f"--{row.name.replace('_', '-')} " in out
        assert f"default: {row.default}" in out


def test_the_list_of_commands_comes_without_torch() -> None:
    code = "import sys; from backend.cli import parser; parser(); print('torch' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=CHECKOUT, capture_output=True, text=True, timeout=120
    )
    assert done.stdout.strip() == "False", done.stderr


def test_analyse_names_what_is_there_already_and_does_the_rest(
    say: Say, own: str, home: Path
) -> None:
    code, _, err = say("analyse", own)
    assert code == 0 and err.count("there already") == 4
    file = home / "runs" / own / "analysis" / "epoch-0001" / "neighbours-4.npz"
    before = Results(home / "runs" / own).read("neighbours", 1, 4)
    file.unlink()
    code, _, err = say("analyse", own, "--epochs", "1", "--only", "neighbours", "--device", "cpu")
    assert code == 0
    after = Results(home / "runs" / own).read("neighbours", 1, 4)
    np.testing.assert_array_equal(before["image"], after["image"])


def test_export_writes_the_features_of_all_layers(say: Say, own: str, tmp_path: Path) -> None:
    out = tmp_path / "features.npz"
    code, said, _ = say("export", own, "--features", out)
    assert code == 0 and said.startswith(f"{out}: {TEST} images, epoch 2 of run {own}")
    with np.load(out) as found:
        assert set(found) == {*(f"layer{n}" for n in range(7)), "ids", "labels"}
        widths = [found[f"layer{n}"].shape for n in range(7)]
        assert widths == [(TEST, w) for w in (4096, 8, 16, 16, 16, 32, 32)]
        assert all(found[f"layer{n}"].dtype == np.float32 for n in range(7))
        assert found["ids"].tolist() == list(range(TRAIN, TRAIN + TEST))
        assert found["labels"].tolist() == [n % 3 for n in range(TRAIN, TRAIN + TEST)]
    code, _, err = say("export", own, "--features", out)
    assert code == 2 and "exists already" in err
    random = tmp_path / "random.npz"
    assert say("export", own, "--features", random, "--epoch", 0, "--split", "train")[0] == 0
    with np.load(random) as found:
        assert found["ids"].tolist() == list(range(TRAIN))
    assert [path.name for path in tmp_path.glob(".*")] == []


def test_data_are_listed_read_and_packed(say: Say, pack: Path, tmp_path: Path) -> None:
    from PIL import Image

    code, out, _ = say("data", "list")
    assert (
        code == 0 and re.search(r"^photos +yes", out, re.M) and re.search(r"^stl10 +no", out, re.M)
    )
    code, out, _ = say("data", "get", pack)
    assert code == 0 and out.startswith("stripes: 24 train, 10 test images of 64 x 64 pixels")
    folder = tmp_path / "mine"
    for name in ("a/1.png", "a/2.png", "b/3.png", "b/4.png"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (120, 100), (9, 9, 9)).save(folder / name)
    (folder / "a" / "broken.png").write_bytes(b"not a picture")
    code, out, err = say("data", "pack", folder, tmp_path / "mine.npz")
    assert (code, out) == (0, f"{tmp_path / 'mine.npz'}: 4 images\n")
    assert err.startswith("left out: ") and "broken.png" in err


@pytest.mark.parametrize("line", ["data list", "runs --json", "train --help"])
def test_a_reader_that_has_enough_is_no_error(home: Path, line: str) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "backend", *line.split()],
        cwd=CHECKOUT,
        env=os.environ | {"SACCADE_HOME": str(home)},
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_parser_is_made_anew_each_time() -> None:
    assert parser().parse_args(["train", "--epochs", "3"]).epochs == 3
    assert parser().parse_args(["train"]).epochs is None


def test_only_training_is_shared_between_processes_of_torchrun(
    say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "one")
    monkeypatch.setenv("WORLD_SIZE", "2")
    code, _, err = say("runs")
    assert code == 2 and "only saccade train shares its work; run saccade runs without" in err
