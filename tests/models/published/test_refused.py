"""Is a published file with a fault, or a part of a log folder, refused by the name of its fault?"""

import pytest
import torch

from models.errors import CheckpointError, ConfigError
from models.published import read
from tests.models.published.theirs import (
    State,
    end_to_end_state,
    layer_states,
    log_folder,
    one_file,
)


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
