"""Are the published code's weights, read into Saccade, still the same network and the same rule?

What the tensors of its files mean is computed here from them alone, as that code does: the other
derivation.
"""

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from models.config import TrainConfig
from models.encoder import Encoder
from models.errors import CheckpointError
from models.published import Published, read, training_of
from models.published.parts import LAYERS
from tests.models.published.theirs import (
    END_TO_END,
    POOLS,
    WIDTHS,
    context_model,
    end_to_end_state,
    layer_states,
    log_folder,
)


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
            q_last = q.movedim(1, -1)
            wrong = q_last.flatten(0, 2)[draw.places(q_last, k)].movedim(-1, 2)
            total += hinge(1, (c * q).sum(1)).mean() + hinge(-1, (c[:, None] * wrong).sum(2)).mean()
        torch.testing.assert_close(rule.loss(layer, z, draw), total / 5, rtol=1e-12, atol=0)


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
