"""A checkpoint is whole or refused, and what it holds comes back."""

import errno
import json
import os

import numpy as np
import pytest
import torch

from models import checkpoint, sealed
from models.checkpoint import (
    keeps_rule,
    kept,
    latest_resume,
    load_encoder,
    load_learner,
    restore,
    save_kept,
    save_resume,
    save_shared,
)
from models.config import TrainConfig
from models.errors import CheckpointError
from models.train import train
from models.training import begin

CONFIG = TrainConfig(encoder="vgg6-tiny", device="cpu", epochs=1, batch=4)


@pytest.fixture
def training():
    images = np.random.default_rng(0).integers(0, 256, (8, 3, 96, 96), dtype=np.uint8)
    *_, last = train(CONFIG, images)
    return last.training


def test_a_kept_encoder_comes_back_bit_for_bit(training, tmp_path):
    save_kept(tmp_path, training)
    encoder = load_encoder(tmp_path, 1)
    for name, weight in training.encoder.state_dict().items():
        assert torch.equal(encoder.state_dict()[name], weight)
    assert kept(tmp_path) == [1]


def test_a_kept_rule_comes_back_with_its_encoder_bit_for_bit(training, tmp_path):
    save_kept(tmp_path, training)
    encoder, rule = load_learner(tmp_path, 1)
    for kept_part, part in ((encoder, training.encoder), (rule, training.rule)):
        for name, weight in part.state_dict().items():
            assert torch.equal(kept_part.state_dict()[name], weight)
    assert keeps_rule(tmp_path, 1) and not keeps_rule(tmp_path, 7)


def test_a_rule_that_is_too_large_is_not_kept_but_can_be_gone_on_with(
    training, tmp_path, monkeypatch
):
    monkeypatch.setattr(checkpoint, "RULE_BYTES", 1000)
    folder = save_kept(tmp_path, training)
    assert sorted(f.name for f in folder.iterdir()) == [
        "encoder.safetensors",
        "manifest.json",
        "state.json",
    ]
    with pytest.raises(CheckpointError, match="without the rule's own weights"):
        load_learner(tmp_path, 1)
    load_encoder(tmp_path, 1)
    restore(save_resume(tmp_path, training))


def test_only_the_last_two_resume_points_stay(training, tmp_path):
    for training.step in (5, 6, 7):
        save_resume(tmp_path, training)
    names = sorted(f.name for f in (tmp_path / "checkpoints").iterdir())
    assert names == ["resume-00000006", "resume-00000007"]
    assert latest_resume(tmp_path).name == "resume-00000007"


def test_a_resume_point_before_the_first_step_holds_zero_moments(tmp_path):
    training = restore(save_resume(tmp_path, begin(CONFIG)))
    state = training.optimisers[0].state
    assert all(float(s["step"]) == 0 and s["exp_avg"].abs().max() == 0 for s in state.values())


@pytest.mark.parametrize("part", ["encoder.safetensors", "state.json", "manifest.json"])
@pytest.mark.parametrize("harm", ["flip", "truncate", "empty", "remove"])
def test_damage_is_refused_with_the_name_of_the_checkpoint(training, tmp_path, part, harm):
    folder = save_resume(tmp_path, training)
    file = folder / part
    data = bytearray(file.read_bytes())
    if harm == "flip":
        data[len(data) // 2] ^= 4
    elif harm == "truncate":
        del data[len(data) // 2 :]
    elif harm == "empty":
        data.clear()
    if harm == "remove":
        file.unlink()
    else:
        file.write_bytes(data)
    with pytest.raises(CheckpointError, match=rf"{folder.name}.*is damaged.*train again"):
        restore(folder)


def test_a_shared_encoder_is_half_the_size_and_nearly_the_same(training, tmp_path):
    whole = save_kept(tmp_path / "run", training) / "encoder.safetensors"
    shared = save_shared(tmp_path / "run", 1, tmp_path / "copy", "theirs") / "encoder.safetensors"
    assert shared.stat().st_size < 0.6 * whole.stat().st_size
    encoder = load_encoder(tmp_path / "copy", 1)
    for name, weight in training.encoder.state_dict().items():
        assert torch.allclose(encoder.state_dict()[name], weight, atol=1e-3)


def test_weights_too_large_for_half_precision_are_shared_as_they_are(training, tmp_path):
    with torch.no_grad():
        training.encoder.layers[0].bias[0] = 1e5
    save_kept(tmp_path / "run", training)
    save_shared(tmp_path / "run", 1, tmp_path / "copy", "theirs")
    first = load_encoder(tmp_path / "copy", 1).layers[0]
    assert first.bias.tolist() == training.encoder.layers[0].bias.tolist()


def test_an_epoch_that_is_not_kept_is_answered_with_those_that_are(training, tmp_path):
    save_kept(tmp_path, training)
    with pytest.raises(CheckpointError, match="epoch 7 was asked for.*keeps epochs: 1"):
        load_encoder(tmp_path, 7)


def test_a_checkpoint_of_another_encoder_is_refused(training, tmp_path):
    folder = save_kept(tmp_path, training)
    state = json.loads((folder / "state.json").read_text())
    state["config"]["encoder"] = "vgg6-small"
    data = json.dumps(state).encode()
    payload = {name: (folder / name).read_bytes() for name in ("encoder.safetensors",)}
    manifest = sealed.manifest_of({**payload, "state.json": data})
    sealed.place(folder, {**payload, "state.json": data, "manifest.json": manifest})
    with pytest.raises(CheckpointError, match="is of another model"):
        load_encoder(tmp_path, 1)


@pytest.mark.parametrize("broken", ["fsync", "write"])
def test_a_full_disk_leaves_the_old_checkpoint_and_no_litter(
    training, tmp_path, monkeypatch, broken
):
    folder = save_kept(tmp_path, training)
    before = {f.name: f.read_bytes() for f in folder.iterdir()}
    training.step += 1

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    if broken == "fsync":
        monkeypatch.setattr(os, "fsync", full)
    else:
        monkeypatch.setattr(sealed, "flush", full)
    with pytest.raises(OSError, match="No space left"):
        save_kept(tmp_path, training)
    monkeypatch.undo()
    assert {f.name: f.read_bytes() for f in folder.iterdir()} == before
    assert [f.name for f in folder.parent.iterdir()] == [folder.name]
    load_encoder(tmp_path, 1)
