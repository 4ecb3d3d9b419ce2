"""Are the published code's weights, read into Saccade, still the same network and the same rule?

Both forms on disk are written here with random weights, and what they mean is computed here from
the stored tensors alone, as the published code does: the other derivation.
"""

from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from models import pickled
from models.checkpoint import save_kept, save_shared
from models.config import TrainConfig
from models.encoder import Encoder
from models.errors import CheckpointError, ConfigError
from models.published import Published, parts, read, training_of, write
from models.published.parts import LAYERS
from models.train import begin

WIDTHS = (8, 16, 16, 16, 32, 32)
POOLS = (False, True, False, True, True, True)
END_TO_END = (0, 2, 5, 7, 10, 13)
State = dict[str, Tensor]


@pytest.fixture(autouse=True)
def in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read files without the child, which has its own tests and seconds to start."""
    monkeypatch.setattr(parts, "tensors_of", lambda files: [pickled.read(f) for f in files])


def layer_states(mirror: bool = True, channels: int = 1, steps: int = 5, widths=WIDTHS):
    """Random state dicts of the six modules."""
    states, inputs = [], (channels, *widths[:-1])
    for n, width in zip(inputs, widths, strict=True):
        state = {"model.0.weight": 0.3 * torch.randn(width, n, 3, 3)}
        state["model.0.bias"] = 0.1 * torch.randn(width)
        states.append(state | matrices(width, mirror, steps))
    return states


def end_to_end_state(mirror: bool = True) -> State:
    """Random state dict of the one module of an end-to-end training."""
    state, inputs = {}, (1, *WIDTHS[:-1])
    for number, n, width in zip(END_TO_END, inputs, WIDTHS, strict=True):
        state[f"model.{number}.weight"] = 0.3 * torch.randn(width, n, 3, 3)
        state[f"model.{number}.bias"] = 0.1 * torch.randn(width)
    return state | matrices(WIDTHS[-1], mirror)


def matrices(width: int, mirror: bool, steps: int = 5) -> State:
    return {
        f"{loss}.W_k.{k}.weight": 0.3 * torch.randn(width, width, 1, 1)
        for loss in (("loss", "loss_mirror") if mirror else ("loss",))
        for k in range(steps)
    }


def log_folder(path: Path, states: list[State], epoch: int = 599, old: bool = True) -> Path:
    path.mkdir(exist_ok=True)
    for layer, state in enumerate(states):
        file = path / f"model_{layer}_{epoch}.ckpt"
        torch.save(state, file, _use_new_zipfile_serialization=not old)
    return path


def one_file(states: list[State]) -> State:
    """Every tensor under both of its names, as that code's modules share them."""
    return {
        f"module.{prefix}.{layer}.{name}": tensor
        for prefix in ("model.0", "encoder")
        for layer, state in enumerate(states)
        for name, tensor in state.items()
    }


def context_model(path: Path, states: list[State]) -> Path:
    torch.save(one_file(states), path / "context_model.ckpt")
    return path / "context_model.ckpt"


def features(convolutions: list[tuple[Tensor, Tensor]], images: Tensor) -> list[Tensor]:
    """Each layer's mean over a patch, [b, channel, row, column], from [b, channel, 64, 64]."""
    x = images.unfold(2, 16, 8).unfold(3, 16, 8)  # [b, channel, 7, 7, 16, 16]
    x, found = x.permute(0, 2, 3, 1, 4, 5).flatten(0, 2), []
    for (weight, bias), pool in zip(convolutions, POOLS, strict=True):
        x = F.relu(F.conv2d(x, weight.double(), bias.double(), padding=1))
        x = F.max_pool2d(x, 2) if pool else x
        found.append(x.mean((2, 3)).reshape(len(images), 7, 7, -1).permute(0, 3, 1, 2))
    return found


def encoder_of(found: Published) -> Encoder:
    encoder = Encoder(found.settings["encoder"], 1 if found.settings["colour"] == "grey" else 3)
    encoder.load_state_dict(found.encoder)
    return encoder.double()


@pytest.mark.parametrize("form", ["log folder", "one file", "folder of the one file"])
@pytest.mark.parametrize(("channels", "colour"), [(1, "grey"), (3, "rgb")])
def test_all_six_layers_answer_as_the_published_network_does(tmp_path, form, channels, colour):
    torch.manual_seed(0)
    states = layer_states(channels=channels)
    if form == "log folder":
        path = log_folder(tmp_path, states)
    else:
        path = context_model(tmp_path, states)
        path = path if form == "one file" else tmp_path
    found = read(path)
    assert found.settings == {
        "rule": "clapp",
        "encoder": "vgg6-tiny",
        "colour": colour,
        "steps": 5,
        "draw": "per-layer",
    }
    assert found.epoch == (599 if form == "log folder" else 1)
    images = torch.randn(3, channels, 64, 64, dtype=torch.float64)
    wanted = features([(s["model.0.weight"], s["model.0.bias"]) for s in states], images)
    with torch.no_grad():
        answers = encoder_of(found)(images)
    for answer, feature in zip(answers, wanted, strict=True):
        assert feature.abs().max() > 0.1
        torch.testing.assert_close(answer, feature, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize(("mirror", "rule"), [(True, "hinge-cpc"), (False, "cpc")])
def test_an_end_to_end_training_is_one_file_with_six_convolutions(tmp_path, mirror, rule):
    torch.manual_seed(0)
    state = end_to_end_state(mirror)
    found = read(log_folder(tmp_path, [state]))
    assert found.settings["rule"] == rule
    images = torch.randn(2, 1, 64, 64, dtype=torch.float64)
    pairs = [(state[f"model.{n}.weight"], state[f"model.{n}.bias"]) for n in END_TO_END]
    with torch.no_grad():
        answers = encoder_of(found)(images)
    for answer, feature in zip(answers, features(pairs, images), strict=True):
        torch.testing.assert_close(answer, feature, rtol=1e-10, atol=1e-12)
    (tmp_path / "one").mkdir()
    again = read(context_model(tmp_path / "one", [state]))
    assert again.settings == found.settings
    assert all(torch.equal(again.rule[name], found.rule[name]) for name in found.rule)


def hinge(y: Tensor | int, u: Tensor) -> Tensor:
    return (1 - y * u).clamp(min=0)


def term_of_their_loss(W: list[Tensor], z: Tensor, c: Tensor, fate) -> Tensor:
    """One of the two losses of that code: u = c . (W_k z), true and wrong images averaged apart."""
    total = 0
    for k, W_k in enumerate(W, start=1):
        q = F.conv2d(z[:, :, k + 1 :], W_k)  # in the space of the context
        context = c[:, :, : -(k + 1)]
        y, other = fate(k)
        true = hinge(1, (context * q).sum(1)).mean((1, 2))
        wrong = hinge(-1, (context * q[other]).sum(1)).mean((1, 2))
        total = total + true[y > 0].mean() + wrong[y < 0].mean()
    return total / len(W)


@pytest.mark.parametrize("layers", [LAYERS, 1])
def test_the_two_matrices_score_and_teach_as_the_published_losses_do(tmp_path, layers):
    """Values tell the orientation; the gradients tell which matrix teaches which side."""
    torch.manual_seed(1)
    states = layer_states() if layers > 1 else [end_to_end_state()]
    found = read(log_folder(tmp_path, states))
    config = TrainConfig(**found.settings, device="cpu", precision="float64")
    rule = training_of(found, config, 64, 0).rule
    draw = rule.draw(8, torch.Generator().manual_seed(5))
    for number, (layer, state) in enumerate(zip(rule.layers, states, strict=True)):
        z = torch.rand(8, WIDTHS[layer], 7, 7, dtype=torch.float64, requires_grad=True)
        W, mirror = (
            [state[f"{loss}.W_k.{k}.weight"].double() for k in range(5)]
            for loss in ("loss", "loss_mirror")
        )
        fates = [lambda k, t=t, n=number: (draw.y[n, t], draw.other[n, t, k - 1]) for t in (0, 1)]
        theirs = term_of_their_loss(W, z, z.detach(), fates[0])
        theirs = theirs + term_of_their_loss(mirror, z.detach(), z, fates[1])
        ours = rule.loss(layer, z, draw)
        torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=0)
        (mine,), (wanted,) = torch.autograd.grad(ours, z), torch.autograd.grad(theirs, z)
        torch.testing.assert_close(mine, wanted, rtol=1e-10, atol=1e-14)


def test_the_one_matrix_of_clapp_s_scores_as_the_published_loss_does(tmp_path):
    torch.manual_seed(2)
    states = layer_states(mirror=False)
    found = read(log_folder(tmp_path, states))
    assert found.settings["rule"] == "clapp-s"
    assert (found.settings["symmetric"], found.settings["negatives"]) == ("yes", "anywhere")
    config = TrainConfig(**found.settings, device="cpu", precision="float64")
    rule = training_of(found, config, 64, 0).rule
    draw = rule.draw(4, torch.Generator().manual_seed(5))
    for layer, state in enumerate(states):
        z = torch.rand(4, WIDTHS[layer], 7, 7, dtype=torch.float64)
        total = 0
        for k in range(1, 6):
            c, q = z[:, :, : -(k + 1)], z[:, :, k + 1 :]
            q = F.conv2d(q, state[f"loss.W_k.{k - 1}.weight"].double())
            wrong = q.movedim(1, -1).flatten(0, 2)[draw.places(q, k)].movedim(-1, 2)
            total += hinge(1, (c * q).sum(1)).mean() + hinge(-1, (c[:, None] * wrong).sum(2)).mean()
        torch.testing.assert_close(rule.loss(layer, z, draw), total / 5, rtol=1e-12, atol=0)


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


def test_a_training_goes_on_where_the_published_one_ended(tmp_path):
    found = read(log_folder(tmp_path, layer_states(), epoch=12))
    config = TrainConfig(**found.settings, device="cpu", epochs=14, batch=32)
    training = training_of(found, config, 64, images=100)
    assert (training.epoch, training.step, training.images) == (12, 12 * 4, 100)
    states = [state for each in training.optimisers for state in each.state.values()]
    assert states and not any(moment.any() for state in states for moment in state.values())


def test_the_newest_epoch_is_read_unless_another_is_named(tmp_path):
    for epoch in (0, 9, 10):
        states = layer_states()
        log_folder(tmp_path, states, epoch=epoch)
    log_folder(tmp_path, layer_states(), epoch=-1)
    (tmp_path / "optim_0_10.ckpt").write_bytes(b"left alone")
    newest = read(tmp_path)
    assert newest.epoch == 10
    assert torch.equal(newest.encoder["layers.0.weight"], states[0]["model.0.weight"])
    assert not torch.equal(
        read(tmp_path, epoch=9).encoder["layers.0.weight"], states[0]["model.0.weight"]
    )
    assert read(tmp_path, epoch=0).epoch == 1  # that code counts from 0; 0 here is the untrained
    with pytest.raises(
        CheckpointError, match=r"epoch 7 was asked for, but .* has epochs: 0, 9, 10"
    ):
        read(tmp_path, epoch=7)


def test_fewer_prediction_steps_are_read_as_such(tmp_path):
    assert read(log_folder(tmp_path, layer_states(steps=3))).settings["steps"] == 3


def without(state: State, name: str) -> None:
    del state[name]


def spoil_number(state: State, name: str, value: float) -> None:
    state[name].view(-1)[1] = value


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda s: without(s[2], "model.0.bias"), "model_2_599.ckpt lacks model.0.bias"),
        (lambda s: without(s[5], "loss.W_k.4.weight"), "model_5_599.ckpt lacks loss.W_k.4.weight"),
        (
            lambda s: [without(s[3], name) for name in list(s[3]) if "mirror" in name],
            "model_3_599.ckpt lacks loss_mirror.W_k.0.weight, .* and 2 more",
        ),
        (
            lambda s: [without(x, n) for x in s for n in list(x) if "W_k" in n],
            "model_0_599.ckpt lacks loss.W_k.0.weight",
        ),
        (
            lambda s: s[1].update({"recurrent_weights.weight": torch.zeros(2)}),
            "model_1_599.ckpt holds recurrent_weights.weight, which is no part",
        ),
        (
            lambda s: s[1].update({"loss.W_k.5.weight": torch.zeros(16, 16, 1, 1)}),
            "model_0_599.ckpt lacks loss.W_k.5.weight|holds loss.W_k.5.weight",
        ),
        (
            lambda s: s[4].update({"model.0.weight": torch.zeros(32, 16, 5, 5)}),
            r"model.0.weight of model_4_599.ckpt has the shape \[32, 16, 5, 5\], and \[32, 16, 3",
        ),
        (
            lambda s: s[1].update({"model.0.weight": torch.zeros(16, 9, 3, 3)}),
            r"of model_1_599.ckpt has the shape \[16, 9, 3, 3\], and \[16, 8, 3, 3\] is wanted",
        ),
        (
            lambda s: s[0].update({"model.0.weight": torch.zeros(8, 2, 3, 3)}),
            r"of model_0_599.ckpt has the shape \[8, 2, 3, 3\], and \[8, 1, 3, 3\] is wanted",
        ),
        (
            lambda s: s[0].update({"model.0.bias": torch.zeros(8, 1)}),
            r"model.0.bias of model_0_599.ckpt has the shape \[8, 1\], and \[8\] is wanted",
        ),
        (
            lambda s: s[5].update({"loss_mirror.W_k.2.weight": torch.zeros(32, 31, 1, 1)}),
            r"loss_mirror.W_k.2.weight of model_5_599.ckpt has the shape \[32, 31, 1, 1\]",
        ),
        (
            lambda s: spoil_number(s[3], "loss.W_k.1.weight", float("nan")),
            "loss.W_k.1.weight of model_3_599.ckpt holds values that are not finite",
        ),
        (
            lambda s: spoil_number(s[0], "model.0.bias", float("-inf")),
            "model.0.bias of model_0_599.ckpt holds values that are not finite",
        ),
        (
            lambda s: s[2].update({"model.0.bias": torch.zeros(16, dtype=torch.float64)}),
            "model.0.bias of model_2_599.ckpt is of torch.float64, and torch.float32 is wanted",
        ),
    ],
)
def test_a_log_folder_with_a_fault_is_refused_by_the_name_of_it(tmp_path, spoil, told):
    states = layer_states()
    spoil(states)
    with pytest.raises(CheckpointError, match=told) as error:
        read(log_folder(tmp_path, states))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (
            lambda s: without(s, "module.encoder.4.model.0.bias"),
            "context_model.ckpt lacks module.encoder.4.model.0.bias",
        ),
        (
            lambda s: without(s, "module.model.0.4.model.0.bias"),
            "context_model.ckpt lacks module.model.0.4.model.0.bias",
        ),
        (
            lambda s: s.update({"module.encoder.2.model.0.bias": torch.zeros(16)}),
            "holds model.0.bias of layer 2 twice, .*module.encoder.2, and the two differ",
        ),
        (
            lambda s: s.update({"module.head.weight": torch.zeros(2)}),
            "context_model.ckpt holds module.head.weight, which is no part",
        ),
        (
            lambda s: [without(s, name) for name in list(s) if ".5." in name],
            "context_model.ckpt lacks module.encoder.5",
        ),
        (
            lambda s: s.update(
                {f"module.{p}.6.model.0.bias": torch.zeros(2) for p in ("model.0", "encoder")}
            ),
            "context_model.ckpt holds module.encoder.6, which is no part",
        ),
        (
            lambda s: spoil_number(s, "module.model.0.1.loss.W_k.0.weight", float("inf")),
            "module.model.0.1.loss.W_k.0.weight of context_model.ckpt holds values that are not",
        ),
    ],
)
def test_a_context_model_with_a_fault_is_refused_by_the_name_of_it(tmp_path, spoil, told):
    state = {name: tensor.clone() for name, tensor in one_file(layer_states()).items()}
    spoil(state)
    torch.save(state, tmp_path / "context_model.ckpt")
    with pytest.raises(CheckpointError, match=told):
        read(tmp_path / "context_model.ckpt")


def test_a_folder_that_is_no_whole_log_is_refused_with_what_it_lacks(tmp_path):
    with pytest.raises(CheckpointError, match="there is no .*/none; name a log folder"):
        read(tmp_path / "none")
    with pytest.raises(CheckpointError, match="holds no trained model_LAYER_EPOCH.ckpt and no con"):
        read(tmp_path)
    log_folder(tmp_path, layer_states(), epoch=-1)
    with pytest.raises(CheckpointError, match="holds no trained model_LAYER_EPOCH.ckpt"):
        read(tmp_path)
    log_folder(tmp_path, layer_states(), epoch=4)
    with pytest.raises(
        CheckpointError, match=f"a part of a log folder; name the folder {tmp_path}"
    ):
        read(tmp_path / "model_2_4.ckpt")
    (tmp_path / "model_2_4.ckpt").unlink()
    with pytest.raises(CheckpointError, match=r"lacks model_2_4\.ckpt; it is not whole"):
        read(tmp_path)
    for layer in (1, 3, 4, 5):
        (tmp_path / f"model_{layer}_4.ckpt").unlink()
    with pytest.raises(CheckpointError, match="holds the first layer alone.*layers 1 to 5"):
        read(tmp_path)
    log_folder(tmp_path, [*layer_states(), end_to_end_state()], epoch=4)
    with pytest.raises(CheckpointError, match=r"model_6_4\.ckpt is of a layer that CLAPP's"):
        read(tmp_path)


def test_widths_that_no_encoder_has_are_answered_with_those_that_some_have(tmp_path):
    states = layer_states(widths=(8, 8, 16, 16, 32, 32))
    with pytest.raises(CheckpointError, match="layers of 8 8 16 16 32 32 channels.*vgg6: 128 256"):
        read(log_folder(tmp_path, states))


@pytest.mark.parametrize(
    ("rule", "told"), [("hinge-cpc", "choose one of: clapp, clapp-s"), ("clap", "'clapp'")]
)
def test_a_rule_that_has_other_weights_is_refused(tmp_path, rule, told):
    with pytest.raises(ConfigError, match=f"not of its form; .*{told}"):
        read(log_folder(tmp_path, layer_states()), rule=rule)


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
