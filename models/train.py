"""Training as a loop that yields: nothing is logged, stored or decided elsewhere."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from models.config import TrainConfig
from models.data.views import random_views
from models.device import keep_freed_memory, pick_device, pick_precision
from models.encoder import Encoder, entrance, pooled
from models.errors import DataError, DivergedError
from models.presets import grid_of
from models.rules import RULES
from models.rules.rule import Rule

LOOK_EVERY = 50  # steps between two looks at the losses for values that are not finite


@dataclass
class Training:
    """Everything that a run needs to go on: what a checkpoint holds."""

    config: TrainConfig
    encoder: Encoder
    rule: Rule
    optimisers: list[torch.optim.Optimizer]  # one a layer that carries a loss
    epoch: int = 0  # epochs completed
    batch: int = 0  # batches done in the epoch that is under way
    step: int = 0  # batches done in all
    images: int = 0  # training images; 0 = not begun


@dataclass(frozen=True)
class Progress:
    """Where a run stands after one step; `losses` are per layer, the mean of a loss's terms."""

    epoch: int  # epochs completed
    epochs: int
    step: int  # batches done in all
    steps: int  # batches in the whole run
    losses: Tensor  # [layer], on the device; empty for a rule without losses
    images: int  # images in this step
    epoch_ends: bool
    training: Training


def begin(config: TrainConfig) -> Training:
    """An untrained encoder, its rule and one Adam a layer, on the device of the config.

    Weights are drawn on the processor, so a seed gives the same start on every device.
    """
    device = pick_device(config.device)
    generator = torch.Generator().manual_seed(config.seed)
    encoder = Encoder(config.encoder, 1 if config.colour == "grey" else 3, generator)
    rule = RULES[config.rule].load()(encoder.widths, config.steps, generator)
    encoder, rule = encoder.to(device), rule.to(device)
    optimisers = [
        torch.optim.Adam(
            [*encoder.layers[layer].parameters(), *rule.parameters_of(layer)],
            lr=config.learning_rate,
            fused=device.type in ("cpu", "cuda"),
        )
        for layer in rule.layers
    ]
    return Training(config, encoder, rule, optimisers)


def train(
    config: TrainConfig, images: np.ndarray, resume: Training | None = None
) -> Iterator[Progress]:
    """Train on uint8 images [n, channel, height, width]; no label is ever seen.

    Yields the state before the first step, then after every step. Closing the generator stops
    it between two steps. Order, views and draws are functions of (seed, epoch, batch) alone, so
    a run resumed from a checkpoint meets the same data.
    """
    check_size(config, images)
    keep_freed_memory()
    training = resume or begin(config)
    check_same_images(training, images)
    per_epoch = -(-len(images) // config.batch)
    epochs = config.epochs if training.rule.layers else 0
    steps = per_epoch * epochs
    if training.step == 0:
        start = torch.zeros(0)
        yield Progress(0, epochs, 0, steps, start, 0, epoch_ends=True, training=training)
    while training.epoch < epochs:
        order = seeded(config.seed, training.epoch).permutation(len(images))
        for batch in range(training.batch, per_epoch):
            chosen = np.sort(order[batch * config.batch : (batch + 1) * config.batch])
            losses = step(training, torch.from_numpy(images[chosen]), batch)
            ends = batch + 1 == per_epoch
            training.step += 1
            training.epoch += ends
            training.batch = 0 if ends else batch + 1
            if ends or training.step % LOOK_EVERY == 0:
                check_finite(losses, training)
            yield Progress(
                training.epoch, epochs, training.step, steps, losses, len(chosen), ends, training
            )


def step(training: Training, images: Tensor, batch: int) -> Tensor:
    """One local update of every layer, from the bottom up: losses [layer].

    A layer is updated as soon as its loss is known; what it hands on is its activity from before
    the update, detached, so no layer's graph outlives it.
    """
    config, encoder, rule = training.config, training.encoder, training.rule
    device = encoder.layers[0].weight.device
    dtype = pick_precision(config.precision, device)
    seed = int(seeded(config.seed, training.epoch, batch).integers(2**63))
    generator = torch.Generator().manual_seed(seed)
    views = random_views(images.to(device), generator, config.crop, config.colour)
    draw = rule.draw(len(images), generator).to(device)
    losses = []
    with torch.autocast(device.type, dtype, enabled=dtype != torch.float32):
        x = entrance(views)
    for layer, optimiser in zip(rule.layers, training.optimisers, strict=True):
        with torch.autocast(device.type, dtype, enabled=dtype != torch.float32):
            x = encoder.layers[layer](x.detach())
        loss = rule.loss(layer, pooled(x, len(images)), draw)
        loss.backward()
        optimiser.step()
        optimiser.zero_grad()
        losses.append(loss.detach() / rule.terms)
    return torch.stack(losses)


def seeded(*words: int) -> np.random.Generator:
    """A generator that depends on nothing but these numbers."""
    return np.random.default_rng(words)


def check_size(config: TrainConfig, images: np.ndarray) -> None:
    """Raise DataError unless the rule's furthest prediction fits on the grid of patches."""
    if len(images) < 2:
        raise DataError(f"training needs at least 2 images, but the data set has {len(images)}")
    side = min(config.crop, *images.shape[2:])
    rows = grid_of(side)
    if rows < config.steps + 2:
        possible = f"at most {rows - 2}" if rows > 2 else "larger images"
        raise DataError(
            f"views of {side} pixels have {rows} patch rows; {config.steps} prediction steps need "
            f"{config.steps + 2}; set steps to {possible}"
        )


def check_same_images(training: Training, images: np.ndarray) -> None:
    """Raise DataError if the run began with another number of images than it would go on with."""
    if training.images not in (0, len(images)):
        raise DataError(
            f"the run began with {training.images} training images, and now there are "
            f"{len(images)}; bring the data set back as it was, or train a new run"
        )
    training.images = len(images)


def check_finite(losses: Tensor, training: Training) -> None:
    """Raise DivergedError naming the first layer whose loss is not finite."""
    for layer, loss in enumerate(losses.tolist(), start=1):
        if not np.isfinite(loss):
            raise DivergedError(
                f"the loss of layer {layer} became {loss} at step {training.step}; "
                f"resume from the last checkpoint or lower learning_rate "
                f"({training.config.learning_rate:g})"
            )
