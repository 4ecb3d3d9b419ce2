"""What a run leaves on disk, so that a person can look at it and a process can go on with it.

    RUN/checkpoints/epoch-0003/        kept: encoder and rule (up to RULE_BYTES), for analysis
    RUN/checkpoints/resume-00000469/   the last two: optimisers too, for going on

A folder holds safetensors, state.json and manifest.json with the SHA-256 of each file. It is
written beside its place, flushed to disk and renamed, so it is whole or it is not there.
"""

import hashlib
import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor

from models.config import TrainConfig
from models.encoder import encoder_of
from models.errors import CheckpointError
from models.imported import Imported, config_from
from models.rules.rule import Rule
from models.train import Training, begin

RESUME_POINTS = 2
RULE_BYTES = 2**27  # of a rule's weights in a kept checkpoint: clapp's take 100 MB on vgg6
NO_RULE = f"left out of copies that are shared, and where they exceed {RULE_BYTES / 1e6:.0f} MB"
COUNTS = ("epoch", "batch", "step", "images")  # of a Training, kept in state.json
MADE_FOR = ("view", "classes")  # what else its weights were made for


def save_kept(run: Path, training: Training) -> Path:
    """Keep the encoder as it is at the end of an epoch, and the rule unless it is very large."""
    return write(run / "checkpoints" / f"epoch-{training.epoch:04d}", training, optimisers=False)


def save_resume(run: Path, training: Training) -> Path:
    """Keep all that is needed to go on, and only the newest two of these."""
    folder = write(run / "checkpoints" / f"resume-{training.step:08d}", training, optimisers=True)
    for old in sorted(folder.parent.glob("resume-*"))[:-RESUME_POINTS]:
        shutil.rmtree(old)
    return folder


def kept(run: Path) -> list[int]:
    """Epochs whose encoder is kept, ascending."""
    return sorted(int(f.name[6:]) for f in (run / "checkpoints").glob("epoch-*") if f.is_dir())


def latest_resume(run: Path) -> Path | None:
    """The newest folder a run can go on from."""
    return max((run / "checkpoints").glob("resume-*"), default=None)


def load_encoder(run: Path, epoch: int) -> torch.nn.Module:
    """The encoder as it was at the end of an epoch: float32, on the processor, verified."""
    folder = run / "checkpoints" / f"epoch-{epoch:04d}"
    if not folder.is_dir():
        there = ", ".join(map(str, kept(run))) or "none"
        raise CheckpointError(f"epoch {epoch} was asked for, but the run keeps epochs: {there}")
    files = Verified(folder)
    config = config_from(files.state)
    if isinstance(config, Imported):
        from models.zoo import network_of

        encoder = network_of(config)
    else:
        encoder = encoder_of(config)
    fill(encoder, files.tensors("encoder"), folder)
    return encoder.eval()


def save_imported(run: Path, epoch: int, network: torch.nn.Module, config: Imported) -> Path:
    """Keep an imported network as an epoch, for analysis."""
    tensors = {name: t.detach().clone().contiguous() for name, t in network.state_dict().items()}
    state = {
        **{"config": config.config(), "model": config.model()},
        **{"epoch": epoch, "torch": torch.__version__},
    }
    payload = {
        "encoder.safetensors": safetensors.torch.save(tensors),
        "state.json": json.dumps(state, indent=1).encode(),
    }
    folder = run / "checkpoints" / f"epoch-{epoch:04d}"
    return place(folder, payload | {"manifest.json": manifest_of(payload)})


def keeps_rule(run: Path, epoch: int) -> bool:
    """Whether the rule's own weights were kept with the encoder of an epoch."""
    folder = run / "checkpoints" / f"epoch-{epoch:04d}"
    return folder.is_dir() and "rule.safetensors" in Verified(folder).files


def load_learner(run: Path, epoch: int) -> tuple[torch.nn.Module, Rule]:
    """Encoder and rule as they were at the end of an epoch: float32, on the processor, verified.

    Raises CheckpointError, also where `keeps_rule` is false.
    """
    encoder = load_encoder(run, epoch)
    folder = run / "checkpoints" / f"epoch-{epoch:04d}"
    files = Verified(folder)
    if "rule.safetensors" not in files.files:
        raise CheckpointError(
            f"epoch {epoch} of run {run.name} keeps the encoder without the rule's own weights "
            f"({NO_RULE}); train a run anew to have them"
        )
    config = replace(TrainConfig.from_dict(files.state["config"]), device="cpu")
    rule = begin(config, *(files.state.get(name, 0) for name in MADE_FOR)).rule
    fill(rule, files.tensors("rule"), folder)
    return encoder, rule.float()


def save_shared(run: Path, epoch: int, copy: Path) -> Path:
    """Write an epoch's encoder alone, in half precision, into another run folder, to be shipped."""
    source = Verified(run / "checkpoints" / f"epoch-{epoch:04d}")
    tensors = source.tensors("encoder")
    halves = {n: t.half() if t.is_floating_point() else t for n, t in tensors.items()}
    state = json.dumps(source.state, indent=1).encode()
    payload = {"encoder.safetensors": safetensors.torch.save(halves), "state.json": state}
    payload["manifest.json"] = manifest_of(payload)
    return place(copy / "checkpoints" / f"epoch-{epoch:04d}", payload)


def restore(folder: Path) -> Training:
    """The training that `save_resume` wrote, on the device its config names."""
    files = Verified(folder)
    made_for = (files.state.get(name, 0) for name in MADE_FOR)  # the first checkpoints had none
    training = begin(TrainConfig.from_dict(files.state["config"]), *made_for)
    fill(training.encoder, files.tensors("encoder"), folder)
    fill(training.rule, files.tensors("rule"), folder)
    moments = files.tensors("optimiser")
    for layer, optimiser in enumerate(training.optimisers):
        for group in optimiser.param_groups:
            for index, parameter in enumerate(group["params"]):
                for name, value in optimiser.state[parameter].items():
                    value.copy_(take(moments, f"{layer}.{index}.{name}", folder))
    training.epoch, training.batch, training.step, training.images = (
        files.state[name] for name in COUNTS
    )
    training.fingerprint = files.state.get("fingerprint", "")
    return training


def write(folder: Path, training: Training, optimisers: bool) -> Path:
    """Write a checkpoint folder so that it appears whole, replacing one of the same name."""
    training.share.collect(training)
    parts = {
        "encoder": training.encoder.state_dict(),
        "rule": training.rule.state_dict(),
    }
    if optimisers:
        parts["optimiser"] = moments_of(training)
    elif bytes_of(training.rule) > RULE_BYTES:
        del parts["rule"]
    state = {
        "config": training.config.to_dict(),
        **{name: getattr(training, name) for name in (*COUNTS, *MADE_FOR, "fingerprint")},
        "torch": torch.__version__,
    }
    payload = {
        f"{name}.safetensors": safetensors.torch.save(
            {key: t.detach().cpu().contiguous() for key, t in tensors.items()}
        )
        for name, tensors in parts.items()
    }
    payload["state.json"] = json.dumps(state, indent=1).encode()
    return place(folder, payload | {"manifest.json": manifest_of(payload)})


def manifest_of(payload: dict[str, bytes]) -> bytes:
    """The SHA-256 of every file, as the text of manifest.json."""
    files = {name: {"sha256": hashlib.sha256(data).hexdigest()} for name, data in payload.items()}
    return json.dumps({"files": files}, indent=1).encode()


def place(folder: Path, payload: dict[str, bytes]) -> Path:
    """Write files into a new folder beside `folder`, flush them, and rename it into place."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    new = folder.with_name(f".{folder.name}.new")
    old = folder.with_name(f".{folder.name}.old")
    for left in (new, old):
        shutil.rmtree(left, ignore_errors=True)
    try:
        new.mkdir()
        for name, data in payload.items():
            with open(new / name, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        flush(new)
        if folder.exists():
            folder.rename(old)
        new.rename(folder)
    except OSError:
        shutil.rmtree(new, ignore_errors=True)
        raise
    flush(folder.parent)
    shutil.rmtree(old, ignore_errors=True)
    return folder


def flush(folder: Path) -> None:
    """Flush a folder's own entries to disk, where the system can."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def bytes_of(module: torch.nn.Module) -> int:
    return sum(p.numel() * p.element_size() for p in module.parameters())


def moments_of(training: Training) -> dict[str, Tensor]:
    """Adam's moments of every parameter as "layer.parameter.name"."""
    moments = {}
    for layer, optimiser in enumerate(training.optimisers):
        for group in optimiser.param_groups:
            for index, parameter in enumerate(group["params"]):
                for name, value in optimiser.state[parameter].items():
                    moments[f"{layer}.{index}.{name}"] = value
    return moments


class Verified:
    """The files of a checkpoint folder, each held against its SHA-256 before it is used."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            self.files = json.loads((folder / "manifest.json").read_bytes())["files"]
            self.state = json.loads(self.bytes_of("state.json"))
            self.state["config"]  # every state names its config
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise CheckpointError(self.damage(f"it cannot be read ({error!r})")) from None

    def tensors(self, part: str) -> dict[str, Tensor]:
        try:
            return safetensors.torch.load(self.bytes_of(f"{part}.safetensors"))
        except (OSError, KeyError, SafetensorError) as error:
            raise CheckpointError(self.damage(f"{part}.safetensors fails ({error!r})")) from None

    def bytes_of(self, name: str) -> bytes:
        data = (self.folder / name).read_bytes()
        if hashlib.sha256(data).hexdigest() != self.files[name]["sha256"]:
            raise CheckpointError(self.damage(f"{name} does not match its SHA-256"))
        return data

    def damage(self, what: str) -> str:
        return (
            f"checkpoint {self.folder.name} of run {self.folder.parent.parent.name} is damaged: "
            f"{what}; use another checkpoint or train again"
        )


def fill(module: torch.nn.Module, tensors: dict[str, Tensor], folder: Path) -> None:
    """Copy tensors into a module whose names and shapes must match exactly."""
    try:
        module.load_state_dict(tensors)
    except RuntimeError as error:
        what = " ".join(str(error).split())
        raise CheckpointError(f"checkpoint {folder.name} is of another model: {what}") from None


def take(tensors: dict[str, Tensor], name: str, folder: Path) -> Tensor:
    if name not in tensors:
        raise CheckpointError(f"checkpoint {folder.name} lacks {name}; train again")
    return tensors[name]
