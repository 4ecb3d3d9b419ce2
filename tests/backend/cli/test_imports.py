"""Does a network of another program become an ordinary run, and does nothing stay of a failure?"""

import errno
import json
import os
import re
from pathlib import Path

import pytest
import torch

from backend.runs.folder import RunFolder
from models import checkpoint
from models.checkpoint import load_encoder, restore
from models.config import TrainConfig
from models.training import begin
from tests.backend.cli.conftest import Say

WIDTHS = (8, 16, 16, 16, 32, 32)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A log folder as the published code leaves it, with random weights, after epoch 20."""
    folder, inputs = tmp_path / "log", (1, *WIDTHS[:-1])
    folder.mkdir()
    for layer, (n, width) in enumerate(zip(inputs, WIDTHS, strict=True)):
        state = {"model.0.weight": 0.2 * torch.randn(width, n, 3, 3)}
        state["model.0.bias"] = 0.1 * torch.randn(width)
        for loss in ("loss", "loss_mirror"):
            for k in range(5):
                state[f"{loss}.W_k.{k}.weight"] = 0.1 * torch.randn(width, width, 1, 1)
        file = folder / f"model_{layer}_20.ckpt"
        torch.save(state, file, _use_new_zipfile_serialization=False)
    return folder


def stored(log: Path, layer: int) -> dict[str, torch.Tensor]:
    return torch.load(log / f"model_{layer}_20.ckpt", weights_only=True)


def test_a_log_folder_becomes_a_finished_run_with_its_baseline(
    say: Say, home: Path, log: Path, pack: Path
) -> None:
    code, out, err = say(
        *("import", log, "--format", "clapp2021", "--data", pack, "--name", "the  paper's")
    )
    run = out.strip()
    assert code == 0 and re.fullmatch(r"clapp-stripes-[0-9a-f]{8}-[0-9a-f]{4}", run)
    assert f"epoch 20; epoch 0 is a random encoder; go on with: saccade analyse {run}" in err
    found = json.loads(say("runs", "--json")[1])["runs"][0]
    assert (found["id"], found["state"], found["name"]) == (run, "finished", "the paper's")
    assert (found["checkpoints"], found["error"]) == ([0, 20], None)
    config = TrainConfig.from_dict(found["config"])
    assert (config.rule, config.encoder, config.colour) == ("clapp", "vgg6-tiny", "grey")
    assert (config.draw, config.epochs, config.data) == ("per-layer", 20, str(pack))
    folder = RunFolder(home / "runs" / run)
    trained, untrained = (load_encoder(folder.path, epoch) for epoch in (20, 0))
    for layer in range(6):
        weight = stored(log, layer)["model.0.weight"]
        assert torch.equal(trained.layers[layer].weight, weight)
    for name, weight in begin(config).encoder.state_dict().items():
        assert torch.equal(untrained.state_dict()[name], weight)
    told = "\n".join(folder.log_tail())
    assert "epoch 20 is read from model_0_20.ckpt" in told
    assert "epoch 0 is the untrained encoder of the same widths, seed 0: the baseline" in told
    assert say("analyse", run, "--only", "neighbours")[0] == 0
    assert (folder.path / "analysis" / "epoch-0020" / "neighbours-6.npz").is_file()
    code, _, err = say("train", "--resume", run)
    assert code == 2 and "it has nothing left to do" in err


def test_further_epochs_are_trained_by_resume(say: Say, home: Path, log: Path, pack: Path) -> None:
    _, out, err = say("import", log, "--format", "clapp2021", "--data", pack, "--further", 1)
    run = out.strip()
    assert f"saccade train --resume {run}" in err
    point = restore(home / "runs" / run / "checkpoints" / "resume-00000020")
    retro = stored(log, 5)["loss_mirror.W_k.3.weight"][..., 0, 0]
    assert torch.equal(point.rule.W_retro[5][3], retro)
    code, _, err = say("train", "--resume", run, "--no-analyse")
    assert code == 0 and "epoch 21: loss" in err and "epoch 20: loss" not in err
    found = json.loads(say("runs", "--json")[1])["runs"][0]
    assert (found["state"], found["checkpoints"]) == ("finished", [0, 20, 21])
    before, after = (load_encoder(home / "runs" / run, epoch) for epoch in (20, 21))
    change = (after.layers[0].weight - before.layers[0].weight).abs().max()
    assert 0 < change < 0.01  # one step of Adam


def test_a_run_goes_out_and_comes_back_bit_for_bit(
    say: Say, home: Path, log: Path, pack: Path, tmp_path: Path
) -> None:
    run = say("import", log, "--format", "clapp2021", "--data", pack)[1].strip()
    out = tmp_path / "out"
    code, said, _ = say("export", run, "--format", "clapp2021", "--to", out)
    assert code == 0 and said.startswith(f"{out}: model_0_20.ckpt, ")
    assert said.endswith(f"epoch 20 of run {run}\n")
    for layer in range(6):
        state = torch.load(out / f"model_{layer}_20.ckpt", weights_only=True)
        assert all(torch.equal(state[n], tensor) for n, tensor in stored(log, layer).items())
    code, _, err = say("export", run, "--format", "clapp2021", "--to", out)
    assert code == 2 and err == f"error: {out} exists already; name a new folder\n"
    random = tmp_path / "random"
    assert say("export", run, "--format", "clapp2021", "--to", random, "--epoch", 0)[0] == 0
    assert (random / "model_5_0.ckpt").is_file()


class Calls:
    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self):
        return os.mkdir, (str(self.mark),)


def test_a_checkpoint_that_calls_code_makes_no_run(
    say: Say, home: Path, log: Path, tmp_path: Path, pack: Path
) -> None:
    mark = tmp_path / "called"
    torch.save(stored(log, 3) | {"model.0.bias": Calls(mark)}, log / "model_3_20.ckpt")
    code, out, err = say("import", log, "--format", "clapp2021", "--data", pack)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith(f"error: {log / 'model_3_20.ckpt'} asks to call ")
    assert not mark.exists() and not (home / "runs").exists()


@pytest.mark.parametrize("broken", ["full", "interrupted"])
def test_a_run_that_cannot_be_written_whole_is_not_there(
    say: Say,
    home: Path,
    log: Path,
    pack: Path,
    monkeypatch: pytest.MonkeyPatch,
    broken: str,
) -> None:
    save, error = checkpoint.save_kept, OSError(errno.ENOSPC, "No space left on device")
    error = KeyboardInterrupt() if broken == "interrupted" else error

    def fails(run: Path, training) -> Path:
        if training.epoch:
            raise error
        return save(run, training)

    monkeypatch.setattr(checkpoint, "save_kept", fails)
    code, out, err = say("import", log, "--format", "clapp2021", "--data", pack)
    assert (code, out) == ((130, "") if broken == "interrupted" else (2, ""))
    assert ("the disk is full" in err) is (broken == "full")
    assert list((home / "runs").iterdir()) == []
    monkeypatch.undo()
    monkeypatch.setenv("SACCADE_HOME", str(home))
    listed = json.loads(say("runs", "--json")[1])["runs"]
    assert all(run["shipped"] for run in listed)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("import {tmp}/log", "the following arguments are required: --format"),
        ("import {tmp}/log --format clapp2022", "unknown format 'clapp2022'; did you mean 'clapp2"),
        ("import {tmp}/log --format greedy-infomax", "trains a ResNet encoder, which Saccade does"),
        (
            "import {tmp}/none --format clapp2021 --data {pack}",
            "there is no {tmp}/none; name a log",
        ),
        ("import {tmp} --format clapp2021 --data {pack}", "holds no trained model_LAYER_EPOCH"),
        ("import {tmp}/log --format clapp2021 --epoch 3 --data {pack}", "has epochs: 20"),
        ("import {tmp}/log --format clapp2021 --epoch new", "a whole number is wanted"),
        ("import {tmp}/log --format clapp2021 --data photo", "did you mean 'photos'?"),
        ("import {tmp}/log --format clapp2021 --further -1", "--further must be at least 0"),
        ("export clapp-photos --format clapp --to {tmp}/new", "did you mean 'clapp2021'?"),
        ("export clapp-photos --share {tmp}/new --to {tmp}/a", "--to is the folder of --format"),
        ("export clapp-photos --format clapp2021", "name a new one with --to"),
        ("export clapp-photos --format clapp2021 --to {tmp}/log", "exists already"),
        ("export clapp-photos --format clapp2021 --to {tmp}/none/new", "there is no folder"),
        ("export clapp-photos --format clapp2021 --to {tmp}/new", "keeps its encoder alone"),
        (
            "export clapp-photos --format clapp2021 --to {tmp}/new --epoch 2",
            "the run keeps epochs: 100",
        ),
        ("export nothing --format clapp2021 --to {tmp}/new", "there is no run 'nothing'"),
    ],
)
def test_what_was_asked_wrongly_is_told_in_one_sentence(
    say: Say, tmp_path: Path, home: Path, log: Path, pack: Path, line: str, told: str
) -> None:
    words = [word.format(tmp=tmp_path, pack=pack) for word in line.split()]
    before = sorted(file.name for file in log.iterdir())
    code, out, err = say(*words)
    assert (code, out, err[:7], err.count("\n")) == (2, "", "error: ", 1), err
    assert told.format(tmp=tmp_path) in err and "Traceback" not in err
    assert not list(home.glob("runs/*")) and not (tmp_path / "new").exists()
    assert sorted(file.name for file in log.iterdir()) == before


def test_shared_weights_come_back_as_a_run_that_can_be_analysed(
    say: Say, home: Path, log: Path, pack: Path, tmp_path: Path
) -> None:
    run = say("import", log, "--format", "clapp2021", "--data", pack)[1].strip()
    out = tmp_path / "weights"
    code, told, err = say("export", run, "--weights", out)
    assert (code, err) == (0, "") and "epochs 0 and 20" in told
    names = {file.name for file in out.rglob("*") if file.is_file()}
    assert names <= {
        "run.json",
        "events.jsonl",
        "encoder.safetensors",
        "state.json",
        "manifest.json",
    }
    assert str(pack) not in "".join(file.read_text() for file in out.rglob("*.json*"))
    code, told, err = say("import", out, "--format", "shared", "--data", pack, "--name", "theirs")
    again = told.strip()
    assert code == 0 and again != run and "epochs 0, 20 of a training on" in err
    for epoch in (0, 20):
        before = load_encoder(home / "runs" / run, epoch).state_dict()
        after = load_encoder(home / "runs" / again, epoch).state_dict()
        for name, tensor in before.items():
            assert torch.equal(tensor.half().float(), after[name])
    assert say("analyse", again, "--only", "activity")[0] == 0


def test_shared_weights_that_were_changed_make_no_run(
    say: Say, home: Path, log: Path, pack: Path, tmp_path: Path
) -> None:
    run = say("import", log, "--format", "clapp2021", "--data", pack)[1].strip()
    out = tmp_path / "weights"
    say("export", run, "--weights", out)
    say("export", run, "--weights", tmp_path / "again", "--epoch", "7")
    assert not (tmp_path / "again").exists()
    file = next(out.rglob("epoch-0020/encoder.safetensors"))
    spoilt = bytearray(file.read_bytes())
    spoilt[-1] ^= 1
    file.write_bytes(spoilt)
    code, told, err = say("import", out, "--format", "shared", "--data", pack)
    assert code == 2 and told == "" and "encoder.safetensors" in err and err.count("\n") == 1
    runs = json.loads(say("runs", "--json")[1])["runs"]
    assert [found["id"] for found in runs if not found["shipped"]] == [run]


def test_a_hostile_shared_folder_leaves_nothing_behind_but_its_checkpoints(
    say: Say, home: Path, log: Path, pack: Path, tmp_path: Path
) -> None:
    run = say("import", log, "--format", "clapp2021", "--data", pack)[1].strip()
    out, secret = tmp_path / "weights", tmp_path / "secret.txt"
    say("export", run, "--weights", out)
    secret.write_text("secret")
    (next(out.rglob("epoch-0020")) / "more").symlink_to(secret)
    told = [
        {"seq": 1, "kind": "epoch", "epoch": "a", "losses": [1.0], "seconds": 1.0},
        {"seq": 2, "kind": "epoch", "epoch": 3, "losses": [1.0], "seconds": 1.0, "self": 1},
        {"seq": 3},
    ]
    lines = [json.dumps(event, separators=(",", ":")) for event in told]
    (out / "events.jsonl").write_text("\n".join([*lines, "[" * 200_000, ""]))
    code, made, _ = say("import", out, "--format", "shared", "--data", pack)
    assert code == 0
    folder = home / "runs" / made.strip()
    assert not any(file.name == "more" for file in folder.rglob("*"))
    runs = {found["id"]: found for found in json.loads(say("runs", "--json")[1])["runs"]}
    assert runs[made.strip()]["history"] == {"epochs": [3], "losses": [[1.0]]}
    about = json.loads((out / "run.json").read_text())
    about["dataset"] = str(pack)
    (out / "run.json").write_text(json.dumps(about))
    code, _, err = say("import", out, "--format", "shared")
    assert code == 2 and "names a path as its images" in err
