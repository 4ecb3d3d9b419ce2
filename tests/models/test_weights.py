"""Are weights of a file taken as they are, and is what is no weights refused in a sentence?"""

import os
import pickle
from pathlib import Path

import pytest
import safetensors.torch
import torch

from models.errors import CheckpointError
from models.weights import fitted, head_of, read_weights
from models.zoo.families import build


class Opens:
    """A pickle of it makes a file when it is opened by a reader that trusts it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


@pytest.fixture(scope="module")
def state() -> dict[str, torch.Tensor]:
    return build("timm", "test_resnet", seed=4).state_dict()


@pytest.mark.parametrize("wrap", ["", "state_dict", "model"])
@pytest.mark.parametrize("prefix", ["", "module."])
def test_pickled_weights_come_out_of_what_wraps_them(
    tmp_path: Path, state: dict, wrap: str, prefix: str
) -> None:
    named = {prefix + name: tensor for name, tensor in state.items()}
    torch.save({wrap: named, "epoch": 3} if wrap else named, tmp_path / "weights.pth")
    body = build("timm", "test_resnet")
    fitted(body, read_weights(tmp_path / "weights.pth"), tmp_path, "test_resnet")
    assert all(torch.equal(tensor, state[name]) for name, tensor in body.state_dict().items())


def test_a_pickle_never_runs_code(tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    (tmp_path / "weights.pt").write_bytes(pickle.dumps({"x": Opens(trap)}))
    torch.save({"x": Opens(trap)}, tmp_path / "zip.pt")
    for name in ("weights.pt", "zip.pt"):
        with pytest.raises(CheckpointError, match="asks to call|no file that torch.save wrote"):
            read_weights(tmp_path / name)
    assert not trap.exists()


def written(path: Path, what: object) -> Path:
    torch.save(what, path)
    return path


def test_what_holds_no_weights_is_told_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "cut.pth").write_bytes(
        written(tmp_path / "a.pth", {"x": torch.ones(3)}).read_bytes()[:80]
    )
    (tmp_path / "cut.safetensors").write_bytes(b"\x10\x00\x00")
    (tmp_path / "weights.txt").write_text("1, 2, 3")
    for path, told in [
        (tmp_path / "none.pth", "there is no file"),
        (tmp_path / "cut.pth", "damaged"),
        (tmp_path / "cut.safetensors", "cut short in its header; fetch or write it again"),
        (tmp_path / "weights.txt", "damaged, cut off, or no file that torch.save wrote"),
        (written(tmp_path / "list.pth", [1, 2]), "holds list and no tensors by name"),
        (written(tmp_path / "mixed.pth", {"x": torch.ones(1), "y": 3}), "'y', which is no tensor"),
    ]:
        with pytest.raises(CheckpointError, match=told) as caught:
            read_weights(path)
        assert "\n" not in str(caught.value)


def changed(state: dict, name: str, tensor: torch.Tensor | None) -> dict:
    rest = {key: value for key, value in state.items() if key != name}
    return rest if tensor is None else rest | {name: tensor}


def test_weights_of_another_model_are_told_by_name(state: dict, tmp_path: Path) -> None:
    for tensors, told in [
        (changed(state, "bn1.weight", None), "lacks bn1.weight"),
        (changed(state, "bn9.weight", torch.ones(2)), "has bn9.weight, which it does not know"),
        (changed(state, "bn1.weight", torch.ones(31)), "bn1.weight is 31 and must be 32"),
        (changed(state, "bn1.weight", torch.full((32,), torch.nan)), "not finite"),
    ]:
        with pytest.raises(CheckpointError, match=told):
            fitted(build("timm", "test_resnet"), tensors, tmp_path, "test_resnet")


def test_a_head_of_other_classes_is_known_by_its_shape(state: dict) -> None:
    body = build("timm", "test_resnet")
    ten = build("timm", "test_resnet", classes=10).state_dict()
    assert head_of(body, ten, 1000) == 10
    assert head_of(body, state, 1000) is None
    assert head_of(body, changed(state, "bn1.weight", torch.ones(31)), 1000) is None


def test_safetensors_are_read_as_they_are(state: dict, tmp_path: Path) -> None:
    safetensors.torch.save_file(state, tmp_path / "weights.safetensors")
    read = read_weights(tmp_path / "weights.safetensors")
    assert read.keys() == state.keys()
    assert all(torch.equal(read[name], state[name]) for name in state)


@pytest.mark.parametrize("dtype", [torch.int32, torch.complex64])
def test_weights_of_another_kind_of_number_are_refused(
    tmp_path: Path, state: dict, dtype: torch.dtype
) -> None:
    name = next(name for name, tensor in state.items() if tensor.is_floating_point())
    body = build("timm", "test_resnet")
    with pytest.raises(CheckpointError, match=f"{name} of .* holds {dtype}"):
        fitted(body, changed(state, name, state[name].to(dtype)), tmp_path, "test_resnet")


def test_a_name_that_would_write_on_the_terminal_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "evil.safetensors"
    safetensors.torch.save_file({"evil\x1b[31m": torch.ones(2)}, file)
    with pytest.raises(CheckpointError, match="no name of a tensor") as caught:
        read_weights(file)
    assert str(caught.value).isprintable()
