"""Is what is written as the published code saves it the same when it is read again?"""

import pytest
import torch

from models.checkpoint import save_kept, save_shared
from models.config import TrainConfig
from models.errors import CheckpointError, ConfigError
from models.published import read, training_of, write
from models.published.parts import LAYERS
from models.training import begin
from tests.models.published.theirs import layer_states, log_folder


@pytest.mark.parametrize(
    ("rule", "options", "mirror"),
    [
        ("clapp", {"draw": "per-layer"}, True),
        ("clapp-s", {"symmetric": "yes", "negatives": "anywhere"}, False),
        ("clapp-s", {}, True),
        ("greedy-infomax", {}, False),
        ("hinge-cpc", {"draw": "per-layer"}, True),
        ("cpc", {}, False),
    ],
)
@pytest.mark.parametrize("colour", ["grey", "rgb"])
def test_what_is_written_is_read_back_bit_for_bit(tmp_path, rule, options, mirror, colour):
    config = TrainConfig(
        rule=rule, encoder="vgg6-tiny", colour=colour, steps=4, device="cpu", seed=3, **options
    )
    training = begin(config)
    training.epoch = 7
    save_kept(tmp_path / "run", training)
    names = write(tmp_path / "run", 7, tmp_path / "log")
    assert names == [f"model_{n}_7.ckpt" for n in range(1 if "cpc" in rule else LAYERS)]
    assert sorted(file.name for file in (tmp_path / "log").iterdir()) == names
    found = read(tmp_path / "log", rule=rule)
    assert found.settings == {
        "rule": rule,
        "encoder": "vgg6-tiny",
        "colour": colour,
        "steps": 4,
        **options,
    }
    assert found.epoch == 7
    assert any("W_retro" in name for name in found.rule) is mirror
    for module, tensors in ((training.encoder, found.encoder), (training.rule, found.rule)):
        wanted = module.state_dict()
        assert wanted.keys() == tensors.keys()
        assert all(torch.equal(tensors[name], wanted[name]) for name in wanted)


@pytest.mark.parametrize("mirror", [True, False])
def test_what_is_read_is_written_back_bit_for_bit(tmp_path, mirror):
    states = layer_states(mirror)
    found = read(log_folder(tmp_path / "theirs", states))
    config = TrainConfig(**found.settings, device="cpu")
    save_kept(tmp_path / "run", training_of(found, config, 64, 0))
    write(tmp_path / "run", 599, tmp_path / "ours")
    for layer, state in enumerate(states):
        file = tmp_path / "ours" / f"model_{layer}_599.ckpt"
        assert file.read_bytes()[:2] != b"PK"  # PyTorch 1.0 reads no archive
        written = torch.load(file, weights_only=True)
        assert list(written) == list(state)
        assert all(torch.equal(written[name], state[name]) for name in state)


@pytest.mark.parametrize("rule", ["random", "supervised", "greedy-supervised", "clapp++"])
def test_a_rule_that_the_form_has_no_place_for_is_not_written(tmp_path, rule):
    option = {"spatial": "no"} if rule == "clapp++" else {}
    config = TrainConfig(rule=rule, encoder="vgg6-tiny", device="cpu", **option)
    save_kept(tmp_path / "run", begin(config, classes=3))
    with pytest.raises(ConfigError, match="has no place for; it has one for: clapp, clapp-s, cpc"):
        write(tmp_path / "run", 0, tmp_path / "log")
    assert not (tmp_path / "log").exists()


def test_an_epoch_without_its_matrices_or_without_a_checkpoint_is_not_written(tmp_path):
    training = begin(TrainConfig(encoder="vgg6-tiny", device="cpu"))
    save_kept(tmp_path / "run", training)
    save_shared(tmp_path / "run", 0, tmp_path / "shipped", "theirs")
    with pytest.raises(CheckpointError, match="keeps its encoder alone, without the prediction"):
        write(tmp_path / "shipped", 0, tmp_path / "log")
    with pytest.raises(CheckpointError, match="epoch 3 was asked for, but the run keeps epochs: 0"):
        write(tmp_path / "run", 3, tmp_path / "log")
    assert not (tmp_path / "log").exists()
