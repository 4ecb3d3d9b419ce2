"""Does a training step hold more at once where there are more layers?"""

import pytest
import torch
from torch.autograd.graph import saved_tensors_hooks

from benchmarks.depth_memory import training_of
from benchmarks.train_step import pictures
from models import convolution
from models.presets import ENCODERS
from models.train import step

IMAGES = 2


class Held:
    """What a step keeps for its backward pass: how much now, and the most so far, bytes."""

    def __init__(self) -> None:
        self.now = self.most = 0

    def keep(self, tensor: torch.Tensor) -> "Kept":
        return Kept(self, tensor)


class Kept:
    def __init__(self, held: Held, tensor: torch.Tensor) -> None:
        self.held, self.tensor = held, tensor
        held.now += tensor.nbytes
        held.most = max(held.most, held.now)

    def __del__(self) -> None:
        self.held.now -= self.tensor.nbytes


def most_held(rule: str, depth: int, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setitem(ENCODERS, f"depth-{depth}", None)  # so that it is gone afterwards
    training, held = training_of(rule, depth), Held()
    with saved_tensors_hooks(held.keep, lambda kept: kept.tensor):
        step(training, pictures(IMAGES, training.weight.device), 0)
    assert held.now == 0
    return held.most


def test_layers_that_learn_by_themselves_hold_no_more_when_there_are_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    six, twelve = (most_held("clapp", depth, monkeypatch) for depth in (6, 12))
    assert six > 0 and twelve <= 1.05 * six
    through = [most_held("hinge-cpc", depth, monkeypatch) for depth in (6, 12)]
    assert through[1] > 1.7 * through[0] > 1.7 * six


def test_activities_of_all_layers_share_two_rooms_from_step_to_step(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(ENCODERS, "depth-6", None)
    training = training_of("clapp", 6)
    images = pictures(IMAGES, training.weight.device)
    step(training, images, 0)
    rooms = [room.block.data_ptr() for room in training.rooms]
    made, before = [], convolution.Room.empty

    def kept(room: convolution.Room, *asked) -> torch.Tensor:
        made.append(before(room, *asked).data_ptr())
        return before(room, *asked)

    monkeypatch.setattr(convolution.Room, "empty", kept)
    step(training, images, 1)
    assert made == 3 * rooms
