"""Networks that the published CLAPP code (Illing et al., NeurIPS 2021) has trained, in and out.

    read(Path("logs/vision_experiment"))     the newest epoch of a log folder, in our weights
    write(run, epoch=30, folder=Path("out"))  a kept epoch of ours as such a log folder

`parts.py` knows the files and their names, `weights.py` which of our weights each tensor is.
"""

import io
from pathlib import Path

import torch
from torch import Tensor

from models.checkpoint import config_of, keeps_rule, load_encoder, load_learner, opened
from models.config import TrainConfig
from models.errors import CheckpointError, ConfigError
from models.published.parts import files_of, parts_of
from models.published.weights import TRAINED_BY, Published, ours, theirs
from models.sealed import place
from models.training import Training, begin


def read(path: Path, epoch: int | None = None, rule: str | None = None) -> Published:
    """Read a log folder or a context_model.ckpt.

    epoch: of a log folder, default its newest; of the one file, which tells none, default 1. rule:
    whose weights they are, where the files leave it open. Raises CheckpointError that names what
    is missing, doubled, unknown, of a wrong shape or not finite.
    """
    files, epoch = files_of(path, epoch)
    return ours(parts_of(files), rule, epoch, files)


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
    files = opened(run, epoch)
    if "model" in files.state:
        raise ConfigError(
            f"run {run.name} was imported, and the published CLAPP code has no place for a network "
            "that it has not trained"
        )
    config = config_of(files)
    written = {word for rules in TRAINED_BY.values() for word in rules}
    if config.rule not in written:
        raise ConfigError(
            f"run {run.name} was trained with {config.rule}, whose weights the published CLAPP "
            f"code has no place for; it has one for: {', '.join(sorted(written))}"
        )
    states = theirs(config, load_encoder(run, epoch).state_dict(), matrices_of(run, epoch))
    names = [f"model_{number}_{epoch}.ckpt" for number in range(len(states))]
    place(folder, {name: saved(state) for name, state in zip(names, states, strict=True)})
    return names


def matrices_of(run: Path, epoch: int) -> dict[str, Tensor]:
    """The prediction matrices of a kept epoch: the state dict of its rule."""
    if not keeps_rule(run, epoch):
        raise CheckpointError(
            f"epoch {epoch} of run {run.name} keeps its encoder alone, without the prediction "
            "matrices that the published CLAPP code wants; take a run that was trained here"
        )
    return load_learner(run, epoch)[1].state_dict()


def saved(state: dict[str, Tensor]) -> bytes:
    stream = io.BytesIO()
    plain = {
        name: t.to(torch.float32).clone(memory_format=torch.contiguous_format)
        for name, t in state.items()
    }
    torch.save(plain, stream, _use_new_zipfile_serialization=False)
    return stream.getvalue()
