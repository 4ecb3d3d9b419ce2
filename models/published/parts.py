"""Which tensors has the published code saved, module by module?

A log folder has one model_LAYER_EPOCH.ckpt for each layer 0 to 5 or, trained end to end, LAYER 0
alone with all six convolutions. A context_model.ckpt has the modules of one epoch under two names
each, module.model.0.LAYER and module.encoder.LAYER, which must be the same.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from models.errors import CheckpointError
from models.pickled import tensors_of
from models.presets import VGG6_POOLS

LAYERS = len(VGG6_POOLS)
CONTEXT = "context_model.ckpt"
FILE = re.compile(r"model_(\d+)_(-?\d+)\.ckpt")
TWICE = re.compile(r"module\.(model\.0|encoder)\.(\d+)\.(.+)")
UNTRAINED = -1  # the epoch of what that code saves before it trains


@dataclass(frozen=True)
class Part:
    """The tensors of one module of that code, by their names in it."""

    name: str  # as a person finds it
    tensors: dict[str, Tensor]


def files_of(path: Path, epoch: int | None) -> tuple[tuple[Path, ...], int]:
    """The files to read, from layer 0 up, and the epoch they are of. Raises CheckpointError."""
    if path.is_file():
        if FILE.fullmatch(path.name):
            raise CheckpointError(
                f"{path} is a part of a log folder; name the folder {path.parent}"
            )
        return (path,), 1 if epoch is None else epoch
    if not path.is_dir():
        raise CheckpointError(
            f"there is no {path}; name a log folder of the published CLAPP code, or a {CONTEXT}"
        )
    found: dict[int, dict[int, Path]] = {}  # epoch -> layer -> file
    for file in path.iterdir():
        if (match := FILE.fullmatch(file.name)) and file.is_file():
            found.setdefault(int(match[2]), {})[int(match[1])] = file
    if not found and (path / CONTEXT).is_file():
        return files_of(path / CONTEXT, epoch)
    found.pop(UNTRAINED, None)
    if not found:
        raise CheckpointError(
            f"{path} holds no trained model_LAYER_EPOCH.ckpt and no {CONTEXT}; name the folder "
            "that the published CLAPP code logged into"
        )
    epoch = max(found) if epoch is None else epoch
    if epoch not in found:
        there = ", ".join(map(str, sorted(found)))
        raise CheckpointError(f"epoch {epoch} was asked for, but {path} has epochs: {there}")
    layers = found[epoch]
    if extra := sorted(set(layers) - set(range(LAYERS))):
        raise CheckpointError(
            f"{layers[extra[0]]} is of a layer that CLAPP's encoder does not have; its layers are "
            f"0 to {LAYERS - 1}"
        )
    missing = sorted(set(range(LAYERS)) - set(layers))
    if missing and set(layers) != {0}:
        raise CheckpointError(lacks(str(path), [f"model_{n}_{epoch}.ckpt" for n in missing]))
    return tuple(layers[n] for n in sorted(layers)), epoch


def parts_of(files: tuple[Path, ...]) -> list[Part]:
    """The modules that the files hold, from the bottom up, all of their numbers finite."""
    states = tensors_of(files)
    for file, tensors in zip(files, states, strict=True):
        for name, tensor in tensors.items():
            check_numbers(f"{name} of {file.name}", tensor)
    if not FILE.fullmatch(files[0].name):
        return parts_of_both(files[0].name, states[0])
    parts = [Part(file.name, state) for file, state in zip(files, states, strict=True)]
    if len(parts) == 1 and "model.2.weight" not in parts[0].tensors:
        raise CheckpointError(
            f"{files[0]} holds the first layer alone; the files of layers 1 to {LAYERS - 1} of "
            "that epoch are missing"
        )
    return parts


def parts_of_both(file: str, tensors: dict[str, Tensor]) -> list[Part]:
    """The modules of a context_model.ckpt, once its two copies are the same."""
    copies: dict[str, dict[tuple[int, str], Tensor]] = {"model.0": {}, "encoder": {}}
    for name, tensor in tensors.items():
        if not (match := TWICE.fullmatch(name)):
            raise CheckpointError(unknown(file, [name]))
        copies[match[1]][int(match[2]), match[3]] = tensor
    first, second = copies.values()
    for one, other, prefix in ((first, second, "encoder"), (second, first, "model.0")):
        if missing := [f"module.{prefix}.{n}.{name}" for n, name in one if (n, name) not in other]:
            raise CheckpointError(lacks(file, missing))
    layers: dict[int, dict[str, Tensor]] = {}
    for (layer, name), tensor in first.items():
        if not torch.equal(tensor, second[layer, name]):
            raise CheckpointError(
                f"{file} holds {name} of layer {layer} twice, under module.model.0.{layer} and "
                f"module.encoder.{layer}, and the two differ; it is damaged"
            )
        layers.setdefault(layer, {})[name] = tensor
    wanted = range(1) if set(layers) == {0} else range(LAYERS)
    if extra := sorted(set(layers) - set(wanted)):
        raise CheckpointError(unknown(file, [f"module.encoder.{extra[0]}"]))
    if missing := sorted(set(wanted) - set(layers)):
        raise CheckpointError(lacks(file, [f"module.encoder.{n}" for n in missing]))
    return [Part(f"module.encoder.{n} of {file}", layers[n]) for n in sorted(layers)]


def check_numbers(name: str, tensor: Tensor) -> None:
    if tensor.dtype != torch.float32:
        raise CheckpointError(f"{name} is of {tensor.dtype}, and torch.float32 is wanted")
    if not tensor.isfinite().all():
        raise CheckpointError(
            f"{name} holds values that are not finite (NaN or infinite); that training diverged, "
            "so take an earlier epoch"
        )


def lacks(where: str, missing: list[str]) -> str:
    return f"{where} lacks {listed(missing)}; it is not whole, so copy it once more"


def unknown(where: str, extra: list[str]) -> str:
    return (
        f"{where} holds {listed(extra)}, which is no part of the encoder that the CLAPP scripts "
        "train; that variant cannot be read"
    )


def listed(names: list[str]) -> str:
    """Up to three names."""
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more
