"""Training as a loop that yields: nothing is logged, stored or decided elsewhere."""

import math
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from models.config import TrainConfig
from models.data.views import random_views, two_views
from models.device import keep_freed_memory, steady_convolutions
from models.errors import DataError, DivergedError
from models.hebbian import four_factors
from models.parallel.share import Share
from models.presets import grid_of
from models.rules import RULES
from models.training import (
    Training,
    begin,
    check_same_images,
    check_same_run,
    taught_by,
)

LOOK_EVERY = 50  # steps between two looks at the losses for values that are not finite
ROOM = 0.15  # of a GPU's free memory that images may fill
BLOCK = 1000  # images copied to a GPU at once


@dataclass(frozen=True)
class Progress:
    """Where a run stands after one step; `losses` are per layer, the mean of a loss's terms."""

    epoch: int  # epochs completed
    epochs: int
    step: int  # batches done in all
    steps: int  # batches in the whole run
    losses: Tensor  # [layer of rule.layers], on the device; empty for a rule without losses
    images: int  # images in this step
    epoch_ends: bool
    training: Training


def train(
    config: TrainConfig,
    images: np.ndarray,
    resume: Training | None = None,
    labels: np.ndarray | None = None,
    share: Share | None = None,
) -> Iterator[Progress]:
    """Train on uint8 images [n, channel, height, width].

    labels: int [n], only looked at by a rule that learns from them; images without one (-1) are
    then left out. share: what this process computes, where there are several; the first process
    alone is told of steps. Yields the state before the first step, then after every step. Closing
    the generator stops it, and that of the other processes, between two steps. Order, views and
    draws are functions of (seed, epoch, batch) alone, so a run resumed from a checkpoint meets the
    same data, and so does another rule. Raises DivergedError at most LOOK_EVERY steps after the
    first loss that is not finite.
    """
    rows = usable(config, images, labels)
    keep_freed_memory()
    view = min(config.crop, *images.shape[2:])
    training = resume or begin(config, view, class_count(config, labels))
    check_same_run(training, config)
    taught = taught_by(images, labels if RULES[config.rule].labels else None)
    check_same_images(training, len(rows), taught)
    per_epoch = -(-len(rows) // config.batch)
    epochs = config.epochs if training.rule.layers else 0
    steps = per_epoch * epochs
    training.share = share or training.share
    source = images
    if steps:
        training.share.begin(training, *batch_of(images, rows[: config.batch], training, labels))
        if 0 in training.share.layers(training.encoder):  # this process sees the images
            source = resident(images, training.weight.device)
    with training.share as share:
        if training.step == 0:
            start = torch.zeros(0)
            yield Progress(0, epochs, 0, steps, start, 0, epoch_ends=True, training=training)
        unseen = []  # steps whose losses no one has looked at yet
        while training.epoch < epochs:
            order = seeded(config.seed, training.epoch).permutation(len(rows))
            for batch in range(training.batch, per_epoch):
                if not share.go_on(training):
                    return
                chosen = rows[np.sort(order[batch * config.batch : (batch + 1) * config.batch])]
                seen, told = batch_of(source, chosen, training, labels)
                set_rate(training, training.step / steps)
                with exactly(training):
                    losses = step(training, seen, batch, told)
                ends = batch + 1 == per_epoch
                training.step += 1
                training.epoch += ends
                training.batch = 0 if ends else batch + 1
                done = training.epoch, epochs, training.step, steps
                for progress in share.reported(
                    Progress(*done, losses, len(chosen), ends, training)
                ):
                    unseen.append(progress)
                    if progress.epoch_ends or len(unseen) == LOOK_EVERY:
                        check_finite(unseen)
                        unseen = []
                    yield progress


def set_rate(training: Training, fraction: float) -> None:
    """The step size of the next step, when that fraction of the run is done (0 to 1)."""
    rate = training.config.learning_rate
    if training.config.schedule == "cosine":
        rate *= (1 + math.cos(math.pi * fraction)) / 2
    for optimiser in training.optimisers:
        for group in optimiser.param_groups:
            group["lr"] = rate


def resident(images: np.ndarray, device: torch.device) -> np.ndarray | Tensor:
    """The images on the GPU that trains, unless they fill more than ROOM of what is free there."""
    if device.type != "cuda" or images.nbytes > ROOM * torch.cuda.mem_get_info(device)[0]:
        return images
    held = torch.empty(images.shape, dtype=torch.uint8, device=device)
    for start in range(0, len(images), BLOCK):
        held[start : start + BLOCK] = torch.from_numpy(images[start : start + BLOCK].copy())
    return held


def batch_of(
    images: np.ndarray | Tensor, chosen: np.ndarray, training: Training, labels: np.ndarray | None
) -> tuple[Tensor, Tensor | None]:
    """Images of these numbers, and their labels where the rule learns from labels."""
    told = torch.from_numpy(labels[chosen].astype(np.int64)) if training.classes else None
    if isinstance(images, Tensor):
        return images[torch.from_numpy(chosen).to(images.device)], told
    return torch.from_numpy(images[chosen]), told


def step(training: Training, images: Tensor, batch: int, labels: Tensor | None = None) -> Tensor:
    """One update of every layer that carries a loss, from the bottom up: losses [layer].

    Where no loss crosses layers, a layer is updated as soon as its loss is known; what it hands on
    is its activity from before the update, detached, so no layer's graph outlives it, and that of
    the next but one lies where its own did.
    """
    config, encoder, rule = training.config, training.encoder, training.rule
    row, weight, share = RULES[config.rule], training.weight, training.share
    generator = torch.Generator().manual_seed(
        int(seeded(config.seed, training.epoch, batch).integers(2**63))
    )
    total = n = len(images) * (2 if row.sees == "image" else 1)  # views
    x = share.receive(generator)
    if x is None:
        make_views = two_views if row.sees == "image" else random_views
        views = make_views(images.to(weight.device), generator, config.crop, config.colour)
        views = share.rows(views).to(weight.dtype)
        n = len(views)
        with arithmetic(training):
            x = encoder.entrance(views)
    draw = share.draw(rule, total, generator, labels).to(weight.device)
    if rule.hears_top:
        with torch.no_grad(), arithmetic(training):
            draw = draw._replace(top=share.gather(encoder(views)[-1]))
    losses, optimisers = [], dict(zip(rule.layers, training.optimisers, strict=True))
    for number in share.layers(encoder):
        layer, before = encoder.layers[number], x if row.crosses else x.detach()
        if config.update == "hebbian":
            x, loss = four_factors(rule, number, layer, before, n, draw)
        else:
            with arithmetic(training):
                x = layer(before, None if row.crosses else training.rooms[number % 2])
                if number in rule.layers:
                    z = share.gather(encoder.activity(number, x, n))
                    loss = rule.loss(number, z, draw)
            if number in rule.layers:
                loss.backward()
        if number in rule.layers:
            share.learn(optimisers[number])
            losses.append(loss.detach() / rule.terms)
    return share.end(x, torch.stack(losses))


def arithmetic(training: Training) -> torch.autocast:
    """The precision of convolutions, their means and predictions; losses and updates keep the
    weights'."""
    dtype = training.precision
    lower = dtype not in (torch.float32, torch.float64)
    word = training.weight.device.type
    return torch.autocast(word, dtype if lower else torch.bfloat16, enabled=lower)


def exactly(training: Training) -> AbstractContextManager:
    """On a GPU a step uses the same algorithms each time, and in float32 all of it."""
    lower = training.precision != torch.float32
    return steady_convolutions(shorter=lower)


def seeded(*words: int) -> np.random.Generator:
    """A generator that depends on nothing but these numbers."""
    return np.random.default_rng(words)


def usable(config: TrainConfig, images: np.ndarray, labels: np.ndarray | None) -> np.ndarray:
    """Rows of the images that the rule can train on.

    Raises DataError unless there are two, with labels if it needs them, and the rule's furthest
    prediction fits on the grid of patches.
    """
    row, rows = RULES[config.rule], np.arange(len(images))
    if row.labels:
        rows = rows if labels is None else rows[labels >= 0]
        if labels is None or len(np.unique(labels[rows])) < 2:
            raise DataError(
                f"rule {config.rule} learns from labels of at least two classes, but the training "
                "images have none; choose another rule, or a data set with classes"
            )
    if len(rows) < 2:
        raise DataError(f"training needs at least 2 images, but the data set has {len(rows)}")
    side = min(config.crop, *images.shape[2:])
    if row.predicts and (there := grid_of(side)) < config.steps + 2:
        possible = f"at most {there - 2}" if there > 2 else "larger images"
        raise DataError(
            f"views of {side} pixels have {there} patch rows; {config.steps} prediction steps need "
            f"{config.steps + 2}; set steps to {possible}"
        )
    return rows


def class_count(config: TrainConfig, labels: np.ndarray | None) -> int:
    """How many classes the rule's labels tell apart; 0 for a rule without labels."""
    return int(labels.max()) + 1 if RULES[config.rule].labels and labels is not None else 0


def check_finite(steps: list[Progress]) -> None:
    """Raise DivergedError naming the first step with a loss that is not finite, and the lowest
    layer that has one then. One look at the device for all steps."""
    losses = torch.stack([progress.losses for progress in steps])  # [step, layer]
    if losses.isfinite().all():
        return
    number, layer = (~losses.isfinite()).nonzero()[0].tolist()
    progress, loss = steps[number], losses[number, layer].item()
    per_epoch = progress.steps // progress.epochs
    epoch, batch = divmod(progress.step - 1, per_epoch)
    config, rule = progress.training.config, progress.training.rule
    raise DivergedError(
        f"the loss of layer {rule.layers[layer] + 1} became {loss} at step {progress.step} (batch "
        f"{batch + 1} of epoch {epoch + 1}); resume from the last checkpoint, or train anew with a "
        f"learning_rate below {config.learning_rate:g}"
    )
