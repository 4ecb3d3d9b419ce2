"""What a run is made of while it trains, and whether it may go on with a config and images."""

import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from models.config import SETTINGS, TrainConfig
from models.convolution import Room
from models.data.dataset import fingerprint
from models.device import pick_device, pick_precision
from models.encoder import encoder_of
from models.errors import CheckpointError, ConfigError, DataError
from models.parallel.share import Share, Whole
from models.presets import sites_of
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
ARITHMETIC = 4  # one more with every change after which a step ends in other last digits


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
    sums: dict[str, Any] = field(default_factory=dict)  # over its epoch, of whoever looks at it
    share: Share = field(default_factory=Whole)  # what this process computes of every step
    rooms: tuple[Room, Room] = field(default_factory=lambda: (Room(), Room()))  # of its activities

    @property
    def weight(self) -> Tensor:
        """One of the weights that this process trains: their device and precision."""
        return self.encoder.layers[self.share.layers(self.encoder)[0]].weight

    @property
    def precision(self) -> torch.dtype:
        """Of convolutions and predictions; that of the explicit update is never shorter."""
        word = "float32" if self.config.update == "hebbian" else self.config.precision
        return pick_precision(word, self.weight.device)

    @property
    def moments(self) -> dict[str, Tensor]:
        """Adam's moments of every parameter as "layer.parameter.name"."""
        return {
            f"{layer}.{index}.{name}": value
            for layer, optimiser in enumerate(self.optimisers)
            for group in optimiser.param_groups
            for index, parameter in enumerate(group["params"])
            for name, value in optimiser.state[parameter].items()
        }

    def layer_of(self, part: str, name: str) -> int:
        """The layer, from 0, that a tensor belongs to: of the encoder, the rule or `moments`."""
        number = re.search(r"(?:^|\.)(\d+)(?:\.|$)", name)
        layers = list(self.rule.layers) or [0]
        if part == "optimiser":
            return layers[int(number[1])]
        return int(number[1]) if number else layers[-1]


def begin(config: TrainConfig, view: int | None = None, classes: int = 0) -> Training:
    """An untrained encoder, its rule and one Adam a loss, on the device of the config.

    view: side of what the encoder sees, pixels; default: config.crop. Weights are drawn on the
    processor, those of the encoder first, so a seed gives the same start on every device and the
    same encoder to every rule.
    """
    device, row = device_of(config), RULES[config.rule]
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


def device_of(config: TrainConfig) -> torch.device:
    """Where to compute. Raises ConfigError for float64 on Apple's GPU, which has none."""
    device = pick_device(config.device)
    if device.type != "mps" or config.precision != "float64":
        return device
    if config.device == "auto":
        return torch.device("cpu")
    raise ConfigError("Apple's GPU has no float64; set device to cpu, or precision to float32")


def adam(weights: list[nn.Parameter], config: TrainConfig) -> torch.optim.Adam:
    """Adam over these weights, with its moments at zero."""
    fused = weights[0].device.type in ("cpu", "cuda")
    return at_zero(torch.optim.Adam(weights, lr=config.learning_rate, fused=fused))


def at_zero(optimiser: torch.optim.Adam) -> torch.optim.Adam:
    """The same with its moments made, at zero.

    Moments made by the first step would come to lie between the large arrays of that step, and
    keep the memory in between from being used again.
    """
    for group in optimiser.param_groups:
        for weight in group["params"]:
            optimiser.state[weight] = {
                "step": torch.zeros((), device=weight.device if group["fused"] else "cpu"),
                "exp_avg": torch.zeros_like(weight),
                "exp_avg_sq": torch.zeros_like(weight),
            }
    return optimiser


def taught(encoder: nn.Module, layer: int, crosses: bool) -> list[nn.Parameter]:
    """The weights of the encoder that learn from the loss of a layer."""
    return list((encoder.layers if crosses else encoder.layers[layer]).parameters())


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
