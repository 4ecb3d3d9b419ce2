"""Training as a loop that yields: nothing is logged, stored or decided elsewhere."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn

from models.config import SETTINGS, TrainConfig
from models.data.dataset import fingerprint
from models.data.views import random_views, two_views
from models.device import keep_freed_memory, pick_device, pick_precision
from models.encoder import encoder_of
from models.errors import CheckpointError, DataError, DivergedError
from models.hebbian import four_factors
from models.parallel.share import Share, Whole
from models.presets import grid_of, sites_of
from models.rules import RULES
from models.rules.rule import Form, Rule

FREE = {
    "data",
    "epochs",
    "device",
    "precision",
    "parallel",
    "keep",
}  # may differ when a run goes on
LOOK_EVERY = 50  # steps between two looks at the losses for values that are not finite


@dataclass
class Training:
    """Everything that a run needs to go on: what a checkpoint holds."""

    config: TrainConfig
    encoder: nn.Module  # of ENCODER_CLASSES
    rule: Rule
    optimisers: list[torch.optim.Optimizer]  # one a layer that carries a loss
    view: int  # side of what the encoder sees, pixels
    classes: int  # of the labels; 0 where the rule learns without
    epoch: int = 0  # epochs completed
    batch: int = 0  # batches done in the epoch that is under way
    step: int = 0  # batches done in all
    images: int = 0  # training images; 0 = not begun
    fingerprint: str = ""  # of the training images, and of their labels where they teach
    origin: str = ""  # what computed the steps before it was restored; "" where it began here
    share: Share = field(default_factory=Whole)  # what this process computes of every step

    @property
    def weight(self) -> Tensor:
        """One of the weights that this process trains: their device and precision."""
        return self.encoder.layers[self.share.layers(self.encoder)[0]].weight


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


def begin(config: TrainConfig, view: int | None = None, classes: int = 0) -> Training:
    """An untrained encoder, its rule and one Adam a loss, on the device of the config.

    view: side of what the encoder sees, pixels; default: config.crop. Weights are drawn on the
    processor, those of the encoder first, so a seed gives the same start on every device and the
    same encoder to every rule.
    """
    device, row = pick_device(config.device), RULES[config.rule]
    generator, view = torch.Generator().manual_seed(config.seed), view or config.crop
    encoder = encoder_of(config, generator)
    sides = tuple(sites.side for sites in sites_of(row.sees, view))
    form = Form(encoder.widths, sides, config.steps, classes)
    rule = row.load()(form, generator, **config.options)
    exact = torch.float64 if config.precision == "float64" else torch.float32
    encoder, rule = encoder.to(device, exact), rule.to(device, exact)
    optimisers = [
        adam([*taught(encoder, layer, row.crosses), *rule.parameters_of(layer)], config)
        for layer in rule.layers
    ]
    return Training(config, encoder, rule, optimisers, view, classes)


def adam(weights: list[nn.Parameter], config: TrainConfig) -> torch.optim.Adam:
    """Adam over these weights, with its moments at zero.

    Moments made by the first step would come to lie between the large arrays of that step, and
    keep the memory in between from being used again.
    """
    kind = weights[0].device.type
    fused = kind in ("cpu", "cuda")
    optimiser = torch.optim.Adam(weights, lr=config.learning_rate, fused=fused)
    for weight in weights:
        optimiser.state[weight] = {
            "step": torch.zeros((), device=weight.device if fused else "cpu"),
            "exp_avg": torch.zeros_like(weight),
            "exp_avg_sq": torch.zeros_like(weight),
        }
    return optimiser


def taught(encoder: nn.Module, layer: int, crosses: bool) -> list[nn.Parameter]:
    """The weights of the encoder that learn from the loss of a layer."""
    return list((encoder.layers if crosses else encoder.layers[layer]).parameters())


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
    if steps:
        training.share.begin(training, *batch_of(images, rows[: config.batch], training, labels))
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
                seen, told = batch_of(images, chosen, training, labels)
                set_rate(training, training.step / steps)
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


def batch_of(
    images: np.ndarray, chosen: np.ndarray, training: Training, labels: np.ndarray | None
) -> tuple[Tensor, Tensor | None]:
    """Images of these numbers, and their labels where the rule learns from labels."""
    told = torch.from_numpy(labels[chosen].astype(np.int64)) if training.classes else None
    return torch.from_numpy(images[chosen]), told


def step(training: Training, images: Tensor, batch: int, labels: Tensor | None = None) -> Tensor:
    """One update of every layer that carries a loss, from the bottom up: losses [layer].

    Where no loss crosses layers, a layer is updated as soon as its loss is known; what it hands on
    is its activity from before the update, detached, so no layer's graph outlives it.
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
                x = layer(before)
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
    """The precision of convolutions and predictions; sums, losses and updates keep the weights'."""
    weight, config = training.weight, training.config
    word = "float32" if config.update == "hebbian" else config.precision
    dtype = pick_precision(word, weight.device)
    lower = dtype not in (torch.float32, torch.float64)
    return torch.autocast(weight.device.type, dtype if lower else torch.bfloat16, enabled=lower)


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


def check_same_run(training: Training, config: TrainConfig) -> None:
    """Raise CheckpointError if a training began with other settings than it would go on with."""
    for setting in SETTINGS:
        began, now = (getattr(c, setting.name) for c in (training.config, config))
        ends_with = setting.name == "epochs" and config.schedule != "constant"
        if began != now and (setting.name not in FREE or ends_with):
            raise CheckpointError(
                f"the checkpoint was made with {setting.name} {began!r}, but the run has "
                f"{now!r}; resume the run that it belongs to, or train a new one"
            )


def taught_by(images: np.ndarray, labels: np.ndarray | None) -> str:
    """A fingerprint of the training images, and of their labels for a rule that looks at them."""
    return fingerprint([images] if labels is None else [images, labels])


def check_same_images(training: Training, images: int, taught: str) -> None:
    """Raise DataError if the run began with other images than it would go on with."""
    if training.images not in (0, images):
        raise DataError(
            f"the run began with {training.images} training images, and now there are "
            f"{images}; bring the data set back as it was, or train a new run"
        )
    if training.fingerprint not in ("", taught):
        raise DataError(
            "the training images are not those that the run began with, though as many; bring the "
            "data set back as it was, or train a new run"
        )
    training.images, training.fingerprint = images, taught


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
