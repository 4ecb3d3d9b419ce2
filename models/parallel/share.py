"""The part of every step that one process computes."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, final

import torch
from torch import Tensor, nn

from models.rules.rule import Rule

if TYPE_CHECKING:
    from models.train import Progress
    from models.training import Training


class Share(ABC):
    """Abstract; a step asks in this order. Leaving it by `close()` or DivergedError stops all."""

    @property
    @abstractmethod
    def about(self) -> str:
        """How the work is shared, for the log."""

    @abstractmethod
    def begin(self, training: "Training", images: Tensor, labels: Tensor | None) -> None:
        """Get ready for the first step, with a batch such as those to come."""

    @abstractmethod
    def layers(self, encoder: nn.Module) -> range:
        """Numbers of the layers that it computes."""

    @abstractmethod
    def go_on(self, training: "Training") -> bool:
        """Whether a further step is computed: what the first process says."""

    @abstractmethod
    def receive(self, generator: torch.Generator) -> Tensor | None:
        """What the layer below its own hands on; None where its own are the first.

        generator: is brought to where it stands after the views were drawn.
        """

    @abstractmethod
    def rows(self, views: Tensor) -> Tensor:
        """Its own views of the batch."""

    @abstractmethod
    def draw(
        self, rule: Rule, views: int, generator: torch.Generator, labels: Tensor | None
    ) -> Any:
        """What is random in the step, or the labels, for the views whose z `gather` gives."""

    @abstractmethod
    def gather(self, z: Tensor) -> Tensor:
        """Activity of the views that its own are compared with, from that of its own."""

    @abstractmethod
    def learn(self, optimiser: torch.optim.Optimizer) -> None:
        """Update the weights of a layer whose gradients are there, now or by the end."""

    @abstractmethod
    def end(self, x: Tensor, losses: Tensor) -> Tensor:
        """The step is over: x is what its last layer hands on. Losses of the whole batch."""

    @abstractmethod
    def reported(self, progress: "Progress") -> Iterator["Progress"]:
        """Steps whose losses are known by now, in order; only the first process tells them."""

    @abstractmethod
    def untold(self) -> "list[Progress]":
        """Steps that are done and were not reported yet, with the losses of all layers."""

    @abstractmethod
    def collect(self, training: "Training") -> None:
        """Bring the weights and moments of all layers to the first process, which calls this."""

    def __enter__(self) -> "Share":
        return self

    @abstractmethod
    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Let the other processes end, too, where this one ends between two steps."""


def drawn(rule: Rule, views: int, generator: torch.Generator, labels: Tensor | None) -> Any:
    """What the rule draws for so many views; the labels for a rule that learns from them."""
    return rule.draw(views, generator) if labels is None else labels


def updated(optimiser: torch.optim.Optimizer) -> None:
    optimiser.step()
    optimiser.zero_grad()


@final
class Whole(Share):
    """All of it: there is one process."""

    about = "one process"

    def begin(self, training: "Training", images: Tensor, labels: Tensor | None) -> None:
        return

    def layers(self, encoder: nn.Module) -> range:
        return range(len(encoder.layers))

    def go_on(self, training: "Training") -> bool:
        return True

    def receive(self, generator: torch.Generator) -> None:
        return None

    def rows(self, views: Tensor) -> Tensor:
        return views

    def draw(
        self, rule: Rule, views: int, generator: torch.Generator, labels: Tensor | None
    ) -> Any:
        return drawn(rule, views, generator, labels)

    def gather(self, z: Tensor) -> Tensor:
        return z

    def learn(self, optimiser: torch.optim.Optimizer) -> None:
        updated(optimiser)

    def end(self, x: Tensor, losses: Tensor) -> Tensor:
        return losses

    def reported(self, progress: "Progress") -> Iterator["Progress"]:
        yield progress

    def untold(self) -> "list[Progress]":
        return []

    def collect(self, training: "Training") -> None:
        return

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        return
