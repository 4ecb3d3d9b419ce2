"""Which of our weights is each tensor that the published CLAPP code saves, and the other way round?

That code keeps W_k as a map from the future z into the space of the context c and scores with
u = c . (W_k z) (method A.5). Its first loss cuts the gradient at c and so teaches the future side,
its mirror cuts it at z and teaches the context side (A.9):

    loss.W_k          u = c . (W_k z) = z . (W_k^T c)       W_pred  = W_k^T
    loss_mirror.W_k   u = c . (W_k z)                       W_retro = W_k

On disk it is a log folder of model_LAYER_EPOCH.ckpt, LAYER 0 to 5 (trained end to end: one file,
LAYER 0, with all six convolutions), or one context_model.ckpt that holds every tensor twice.
"""

import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from models.checkpoint import Verified, kept, place
from models.config import SETTINGS, TrainConfig, nearest
from models.errors import CheckpointError, ConfigError
from models.pickled import tensors_of
from models.presets import ENCODERS, VGG6_POOLS
from models.rules import RULES
from models.train import Training, begin

LAYERS = len(VGG6_POOLS)
FILE = re.compile(r"model_(\d+)_(-?\d+)\.ckpt")
CONTEXT = "context_model.ckpt"
TWICE = re.compile(r"module\.(model\.0|encoder)\.(\d+)\.(.+)")  # a tensor in the one file
MATRIX = re.compile(r"loss(?:_mirror)?\.W_k\.(\d+)\.weight")
MOST_STEPS = int(next(row.maximum for row in SETTINGS if row.name == "steps"))
CONVOLUTIONS = {LAYERS: (0,), 1: (0, 2, 5, 7, 10, 13)}  # by number of files: those in each file

# (files, is there a mirror?) -> the rules whose weights look so, the published script's first, with
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
    epoch: int
    files: tuple[Path, ...]


@dataclass(frozen=True)
class Part:
    """The tensors of one module of that code, and how a person finds them."""

    name: str
    tensors: dict[str, Tensor]


def read(path: Path, epoch: int | None = None, rule: str | None = None) -> Published:
    """Read a log folder or a context_model.ckpt.

    epoch: of a log folder, default its newest; of the one file, which tells none, 1. rule: whose
    weights they are, where the files leave it open. Raises CheckpointError that names what is
    missing, doubled, unknown, of a wrong shape or not finite.
    """
    files, epoch = files_of(path, epoch)
    states = tensors_of(files)
    for file, tensors in zip(files, states, strict=True):
        for name, tensor in tensors.items():
            check_numbers(f"{name} of {file.name}", tensor)
    if FILE.fullmatch(files[0].name):
        parts = [Part(file.name, state) for file, state in zip(files, states, strict=True)]
    else:
        parts = parts_of_both(files[0].name, states[0])
    return ours(parts, rule, epoch, files)


def files_of(path: Path, epoch: int | None) -> tuple[tuple[Path, ...], int]:
    """The files to read, from layer 0 up, and the epoch they are of."""
    if FILE.fullmatch(path.name) and path.is_file():
        raise CheckpointError(f"{path} is a part of a log folder; name the folder {path.parent}")
    if path.is_file():
        return (path,), 1 if epoch is None else epoch
    if not path.is_dir():
        raise CheckpointError(
            f"there is no {path}; name a log folder of the CLAPP code or {CONTEXT}"
        )
    found: dict[int, dict[int, Path]] = {}  # epoch -> layer -> file
    for file in path.iterdir():
        if (match := FILE.fullmatch(file.name)) and file.is_file():
            found.setdefault(int(match[2]), {})[int(match[1])] = file
    if not found and (path / CONTEXT).is_file():
        return files_of(path / CONTEXT, epoch)
    found.pop(-1, None)  # what that code saves before it trains
    if not found:
        raise CheckpointError(
            f"{path} holds no trained model_LAYER_EPOCH.ckpt and no {CONTEXT}; name the folder "
            "that the CLAPP code logged into"
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
    if missing := sorted(set(range(LAYERS)) - set(layers)) if len(layers) > 1 else []:
        raise CheckpointError(lacks(str(path), [f"model_{n}_{epoch}.ckpt" for n in missing]))
    return tuple(layers[n] for n in sorted(layers)), epoch


def parts_of_both(file: str, tensors: dict[str, Tensor]) -> list[Part]:
    """The layers of a context_model.ckpt, whose two copies of every tensor must be the same."""
    copies: dict[str, dict[tuple[int, str], Tensor]] = {"model.0": {}, "encoder": {}}
    for name, tensor in tensors.items():
        if not (match := TWICE.fullmatch(name)):
            raise CheckpointError(unknown(file, [name]))
        copies[match[1]][int(match[2]), match[3]] = tensor
    first, second = copies.values()
    for there, other, prefix in ((first, second, "encoder"), (second, first, "model.0")):
        if missing := [
            f"module.{prefix}.{n}.{rest}" for n, rest in there if (n, rest) not in other
        ]:
            raise CheckpointError(lacks(file, missing))
    for (layer, rest), tensor in first.items():
        if not torch.equal(tensor, second[layer, rest]):
            raise CheckpointError(
                f"{file} holds {rest} of layer {layer} twice, under module.model.0.{layer} and "
                f"module.encoder.{layer}, and the two differ; it is damaged"
            )
    layers: dict[int, dict[str, Tensor]] = {}
    for (layer, rest), tensor in first.items():
        layers.setdefault(layer, {})[rest] = tensor
    wanted = range(LAYERS) if len(layers) > 1 else range(1)
    if extra := sorted(set(layers) - set(wanted)):
        raise CheckpointError(unknown(file, [f"module.encoder.{extra[0]}"]))
    if missing := sorted(set(wanted) - set(layers)):
        raise CheckpointError(lacks(file, [f"module.encoder.{n}" for n in missing]))
    return [Part(f"module.encoder.{n} of {file}", layers[n]) for n in sorted(layers)]


def ours(parts: Sequence[Part], rule: str | None, epoch: int, files: tuple[Path, ...]) -> Published:
    """The same network in our names, once every name and shape is what it must be."""
    if len(parts) == 1 and "model.2.weight" not in parts[0].tensors:
        raise CheckpointError(
            f"{parts[0].name} holds the first layer alone; the files of layers 1 to {LAYERS - 1} "
            "are missing"
        )
    convolutions = CONVOLUTIONS[len(parts)]
    named = [name for part in parts for name in part.tensors]
    numbers = [int(match[1]) for name in named if (match := MATRIX.fullmatch(name))]
    steps = min(max(numbers, default=0) + 1, MOST_STEPS)
    mirrored = any(name.startswith("loss_mirror.") for name in named)
    losses = ("loss", "loss_mirror") if mirrored else ("loss",)
    for part in parts:
        check_names(part, convolutions, losses, steps)
    layers = [
        (part, f"model.{number}.weight", f"model.{number}.bias")
        for part in parts
        for number in convolutions
    ]
    widths = tuple(part.tensors[bias].numel() for part, _, bias in layers)
    colours = {1: "grey", 3: "rgb"}
    first = layers[0][0].tensors[layers[0][1]]
    channels = first.shape[1] if first.ndim == 4 and first.shape[1] in colours else 1
    for (part, weight, bias), width, inputs in zip(
        layers, widths, (channels, *widths), strict=False
    ):
        check_shape(part, weight, (width, inputs, 3, 3))
        check_shape(part, bias, (width,))
    tops = widths if len(parts) > 1 else widths[-1:]
    for part, width in zip(parts, tops, strict=True):
        for loss in losses:
            for k in range(steps):
                check_shape(part, f"{loss}.W_k.{k}.weight", (width, width, 1, 1))
    word = encoder_word(widths)
    trained_by = TRAINED_BY[len(parts), mirrored]
    rule = rule or next(iter(trained_by))
    if rule not in trained_by:
        raise ConfigError(
            f"rule {rule!r} was asked for, but these weights are not of its form; "
            f"{nearest(rule, trained_by)}"
        )
    encoder = {}
    for layer, (part, weight, bias) in enumerate(layers):
        encoder[f"layers.{layer}.weight"] = part.tensors[weight]
        encoder[f"layers.{layer}.bias"] = part.tensors[bias]
    matrices = {}
    for number, part in enumerate(parts):
        end = f".{number}" if len(parts) > 1 else ""
        W = {
            loss: torch.stack([part.tensors[f"{loss}.W_k.{k}.weight"] for k in range(steps)])
            for loss in losses
        }  # [k, c, z, 1, 1]
        matrices[f"W_pred{end}"] = W["loss"][..., 0, 0].mT.contiguous()  # [k, z, c]
        if mirrored:
            matrices[f"W_retro{end}"] = W["loss_mirror"][..., 0, 0].contiguous()  # [k, c, z]
    settings = {
        "rule": rule,
        "encoder": word,
        "colour": colours[channels],
        "steps": steps,
        **trained_by[rule],
    }
    return Published(settings, encoder, matrices, max(epoch, 1), files)


def encoder_word(widths: tuple[int, ...]) -> str:
    for word, preset in ENCODERS.items():
        if preset.widths == widths and preset.pools == VGG6_POOLS:
            return word
    known = "; ".join(
        f"{word}: {' '.join(map(str, preset.widths))}"
        for word, preset in ENCODERS.items()
        if preset.pools == VGG6_POOLS
    )
    raise CheckpointError(
        f"no encoder of Saccade has layers of {' '.join(map(str, widths))} channels (there are "
        f"{known})"
    )


def check_numbers(name: str, tensor: Tensor) -> None:
    if tensor.dtype != torch.float32:
        raise CheckpointError(f"{name} is of {tensor.dtype}, and torch.float32 is wanted")
    if not tensor.isfinite().all():
        raise CheckpointError(
            f"{name} holds values that are not finite (NaN or infinite); that training diverged, "
            "so take an earlier epoch"
        )


def check_names(part: Part, convolutions: Iterable[int], losses: Iterable[str], steps: int) -> None:
    """Raise CheckpointError unless a part holds exactly the tensors that it must."""
    wanted = [f"model.{n}.{what}" for n in convolutions for what in ("weight", "bias")]
    wanted += [f"{loss}.W_k.{k}.weight" for loss in losses for k in range(steps)]
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


def training_of(published: Published, config: TrainConfig, view: int, images: int) -> Training:
    """A training that stands at the end of the published epoch, with Adam's moments at zero.

    view: side of what the encoder sees, pixels; images: that it goes on with, which say at which
    step it stands.
    """
    training = begin(config, view)
    training.encoder.load_state_dict(published.encoder)
    training.rule.load_state_dict(published.rule)
    training.epoch, training.images = published.epoch, images
    training.step = published.epoch * -(-images // config.batch)
    return training


def write(run: Path, epoch: int, folder: Path) -> list[str]:
    """Write a kept epoch as a log folder of that code, which appears whole; its files' names.

    In float32, and in the form of torch.save that PyTorch 1.0 reads, for which that code was
    written. Raises CheckpointError for an epoch without its prediction matrices, ConfigError for a
    rule that the form has no place for.
    """
    source = run / "checkpoints" / f"epoch-{epoch:04d}"
    if not source.is_dir():
        there = ", ".join(map(str, kept(run))) or "none"
        raise CheckpointError(f"epoch {epoch} was asked for, but the run keeps epochs: {there}")
    files = Verified(source)
    config = TrainConfig.from_dict(files.state["config"])
    written = {word for rules in TRAINED_BY.values() for word in rules}
    if config.rule not in written:
        raise ConfigError(
            f"run {run.name} was trained with {config.rule}, whose weights the published CLAPP "
            f"code has no place for; it has one for: {', '.join(sorted(written))}"
        )
    states = theirs(config, files.tensors("encoder"), matrices_of(run, epoch))
    names = [f"model_{number}_{epoch}.ckpt" for number in range(len(states))]
    place(folder, {name: saved(state) for name, state in zip(names, states, strict=True)})
    return names


def matrices_of(run: Path, epoch: int) -> dict[str, Tensor]:
    """The prediction matrices of a kept epoch: the state dict of its rule."""
    files = Verified(run / "checkpoints" / f"epoch-{epoch:04d}")
    if "rule.safetensors" not in files.files:
        raise CheckpointError(
            f"epoch {epoch} of run {run.name} keeps its encoder alone, without the prediction "
            "matrices that the published CLAPP code wants; take a run that was trained here"
        )
    return files.tensors("rule")


def theirs(
    config: TrainConfig, encoder: dict[str, Tensor], matrices: dict[str, Tensor]
) -> list[dict[str, Tensor]]:
    """The state dicts of that code's modules, from the bottom up; the inverse of `ours`."""
    parts = 1 if RULES[config.rule].crosses else LAYERS
    states = []
    for number in range(parts):
        state, end = {}, f".{number}" if parts > 1 else ""
        for offset, index in enumerate(CONVOLUTIONS[parts]):
            state[f"model.{index}.weight"] = encoder[f"layers.{number + offset}.weight"]
            state[f"model.{index}.bias"] = encoder[f"layers.{number + offset}.bias"]
        for k, W in enumerate(matrices[f"W_pred{end}"]):
            state[f"loss.W_k.{k}.weight"] = W.T[..., None, None]
        for k, W in enumerate(matrices.get(f"W_retro{end}", ())):
            state[f"loss_mirror.W_k.{k}.weight"] = W[..., None, None]
        states.append(state)
    return states


def saved(state: dict[str, Tensor]) -> bytes:
    stream = io.BytesIO()
    plain = {
        name: t.to(torch.float32).clone(memory_format=torch.contiguous_format)
        for name, t in state.items()
    }
    torch.save(plain, stream, _use_new_zipfile_serialization=False)
    return stream.getvalue()
