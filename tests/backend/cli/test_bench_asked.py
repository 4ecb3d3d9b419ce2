"""Is what is asked of a bench told, kept, and refused where it cannot be had?"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.backend.cli.benches import TINY, of, striped
from tests.backend.cli.conftest import Say


@pytest.mark.usefixtures("untimed")
def test_a_record_from_before_a_setting_was_told_had_its_default(
    say: Say, pack: Path, home: Path
) -> None:
    asked = ("bench", "rules", "--data", pack, "--rules", "random", "--epochs", 0, *TINY)
    assert say(*asked, "--name", "old")[0] == 0
    path, record = home / "benches" / "old" / "bench.json", of(home, "old")
    told = record["settings"]
    for name in ("schedule", "init", "w_init"):
        del told[name]
    path.write_text(json.dumps(record | {"settings": told}))
    code, _, err = say(*asked, "--name", "old", "--init", "he")
    assert code == 2 and "init uniform, but he was asked for" in err
    assert say(*asked, "--name", "old")[0] == 0
    assert of(home, "old")["settings"]["schedule"] == "constant"


@pytest.mark.usefixtures("untimed")
def test_other_settings_are_refused_and_change_nothing(say: Say, pack: Path, home: Path) -> None:
    common = ("bench", "rules", "--data", pack, "--name", "set", "--rules", "random", *TINY)
    assert say(*common, "--epochs", 1)[0] == 0
    path = home / "benches" / "set" / "bench.json"
    before = path.read_bytes()
    for flag, value, word in (
        ("--epochs", 2, "epochs 1, but 2 was asked for"),
        ("--learning-rate", 0.01, "learning rate 0.0002, but 0.01"),
        ("--encoder", "vgg6-small", "encoder vgg6-tiny, but vgg6-small"),
    ):
        code, out, err = say(*common, "--epochs", 1, flag, value)
        assert (code, out) == (2, "") and word in err and "--name" in err
    assert path.read_bytes() == before
    path.write_text("{")
    code, _, err = say(*common, "--epochs", 1)
    assert code == 2 and "cannot be read" in err and path.read_text() == "{"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--rules", "clap"), "unknown rule 'clap'; did you mean 'clapp'?"),
        (("--protocols", "papr"), "unknown protocol 'papr'; did you mean 'paper'?"),
        (("--seeds", 0), "at least 1 (seed 0), not 0"),
        (("--name", "A b"), "small letters, digits and -, not 'A b'"),
        (("--out", "table.txt"), "name it table.txt.md"),
        (("--epochs", -1), "epochs must be at least 0"),
        (("--encoder", "vgg"), "unknown encoder 'vgg'"),
        (("--preset", "paprr"), "unknown preset 'paprr'; did you mean 'paper'?"),
        (("--w-init", "near"), "unknown w_init 'near'"),
    ],
)
def test_what_is_asked_wrongly_is_told_in_one_sentence(
    say: Say, pack: Path, home: Path, words: tuple, said: str
) -> None:
    code, out, err = say("bench", "rules", "--data", pack, *TINY[2:], *words)
    assert (code, out, err.count("\n")) == (2, "", 1) and said in err
    assert not (home / "benches").exists() and not (home / "runs").exists()


def test_images_without_labels_are_refused(say: Say, home: Path, tmp_path: Path) -> None:
    plain = tmp_path / "plain.npz"
    striped(plain, side=64, labelled=False)
    code, _, err = say("bench", "rules", "--data", plain, "--name", "none", *TINY)
    assert code == 2 and "reads classes off each layer" in err
    assert not (home / "benches" / "none" / "bench.json").exists()


def test_a_bench_at_work_elsewhere_is_left_alone(say: Say, pack: Path, home: Path) -> None:
    folder = home / "benches" / "busy"
    folder.mkdir(parents=True)
    lock = str(folder / "lock")
    holder = (
        f"import fcntl; f = open({lock!r}, 'ab'); fcntl.flock(f, 2); print(1, flush=True); input()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", holder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline()
    code, _, err = say("bench", "rules", "--data", pack, "--name", "busy", *TINY)
    process.communicate("\n")
    assert code == 2 and "at work in another process" in err


@pytest.mark.usefixtures("untimed")
def test_the_told_command_makes_the_whole_record(say: Say, pack: Path, home: Path) -> None:
    asked = ("bench", "rules", "--data", pack, "--epochs", 0, "--name", "told", *TINY)
    assert say(*asked, "--rules", "clapp,cpc")[0] == 0
    assert say(*asked, "--rules", "clapp")[0] == 0
    command = of(home, "told")["command"]
    assert "--rules clapp,cpc --seeds 1 --protocols fast --name told" in command
    assert f"--data {pack.name} " in command


def test_a_refused_bench_leaves_no_folder(say: Say, home: Path, tmp_path: Path) -> None:
    striped(tmp_path / "bare.npz", 64, labelled=False)
    code, _, err = say("bench", "rules", "--data", tmp_path / "bare.npz", "--name", "bare", *TINY)
    assert code == 2 and "a bench reads classes off each layer" in err
    assert not (home / "benches" / "bare").exists()
