"""Files with random weights, as the published code writes them: a log folder, or one file."""

from pathlib import Path

import torch
from torch import Tensor

WIDTHS = (8, 16, 16, 16, 32, 32)
POOLS = (False, True, False, True, True, True)
END_TO_END = (0, 2, 5, 7, 10, 13)
State = dict[str, Tensor]


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
