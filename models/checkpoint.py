"""What a run leaves on disk, so that a person can look at it and a process can go on with it.

    RUN/checkpoints/epoch-0003/        kept: encoder and rule (up to RULE_BYTES), for analysis
    RUN/checkpoints/resume-00000469/   the last two: optimisers too, for going on

A folder holds safetensors, state.json and the hashes of both (models.sealed). What is read of it
is what was written: by SHA-256, and by name, shape and type of every tensor.
"""

import json
from dataclasses import replace
from pathlib import Path

import safetensors.torch
import torch
from torch import Tensor

from models.config import SMALLEST_VIEW, TrainConfig
from models.data.dataset import MAX_CLASSES
from models.device import hardware
from models.encoder import encoder_of
from models.errors import CheckpointError, DivergedError, SaccadeError
from models.imported import WHOLE, Imported, config_from
from models.rules.rule import Rule
from models.sealed import Sealed, discard, manifest_of, place, tidy
from models.size import size_of
from models.tensors import bytes_of
from models.training import ARITHMETIC, Training, begin

RESUME_POINTS = 2
RULE_BYTES = 2**27  # of a rule's weights in a kept checkpoint: clapp's take 100 MB on vgg6
NO_RULE = f"left out of copies that are shared, and where they exceed {RULE_BYTES / 1e6:.0f} MB"
COUNTS = ("epoch", "batch", "step", "images")  # of a Training, kept in state.json
MADE_FOR = {"view": WHOLE, "classes": MAX_CLASSES}  # what else its weights were made for, at most
MANY = 2**28  # weights; more are not made on the word of a state.json alone


def save_kept(run: Path, training: Training) -> Path:
    """Keep the encoder as it is at the end of an epoch, and the rule unless it is very large."""
    return write(epoch_folder(run, training.epoch), training, optimisers=False)


def save_resume(run: Path, training: Training) -> Path:
    """Keep all that is needed to go on, and only the newest two of these.

    Those of later steps, which a run that fell back to an earlier one has left, go as well.
    """
    folder = write(run / "checkpoints" / f"resume-{training.step:08d}", training, optimisers=True)
    points = resume_points(run)
    for other in points:
        if other not in points[points.index(folder) :][:RESUME_POINTS]:
            discard(other)
    return folder


def kept(run: Path) -> list[int]:
    """Epochs whose encoder is kept, ascending."""
    names = (f.name[6:] for f in (run / "checkpoints").glob("epoch-*") if f.is_dir())
    return sorted(int(name) for name in names if name.isdecimal())


def resume_points(run: Path) -> list[Path]:
    """The folders a run can go on from, the newest first."""
    found = (run / "checkpoints").glob("resume-*")
    numbered = [folder for folder in found if folder.name[7:].isdecimal()]
    return sorted(numbered, key=lambda folder: int(folder.name[7:]), reverse=True)


def latest_resume(run: Path) -> Path | None:
    """The newest folder a run can go on from."""
    return next(iter(resume_points(run)), None)


def mend(run: Path) -> None:
    """Mend what a killed process left among the checkpoints. No one else works in the run."""
    tidy(run / "checkpoints")


def bytes_to_resume(training: Training) -> int:
    """Bytes on the disk that the next `save_resume` takes, a little more rather than less."""
    tensors = [*training.encoder.state_dict().values(), *training.rule.state_dict().values()]
    return bytes_of(tensors) + bytes_of(training.moments.values()) + 2**16


def load_encoder(run: Path, epoch: int) -> torch.nn.Module:
    """The encoder as it was at the end of an epoch: float32, on the processor, verified."""
    files = opened(run, epoch)
    config = config_of(files)
    if isinstance(config, Imported):
        from models.zoo.network import network_of

        encoder = network_of(config)
    else:
        encoder = encoder_of(config)
    fill(encoder, files, "encoder", exact(config), halves=True)
    return encoder.eval()


def save_imported(run: Path, epoch: int, network: torch.nn.Module, config: Imported) -> Path:
    """Keep an imported network as an epoch, for analysis."""
    state = {
        **{"config": config.config(), "model": config.model()},
        **{"epoch": epoch, "torch": torch.__version__},
    }
    return sealed(epoch_folder(run, epoch), {"encoder": network.state_dict()}, state)


def keeps_rule(run: Path, epoch: int) -> bool:
    """Whether the rule's own weights were kept with the encoder of an epoch."""
    return epoch_folder(run, epoch).is_dir() and "rule.safetensors" in opened(run, epoch).files


def load_learner(run: Path, epoch: int) -> tuple[torch.nn.Module, Rule]:
    """Encoder and rule as they were at the end of an epoch: float32, on the processor, verified.

    Raises CheckpointError, also where `keeps_rule` is false.
    """
    encoder, files = load_encoder(run, epoch), opened(run, epoch)
    if "rule.safetensors" not in files.files:
        raise CheckpointError(
            f"epoch {epoch} of run {run.name} keeps the encoder without the rule's own weights "
            f"({NO_RULE}); train a run anew to have them"
        )
    config = config_of(files)
    if isinstance(config, Imported):
        raise files.damaged("it is of a network that was imported, and has no rule")
    config = replace(config, device="cpu")
    rule = begin(config, *made_for(files, config)).rule
    fill(rule, files, "rule", exact(config))
    return encoder, rule.float()


def save_shared(run: Path, epoch: int, copy: Path, data: str) -> Path:
    """Write an epoch's encoder alone, in half precision, into another run folder, to be shipped.

    data: what the images are called there, instead of where they lay here.
    """
    tensors = load_encoder(run, epoch).state_dict()
    halves = {name: halved(tensor) for name, tensor in tensors.items()}
    state = opened(run, epoch).state
    state = state | {"config": state["config"] | {"data": data}}
    return sealed(epoch_folder(copy, epoch), {"encoder": halves}, state)


def halved(tensor: torch.Tensor) -> torch.Tensor:
    """In half precision, where that can hold all of it; else as it is."""
    half = tensor.half() if tensor.is_floating_point() else tensor
    return half if torch.isfinite(half).all() else tensor


def restore(folder: Path) -> Training:
    """The training that `save_resume` wrote, on the device its config names."""
    files = Sealed(folder)
    config, numbers = config_of(files), {name: whole(files, name) for name in COUNTS}
    if isinstance(config, Imported):
        raise files.damaged("it is of a network that was imported, which no rule here trains")
    if folder.name != f"resume-{numbers['step']:08d}":
        raise files.damaged(f"it was written as that of step {numbers['step']}")
    training = begin(config, *made_for(files, config))
    kind = training.weight.dtype
    fill(training.encoder, files, "encoder", kind)
    fill(training.rule, files, "rule", kind)
    moments = training.moments
    for name, saved in files.tensors("optimiser", moments).items():
        moments[name].copy_(saved)
    for name, number in numbers.items():
        setattr(training, name, number)
    training.fingerprint = str(files.state.get("fingerprint", ""))
    training.origin = str(files.state.get("origin", ""))
    sums = files.state.get("sums")  # the first checkpoints had none
    training.sums = sums if isinstance(sums, dict) else {}
    return training


def write(folder: Path, training: Training, optimisers: bool) -> Path:
    """Write a checkpoint folder so that it appears whole, replacing one of the same name.

    Raises DivergedError rather than keep weights that are not finite.
    """
    training.share.collect(training)
    parts = {"encoder": training.encoder.state_dict(), "rule": training.rule.state_dict()}
    moments = training.moments
    check_finite_weights(training, parts | {"optimiser": moments})
    if optimisers:
        parts["optimiser"] = moments
    elif bytes_of(training.rule.parameters()) > RULE_BYTES:
        del parts["rule"]
    names = (*COUNTS, *MADE_FOR, "fingerprint", *(["sums"] if optimisers else []))
    state = {
        "config": training.config.to_dict(),
        **{name: getattr(training, name) for name in names},
        "torch": torch.__version__,
        "origin": origin_of(training),
    }
    return sealed(folder, parts, state)


def sealed(folder: Path, parts: dict[str, dict[str, Tensor]], state: dict) -> Path:
    """Place tensors by part and a state as a checkpoint folder."""
    payload = {
        f"{name}.safetensors": safetensors.torch.save(
            {key: t.detach().cpu().contiguous() for key, t in tensors.items()}
        )
        for name, tensors in parts.items()
    }
    payload["state.json"] = json.dumps(state, indent=1).encode()
    return place(folder, payload | {"manifest.json": manifest_of(payload)})


def origin_of(training: Training) -> str:
    """What must be the same for two runs to be the same bit for bit, besides their settings.

    With other instructions or threads a processor adds up the terms of a product in another order.
    """
    device = training.weight.device
    dtype = f"{training.precision}".removeprefix("torch.")
    computed = f"{hardware(device)} in {dtype}, torch {torch.__version__}"
    return f"{computed}, {training.share.about}, arithmetic {ARITHMETIC}"


def check_finite_weights(training: Training, parts: dict[str, dict[str, Tensor]]) -> None:
    """Raise DivergedError naming the lowest layer with a weight or moment that is not finite."""
    bad = [
        training.layer_of(part, name)
        for part, tensors in parts.items()
        for name, tensor in tensors.items()
        if tensor.is_floating_point() and not tensor.isfinite().all()
    ]
    if bad:
        raise DivergedError(
            f"weights of layer {min(bad) + 1} are not finite numbers after step {training.step}; "
            "resume from the last checkpoint, or train anew with a learning_rate below "
            f"{training.config.learning_rate:g}"
        )


def epoch_folder(run: Path, epoch: int) -> Path:
    return run / "checkpoints" / f"epoch-{epoch:04d}"


def opened(run: Path, epoch: int) -> Sealed:
    """The files of an epoch that is kept."""
    folder = epoch_folder(run, epoch)
    if not folder.is_dir():
        there = ", ".join(map(str, kept(run))) or "none"
        raise CheckpointError(f"epoch {epoch} was asked for, but the run keeps epochs: {there}")
    files = Sealed(folder)
    if whole(files, "epoch") != epoch:
        raise files.damaged(f"it was written as epoch {files.state['epoch']}")
    if "optimiser.safetensors" in files.files or whole(files, "batch"):
        raise files.damaged("it was written to resume a run, and not as a kept epoch")
    return files


def config_of(files: Sealed) -> TrainConfig | Imported:
    """The settings in state.json, held against the ranges of this Saccade."""
    try:
        return config_from(files.state)
    except (SaccadeError, TypeError, ValueError, AttributeError) as error:
        what = f": {error}" if isinstance(error, SaccadeError) else ""
        raise files.damaged(f"its settings are none of Saccade's{what}") from None


def whole(files: Sealed, name: str, most: int = 2**53) -> int:
    """A whole number of state.json; the first checkpoints had not all of them."""
    value = files.state.get(name, 0)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
        raise files.damaged(f"{name} in state.json is no whole number from 0 to {most}")
    return value


def made_for(files: Sealed, config: TrainConfig) -> tuple[int, int]:
    """(view, classes) of state.json, unless weights of that size are not in the files."""
    view, classes = (whole(files, name, most) for name, most in MADE_FOR.items())
    size = size_of(replace(config, crop=max(view or config.crop, SMALLEST_VIEW)), classes)
    there = (files.size_of("encoder") + files.size_of("rule")) // 2  # weights of two bytes
    if size.encoder + size.rule > max(there, MANY):
        raise files.damaged(f"its state tells of {size.encoder + size.rule:,} weights it lacks")
    return view, classes


def exact(config: TrainConfig | Imported) -> torch.dtype:
    """The type of a run's weights."""
    double = getattr(config, "precision", "") == "float64"
    return torch.float64 if double else torch.float32


def fill(
    module: torch.nn.Module, files: Sealed, part: str, kind: torch.dtype, halves: bool = False
) -> None:
    """Copy the tensors of a part, saved as `kind`, into a module whose own they must be."""
    own = module.state_dict()
    wanted = {
        name: torch.empty_like(t, dtype=kind if t.is_floating_point() else None, device="meta")
        for name, t in own.items()
    }
    module.load_state_dict(files.tensors(part, wanted, halves))
