"""Which of our weights is each tensor that the published code saves, and the other way round?

That code keeps W_k as a map from the future z into the space of the context c and scores with
u = c . (W_k z) (method A.5). Its first loss cuts the gradient at c and so teaches the future side,
its mirror cuts it at z and teaches the context side (A.9):

    loss.W_k          u = c . (W_k z) = z . (W_k^T c)       W_pred  = W_k^T
    loss_mirror.W_k   u = c . (W_k z)                       W_retro = W_k
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from models.config import SETTINGS, TrainConfig, nearest
from models.errors import CheckpointError, ConfigError
from models.presets import ENCODERS, VGG6_POOLS
from models.published.parts import LAYERS, Part, lacks, unknown
from models.rules import RULES

MATRIX = re.compile(r"loss(?:_mirror)?\.W_k\.(\d+)\.weight")
MOST_STEPS = int(next(row.maximum for row in SETTINGS if row.name == "steps"))
CONVOLUTIONS = {LAYERS: (0,), 1: (0, 2, 5, 7, 10, 13)}  # by number of parts: those in each part
COLOURS = {1: "grey", 3: "rgb"}

# (parts, is there a mirror?) -> the rules whose weights look so, the published script's first, with
# the options that make the rule what that script runs.
TRAINED_BY: dict[tuple[int, bool], dict[str, dict[str, str]]] = {
    (LAYERS, True): {"clapp": {"draw": "per-layer"}, "clapp-s": {}},
    (LAYERS, False): {
        "clapp-s": {"symmetric": "yes", "negatives": "anywhere"},
        "greedy-infomax": {},
    },
    (1, True): {"hinge-cpc": {"draw": "per-layer"}},
    (1, False): {"cpc": {}},
}


@dataclass(frozen=True)
class Published:
    """A trained network as the published code left it, in our names and orientation."""

    settings: dict[str, str | int]  # of TrainConfig: rule and its options, encoder, colour, steps
    encoder: dict[str, Tensor]  # the state dict of an Encoder
    rule: dict[str, Tensor]  # and of its rule
    epoch: int  # as that code counts, at least 1: 0 is the untrained encoder here
    files: tuple[Path, ...]


@dataclass(frozen=True)
class Layout:
    """Where in the parts each weight stands; made once all names and shapes are right."""

    convolutions: list[tuple[Part, int]]  # of each layer: its part, its number in it
    widths: tuple[int, ...]
    channels: int  # that the first layer sees
    losses: tuple[str, ...]
    steps: int


def ours(parts: Sequence[Part], rule: str | None, epoch: int, files: tuple[Path, ...]) -> Published:
    """The network in our weights. Raises CheckpointError, or ConfigError for a rule of others."""
    layout = layout_of(parts)
    word = encoder_word(layout.widths)
    trained_by = TRAINED_BY[len(parts), "loss_mirror" in layout.losses]
    rule = rule or next(iter(trained_by))
    if rule not in trained_by:
        raise ConfigError(
            f"rule {rule!r} was asked for, but these weights are not of its form; "
            f"{nearest(rule, trained_by)}"
        )
    encoder, matrices = {}, {}
    for layer, (part, number) in enumerate(layout.convolutions):
        for what in ("weight", "bias"):
            encoder[f"layers.{layer}.{what}"] = part.tensors[f"model.{number}.{what}"]
    for number, part in enumerate(parts):
        end = f".{number}" if len(parts) > 1 else ""
        W = {
            loss: torch.stack([part.tensors[name] for name in matrix_names(loss, layout.steps)])
            for loss in layout.losses
        }  # [k, c, z, 1, 1]
        matrices[f"W_pred{end}"] = W["loss"][..., 0, 0].mT.contiguous()  # [k, z, c]
        if "loss_mirror" in W:
            matrices[f"W_retro{end}"] = W["loss_mirror"][..., 0, 0].contiguous()  # [k, c, z]
    settings = {
        "rule": rule,
        "encoder": word,
        "colour": COLOURS[layout.channels],
        "steps": layout.steps,
        **trained_by[rule],
    }
    return Published(settings, encoder, matrices, max(epoch, 1), files)


def layout_of(parts: Sequence[Part]) -> Layout:
    """Hold every name and shape against what it must be. Raises CheckpointError."""
    numbers = CONVOLUTIONS[len(parts)]
    named = [name for part in parts for name in part.tensors]
    found = [int(match[1]) for name in named if (match := MATRIX.fullmatch(name))]
    steps = min(max(found, default=0) + 1, MOST_STEPS)
    mirrored = any(name.startswith("loss_mirror.") for name in named)
    losses = ("loss", "loss_mirror") if mirrored else ("loss",)
    for part in parts:
        check_names(part, numbers, losses, steps)
    convolutions = [(part, number) for part in parts for number in numbers]
    widths = tuple(part.tensors[f"model.{n}.bias"].numel() for part, n in convolutions)
    first = parts[0].tensors["model.0.weight"]
    channels = first.shape[1] if first.ndim == 4 and first.shape[1] in COLOURS else 1
    inputs = (channels, *widths[:-1])
    for (part, n), width, below in zip(convolutions, widths, inputs, strict=True):
        check_shape(part, f"model.{n}.weight", (width, below, 3, 3))
        check_shape(part, f"model.{n}.bias", (width,))
    tops = widths if len(parts) > 1 else widths[-1:]
    for part, width in zip(parts, tops, strict=True):
        for loss in losses:
            for name in matrix_names(loss, steps):
                check_shape(part, name, (width, width, 1, 1))
    return Layout(convolutions, widths, channels, losses, steps)


def matrix_names(loss: str, steps: int) -> list[str]:
    return [f"{loss}.W_k.{k}.weight" for k in range(steps)]


def check_names(part: Part, numbers: Sequence[int], losses: Sequence[str], steps: int) -> None:
    """Raise CheckpointError unless a part holds exactly the tensors that it must."""
    wanted = [f"model.{n}.{what}" for n in numbers for what in ("weight", "bias")]
    wanted += [name for loss in losses for name in matrix_names(loss, steps)]
    if missing := [name for name in wanted if name not in part.tensors]:
        raise CheckpointError(lacks(part.name, missing))
    if extra := [name for name in part.tensors if name not in wanted]:
        raise CheckpointError(unknown(part.name, extra))


def check_shape(part: Part, name: str, shape: tuple[int, ...]) -> None:
    if part.tensors[name].shape != shape:
        raise CheckpointError(
            f"{name} of {part.name} has the shape {list(part.tensors[name].shape)}, and "
            f"{list(shape)} is wanted"
        )


def encoder_word(widths: tuple[int, ...]) -> str:
    """The encoder with these widths. Raises CheckpointError that lists those there are."""
    known = {word: row.widths for word, row in ENCODERS.items() if row.pools == VGG6_POOLS}
    for word, its_widths in known.items():
        if its_widths == widths:
            return word
    listed = "; ".join(f"{word}: {' '.join(map(str, row))}" for word, row in known.items())
    raise CheckpointError(
        f"no encoder of Saccade has layers of {' '.join(map(str, widths))} channels (there are "
        f"{listed})"
    )


def theirs(
    config: TrainConfig, encoder: dict[str, Tensor], matrices: dict[str, Tensor]
) -> list[dict[str, Tensor]]:
    """The state dicts of that code's modules, from the bottom up; the inverse of `ours`."""
    parts, states = 1 if RULES[config.rule].crosses else LAYERS, []
    for number in range(parts):
        state, end = {}, f".{number}" if parts > 1 else ""
        for layer, index in enumerate(CONVOLUTIONS[parts], start=number):
            for what in ("weight", "bias"):
                state[f"model.{index}.{what}"] = encoder[f"layers.{layer}.{what}"]
        W_pred, W_retro = matrices[f"W_pred{end}"], matrices.get(f"W_retro{end}", ())
        for name, W in zip(matrix_names("loss", len(W_pred)), W_pred, strict=True):
            state[name] = W.T[..., None, None]
        for name, W in zip(matrix_names("loss_mirror", len(W_retro)), W_retro, strict=True):
            state[name] = W[..., None, None]
        states.append(state)
    return states
