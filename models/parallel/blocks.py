"""Layer parallel: every process computes a block of layers, for all images.

The first sees the images. Each hands the activity of its last layer to the next, detached, and
goes on with the next batch while that one computes: no layer waits for the loss of another, so the
weights are those of one process, bit for bit. Backwards go numbers alone: the losses, and at a
checkpoint the weights.

    process to the next    a header, the state of the generator behind the views, the activity
    process to the first   the losses of each step; weights and moments where it collects them
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, final

import torch
from torch import Tensor, nn

from models.errors import DivergedError
from models.parallel.balance import balanced, seconds_of_layers
from models.parallel.ranks import Handle, Ranks
from models.parallel.share import Share, drawn, updated
from models.rules.rule import Rule

if TYPE_CHECKING:
    from models.train import Progress
    from models.training import Training

STOP, STEP, COLLECT = range(3)  # what a header says
HEADER = 7  # that, which of DTYPES, whether channels last, and the shape [patch, channel, y, x]
DTYPES = (torch.float32, torch.bfloat16, torch.float64)
LOSSES, STATE = 1, 2  # tags
MOMENTS = ("step", "exp_avg", "exp_avg_sq")


@final
class Blocks(Share):
    """A block of layers for each process.

    blocks: which; default: cut so that the slowest takes as little time as can be, from times
    that the first process measures.
    """

    def __init__(self, ranks: Ranks, blocks: list[range] | None = None) -> None:
        self.ranks, self.blocks = ranks, blocks
        self.rank, self.last = ranks.rank, ranks.rank + 1 == ranks.count
        self.state = torch.Generator().get_state()
        self.sent: deque[Handle] = deque()
        self.told: deque[Handle] = deque()
        self.pending: deque[Progress] = deque()
        self.done = True
        self.collected = 0

    @property
    def about(self) -> str:
        cut = " | ".join(f"{block[0] + 1}-{block[-1] + 1}" for block in self.blocks or ())
        return f"{self.ranks.count} processes share the layers: {cut}"

    def begin(self, training: "Training", images: Tensor, labels: Tensor | None) -> None:
        """Agree on the blocks; what the others train leaves this process's device."""
        if not self.blocks:
            measured = None
            if self.rank == 0:
                taken = seconds_of_layers(training, images, labels)
                measured = balanced(taken, self.ranks.count)
            self.blocks = self.ranks.tell(measured)
        self.optimisers = dict(zip(training.rule.layers, training.optimisers, strict=True))
        self.collected, self.done = training.step, False
        for rank, block in enumerate(self.blocks):
            for weight in self.weights(training, block) if rank != self.rank else ():
                weight.data = weight.data.cpu()
            for optimiser, weight in self.learners(block) if rank != self.rank else ():
                state = optimiser.state[weight]
                state.update({name: state[name].cpu() for name in MOMENTS})

    def layers(self, encoder: nn.Module) -> range:
        return self.blocks[self.rank] if self.blocks else range(len(encoder.layers))

    def go_on(self, training: "Training") -> bool:
        if self.rank == 0:
            return True
        while True:
            header = self.ranks.receive(torch.zeros(HEADER, dtype=torch.int64), self.rank - 1)
            word, dtype, channels_last, *shape = header.tolist()
            if word == STEP:
                self.state = self.ranks.receive(torch.empty_like(self.state), self.rank - 1)
                self.arrived = self.receive_map(training, DTYPES[dtype], channels_last, shape)
                return True
            if not self.last:
                self.ranks.send(header, self.rank + 1).wait()
            if word == STOP:
                self.settle()
                return False
            self.hand_in(training)

    def receive_map(
        self, training: "Training", dtype: torch.dtype, channels_last: int, shape: list[int]
    ) -> Tensor:
        n, c, y, x = shape
        order = (n, y, x, c) if channels_last else (n, c, y, x)
        empty = torch.empty(order, dtype=dtype, device=training.weight.device)
        found = self.ranks.receive(empty, self.rank - 1)
        return found.movedim(-1, 1) if channels_last else found

    def receive(self, generator: torch.Generator) -> Tensor | None:
        if self.rank == 0:
            return None
        generator.set_state(self.state)
        return self.arrived

    def rows(self, views: Tensor) -> Tensor:
        return views

    def draw(
        self, rule: Rule, views: int, generator: torch.Generator, labels: Tensor | None
    ) -> Any:
        self.state = generator.get_state()
        return drawn(rule, views, generator, labels)

    def gather(self, z: Tensor) -> Tensor:
        return z

    def learn(self, optimiser: torch.optim.Optimizer) -> None:
        updated(optimiser)

    def end(self, x: Tensor, losses: Tensor) -> Tensor:
        if not self.last:
            self.hand_on(x.detach())
        if self.rank:
            self.told.append(self.ranks.send(losses.cpu(), 0, LOSSES))
            self.wait(self.told, 2 * self.ranks.count)
        return losses

    def hand_on(self, x: Tensor) -> None:
        """Send activity to the next process, which may still compute the batch before."""
        channels_last = x.is_contiguous(memory_format=torch.channels_last)
        header = torch.tensor([STEP, DTYPES.index(x.dtype), channels_last, *x.shape])
        x = x.movedim(1, -1) if channels_last else x
        parts = header, self.state, x.clone(memory_format=torch.contiguous_format)
        self.sent += [self.ranks.send(part, self.rank + 1) for part in parts]
        self.wait(self.sent, len(parts))

    @staticmethod
    def wait(handles: "deque[Handle]", most: int = 0) -> None:
        """Until no more than so many are under way."""
        while len(handles) > most:
            handles.popleft().wait()

    def settle(self) -> None:
        """Leave nothing under way: what was sent has arrived, and losses are known."""
        self.wait(self.sent)
        self.wait(self.told)
        self.pending = deque(map(self.complete, self.pending))

    def reported(self, progress: "Progress") -> Iterator["Progress"]:
        """The first process is ahead of the others, and tells a step once all have done it."""
        self.done = progress.step == progress.steps
        if self.rank:
            if progress.epoch_ends:
                self.hand_in(progress.training)
            return
        self.pending.append(progress)
        if progress.epoch_ends:
            self.take_in(progress.training)
        while len(self.pending) > (0 if progress.epoch_ends else self.ranks.count):
            yield self.complete(self.pending.popleft())

    def untold(self) -> "list[Progress]":
        self.settle()
        return [*self.pending]

    def complete(self, progress: "Progress") -> "Progress":
        """With the losses of all layers."""
        own = progress.losses
        if len(own) > len(self.blocks[0]):
            return progress
        others = [
            self.ranks.receive(torch.empty(len(block), dtype=own.dtype), rank, LOSSES)
            for rank, block in enumerate(self.blocks)
            if rank
        ]
        return replace(progress, losses=torch.cat([own, *(part.to(own.device) for part in others)]))

    def collect(self, training: "Training") -> None:
        if self.collected == training.step:
            return
        header = torch.zeros(HEADER, dtype=torch.int64)
        header[0] = COLLECT
        self.ranks.send(header, 1).wait()
        self.take_in(training)

    def hand_in(self, training: "Training") -> None:
        """Send the weights and moments of the own layers to the first process."""
        self.settle()
        for weight in self.weights(training, self.blocks[self.rank]):
            self.ranks.send(weight.detach().cpu().contiguous(), 0, STATE).wait()
        for optimiser, weight in self.learners(self.blocks[self.rank]):
            state = optimiser.state[weight]
            for name in MOMENTS:
                self.ranks.send(state[name].cpu().contiguous(), 0, STATE).wait()

    def take_in(self, training: "Training") -> None:
        """What the others hand in. A moment lies in memory as its weight does."""
        self.settle()
        for rank, block in enumerate(self.blocks):
            if rank == 0:
                continue
            for weight in self.weights(training, block):
                weight.data.copy_(self.received(weight, rank))
            for optimiser, weight in self.learners(block):
                for name in MOMENTS:
                    state = optimiser.state[weight][name]
                    state.copy_(self.received(state, rank))
        self.collected = training.step

    def received(self, like: Tensor, rank: int) -> Tensor:
        return self.ranks.receive(torch.empty(like.shape, dtype=like.dtype), rank, STATE)

    def weights(self, training: "Training", block: range) -> list[nn.Parameter]:
        """Those that the layers of a block train, the rule's among them, in a fixed order."""
        return [
            weight
            for layer in block
            for weight in (
                *training.encoder.layers[layer].parameters(),
                *training.rule.parameters_of(layer),
            )
        ]

    def learners(self, block: range) -> Iterator[tuple[torch.optim.Optimizer, nn.Parameter]]:
        for layer in block:
            for group in self.optimisers[layer].param_groups:
                for weight in group["params"]:
                    yield self.optimisers[layer], weight

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self.rank == 0 and not self.done and kind in (GeneratorExit, DivergedError):
            header = torch.zeros(HEADER, dtype=torch.int64)
            header[0] = STOP
            self.ranks.send(header, 1).wait()
            self.settle()
