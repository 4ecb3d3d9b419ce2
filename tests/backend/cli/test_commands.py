"""What does each command print, write and return, and how does it tell what went wrong?"""

import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from backend.cli import COMMANDS, parser
from backend.jobs.pace import EpochLosses
from backend.runs.folder import RunFolder
from backend.runs.results import Results
from backend.settings import CHECKOUT, VERSION
from models.config import SETTINGS
from tests.backend.cli.conftest import Say
from tests.backend.conftest import TEST, TRAIN


@pytest.fixture
def own(home: Path, trained: tuple[Path, str], say: Say) -> str:
    """A copy of the trained run in the test's own home."""
    shutil.copytree(trained[0] / "runs", home / "runs")
    shutil.copy(trained[0] / "saccade.db", home)
    return trained[1]


def test_every_command_explains_itself(say: Say) -> None:
    for word in COMMANDS:
        code, out, _ = say(word, "--help")
        assert code == 0 and "--home" in out or word in ("data", "bench")
    for words in (("data", "list"), ("data", "get"), ("data", "pack"), ("bench", "rules")):
        assert "--home" in say(*words, "--help")[1]
    assert say("--version")[1] == f"saccade {VERSION}\n"
    assert all(word in say()[1] for word in COMMANDS)


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


def test_runs_are_listed_for_people_and_for_programs(say: Say, own: str) -> None:
    code, out, _ = say("runs")
    assert code == 0 and re.search(
        rf"^{own} +finished +stripes-\w+ +clapp +vgg6-tiny +2/2", out, re.M
    )
    found = json.loads(say("runs", "--json")[1])["runs"]
    assert found[0]["id"] == own and found[0]["analysed"] == [0, 1, 2]


@pytest.mark.parametrize("lost", ["deleted", "damaged", "sound"])
def test_the_run_directories_alone_make_the_database_again(
    say: Say, own: str, home: Path, lost: str
) -> None:
    before = json.loads(say("runs", "--json")[1])["runs"]
    for path in home.glob("saccade.db*"):
        if lost != "sound":
            path.unlink()
    if lost == "damaged":
        (home / "saccade.db").write_bytes(b"no database " * 1000)
        code, out, err = say("runs")
        assert (code, out) == (2, "") and "saccade runs --rebuild" in err
    code, out, err = say("runs", "--rebuild", "--json")
    assert code == 0 and json.loads(out)["runs"] == before
    assert err.startswith("the database was made again from 1 run directories\n")
    assert len(list(home.glob("saccade.db.damaged-*"))) == (lost == "damaged")
    assert say("runs", "--json")[1] == out


def test_a_run_of_a_newer_saccade_is_named_and_left_alone(say: Say, own: str, home: Path) -> None:
    folder = RunFolder(home / "runs" / own)
    folder.write("run.json", folder.about() | {"format": 99})
    before = (folder.path / "run.json").read_bytes()
    code, out, err = say("runs", "--rebuild")
    assert code == 0 and own not in out
    assert f"note: run {own} was made by a newer Saccade" in err and "update Saccade" in err
    code, _, err = say("train", "--resume", own)
    assert code == 2 and err.startswith("error: ")
    assert (folder.path / "run.json").read_bytes() == before


def test_a_run_of_before_formats_had_numbers_is_read(say: Say, own: str, home: Path) -> None:
    folder = RunFolder(home / "runs" / own)
    about = folder.about()
    del about["format"]
    folder.write("run.json", about)
    assert own in say("runs", "--rebuild")[1]


def test_what_went_wrong_without_ending_a_run_stands_under_the_list(
    say: Say, own: str, home: Path
) -> None:
    RunFolder(home / "runs" / own).tell("warning", code="fell_back", message="goes on from 2")
    assert f"\nwarning: {own}: goes on from 2\n" in say("runs")[1]
    found = json.loads(say("runs", "--json")[1])["runs"][0]
    assert found["warnings"] == [{"code": "fell_back", "message": "goes on from 2"}]


def test_an_empty_home_says_how_to_begin(say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SACCADE_PRETRAINED", "/nowhere")
    assert say("runs") == (0, "no runs yet; begin one with: saccade train\n", "")


def test_training_prints_its_run_and_leaves_it_in_the_list(
    say: Say, pack: Path, home: Path
) -> None:
    code, out, err = say(
        *("train", "--data", pack, "--encoder", "vgg6-tiny", "--epochs", 2, "--batch", 12),
        *("--device", "cpu", "--no-analyse", "--name", "first try"),
    )
    run = out.strip()
    assert code == 0 and re.fullmatch(r"clapp-stripes-[0-9a-f]{8}-[0-9a-f]{4}", run)
    assert "epoch 2: loss" in err and "finished" in err
    listed = json.loads(say("runs", "--json")[1])["runs"][0]
    assert (listed["id"], listed["state"], listed["name"]) == (run, "finished", "first try")
    assert (listed["checkpoints"], listed["analysed"]) == ([0, 1, 2], [])
    assert listed["config"]["data"] == str(pack)


@pytest.mark.slow
def test_ctrl_c_stops_cleanly_and_resume_goes_on(
    home: Path, pack: Path, until: Callable, say: Say
) -> None:
    command = [sys.executable, "-m", "backend", "train", "--data", str(pack), "--home", str(home)]
    command += ["--encoder", "vgg6-tiny", "--epochs", "5000", "--batch", "12", "--device", "cpu"]
    command += ["--keep", "0", "--no-analyse"]
    process = subprocess.Popen(
        command, cwd=CHECKOUT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        run = process.stdout.readline().strip()
        folder = RunFolder(home / "runs" / run)
        until(lambda: b'"kind":"epoch"' in (folder.path / "events.jsonl").read_bytes())
        assert json.loads(say("runs", "--json")[1])["runs"][0]["state"] == "running"
        assert say("analyse", run)[0] == 2  # it is at work
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130
    assert f"saccade train --resume {run} --home {home}" in err and "Traceback" not in err
    assert folder.result(1)["state"] == "stopped"
    assert list((folder.path / "checkpoints").glob("resume-*"))
    about = folder.about()
    done = int(
        re.findall(rb'"epoch":(\d+),"losses"', (folder.path / "events.jsonl").read_bytes())[-1]
    )
    folder.write("run.json", about | {"config": about["config"] | {"epochs": done + 2}})
    for point in (folder.path / "checkpoints").glob("resume-*"):
        shorten(point, done + 2)
    code, out, err = say("train", "--resume", run, "--no-analyse")
    assert (code, out) == (0, f"{run}\n")
    assert f"epoch {done + 2}: loss" in err and "epoch 1: loss" not in err


def test_a_terminal_that_is_gone_keeps_no_run_from_saving(
    home: Path, pack: Path, say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader, writer = os.pipe()
    os.close(reader)  # as Ctrl+C ends `tee` as well
    terminal, add = open(writer, "wb", buffering=0), EpochLosses.add  # noqa: SIM115

    def interrupted(epoch: EpochLosses, progress) -> None:
        add(epoch, progress)
        if progress.step == 3:
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(EpochLosses, "add", interrupted)
    monkeypatch.setattr(sys, "stderr", io.TextIOWrapper(terminal, write_through=True))
    code, run, _ = say(
        *("train", "--data", pack, "--encoder", "vgg6-tiny", "--epochs", 50, "--batch", 12),
        *("--device", "cpu", "--no-analyse"),
    )
    sys.stderr.close()
    folder = RunFolder(home / "runs" / run.strip())
    assert (code, folder.result(1)["state"]) == (130, "stopped")
    assert (folder.path / "checkpoints" / "resume-00000003").is_dir()


def shorten(point: Path, epochs: int) -> None:
    """Let a resume checkpoint end earlier, so that the test does."""
    import hashlib

    state = json.loads((point / "state.json").read_text())
    state["config"]["epochs"] = epochs
    (point / "state.json").write_text(json.dumps(state))
    manifest = json.loads((point / "manifest.json").read_text())
    digest = hashlib.sha256((point / "state.json").read_bytes()).hexdigest()
    manifest["files"]["state.json"] = {"sha256": digest}
    (point / "manifest.json").write_text(json.dumps(manifest))


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


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("serv", "invalid choice"),
        ("train --epochs -1", "epochs must be at least 0"),
        ("train --epochs two", "a whole number is wanted, not 'two'"),
        ("train --learning-rate fast", "a number is wanted, not 'fast'"),
        ("train --rule clap", "did you mean 'clapp'?"),
        ("train --preset stl10-gp", "did you mean 'stl10-gpu'?"),
        ("train --resume nothing --preset paper", "--preset has no place beside --resume"),
        ("train --encoder vgg6-tin", "did you mean 'vgg6-tiny'?"),
        ("train --data photo", "did you mean 'photos'?"),
        ("train --data stl10", "saccade data get stl10"),
        ("train --data {tmp}/nothing.npz", "there is no pack"),
        ("train --data {tmp}/text.npz", "is not a pack of images"),
        ("train --data {tmp}/empty", "no images"),
        ("train --resume nothing", "there is no run 'nothing'"),
        ("train --resume nothing --epochs 3", "--epochs has no place beside --resume"),
        ("train --name caf\udce9", "is not written in UTF-8"),
        ("train --data {tmp}/\udcff", "is not written in UTF-8"),
        ("serve --data {tmp}/\udcff", "is not written in UTF-8"),
        ("train --keep 1,x", "whole numbers between commas"),
        ("train --bogus 1", "unrecognized arguments: --bogus"),
        ("analyse nothing", "there is no run 'nothing'"),
        ("analyse", "RUN"),
        ("export nothing --features {tmp}/a.npz", "there is no run 'nothing'"),
        ("export nothing --features {tmp}/a.txt", "name it"),
        ("export nothing --features {tmp}/none/a.npz", "there is no folder"),
        ("serve --port 70000", "a port is a number from 0 to 65535"),
        ("serve --port 0 --host 203.0.113.7 --token auto", "is no address of this computer"),
        ("serve --port 0 --host 203.0.113.7", "add --token auto to have one made"),
        ("serve --port 0 --token short", "a token has 32 to 200 letters"),
        ("serve --data photo", "did you mean 'photos'?"),
        ("data get nothing", "there is no data set 'nothing'"),
        ("data pack {tmp}/empty {tmp}/out.npz", "no images"),
        ("data pack {tmp}/none {tmp}/out.npz", "none"),
        ("runs --home {tmp}/text.npz", "name another one with --home"),
    ],
)
def test_what_was_asked_wrongly_is_told_in_one_sentence(
    say: Say, tmp_path: Path, home: Path, line: str, told: str
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.npz").write_text("this is no archive")
    code, out, err = say(*line.format(tmp=tmp_path).split())
    assert (code, out, err[:7], err.count("\n")) == (2, "", "error: ", 1), err
    assert told in err
    assert "Traceback" not in err and "usage:" not in err
    assert not list(home.glob("runs/*"))


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("analyse", "--epochs", "9"), "keeps epochs: 0, 1, 2"),
        (("analyse", "--epochs", "x"), "a whole number is wanted"),
        (("analyse", "--only", "probe"), "did you mean 'probes'?"),
        (("analyse", "--device", "gpu"), "device"),
        (("export", "--features", "{tmp}/a.npz", "--epoch", "9"), "keeps epochs: 0, 1, 2"),
        (("export", "--features", "{tmp}/a.npz", "--split", "all"), "unknown split 'all'"),
        (("export", "--features", "{tmp}/a.npz", "--split", "unlabelled"), "no unlabelled"),
    ],
)
def test_what_a_run_does_not_have_is_told_in_one_sentence(
    say: Say, own: str, tmp_path: Path, words: tuple, told: str
) -> None:
    command, *rest = (word.format(tmp=tmp_path) for word in words)
    code, out, err = say(command, own, *rest)
    assert (code, out, err[:7], err.count("\n")) == (2, "", "error: ", 1), err
    assert told in err
    assert not (tmp_path / "a.npz").exists()


def test_a_damaged_checkpoint_is_told_in_one_sentence(
    say: Say, own: str, home: Path, tmp_path: Path
) -> None:
    file = home / "runs" / own / "checkpoints" / "epoch-0002" / "encoder.safetensors"
    whole = file.read_bytes()
    for damaged in (whole[:50], whole[:-1] + bytes([whole[-1] ^ 1]), b""):
        file.write_bytes(damaged)
        code, _, err = say("export", own, "--features", tmp_path / "a.npz")
        assert code == 2 and "does not match its SHA-256" in err and err.count("\n") == 1
    file.unlink()
    code, _, err = say("export", own, "--features", tmp_path / "a.npz")
    assert code == 2 and err.count("\n") == 1 and "Traceback" not in err


def test_what_no_one_foresaw_is_logged_and_not_shown(
    say: Say, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backend.runs.catalogue.Catalogue.all", lambda _: 1 / 0)
    code, out, err = say("runs")
    assert (code, out) == (2, "")
    assert (
        err == "error: Saccade failed unexpectedly (ZeroDivisionError); the log has the details\n"
    )
    assert "Traceback" in (home / "saccade.log").read_text()


def test_a_reader_that_has_enough_is_no_error(home: Path) -> None:
    done = subprocess.run(
        f"{sys.executable} -m backend data list | head -1",
        shell=True,
        cwd=CHECKOUT,
        env=os.environ | {"SACCADE_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout.startswith("data") and done.stderr == ""


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


@pytest.mark.parametrize(
    ("name", "value"), [("SACCADE_RATE", "0"), ("SACCADE_RATE", "fast"), ("SACCADE_PORT", "x")]
)
def test_what_the_environment_says_wrongly_is_told_with_its_name(
    say: Say, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    code, out, err = say("runs")
    assert (code, out) == (2, "")
    assert err.startswith(f"error: {name} is {value!r}, but: ")
