"""The processes of one run and what they tell each other: the only file with torch.distributed.

Words, and tensors on the processor, go through gloo; tensors on CUDA devices through NCCL.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
import torch.distributed as dist
import torch.distributed.nn  # noqa: F401  imported once a group exists, it would keep that alive
from torch import Tensor

from models.device import pick_device
from models.errors import ConfigError, RanksError
from models.parallel import processes


class Ranks:
    """This process's number, `rank`, among `count`; rank 0 alone writes and decides."""

    def __init__(self, rank: int = 0, count: int = 1) -> None:
        self.rank, self.count = rank, count
        self.nccl: dist.ProcessGroup | None = None
        self.told = False  # whether the first has told the others anything

    def use(self, device: str) -> None:
        """Compute on a device of one's own where that word means CUDA; all call this together."""
        kind = pick_device(device).type
        if kind == "cuda" and not self.nccl:
            here, there = int(os.environ["LOCAL_WORLD_SIZE"]), torch.cuda.device_count()
            if here > there:  # all of them say so: one that waits for another would be killed
                raise ConfigError(
                    f"each process needs a GPU of its own, but {here} processes found {there}; "
                    "give torchrun a smaller --nproc-per-node, or set device to cpu"
                )
            torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
            self.nccl = dist.new_group(backend="nccl")
        if kind not in ("cpu", "cuda"):
            raise ConfigError(f"several processes compute on cpu or cuda, not {kind}; set device")

    def tell(self, word: Any = None) -> Any:
        """What rank 0 gives, to all."""
        if self.count == 1:
            return word
        words, self.told = [word], True
        with others():
            dist.broadcast_object_list(words, src=0)
        return words[0]

    def tell_number(self, number: int = 0) -> int:
        """As `tell`, for one whole number, and quickly."""
        told = torch.tensor([number])
        with others():
            dist.broadcast(told, src=0)
        return int(told)

    def sum(self, tensor: Tensor) -> "Handle":
        """Add up a tensor over all processes, in place, while this one goes on."""
        with others():
            return Handle(dist.all_reduce(tensor, group=self.group(tensor), async_op=True), tensor)

    def gathered(self, tensor: Tensor) -> list[Tensor]:
        """The tensors of all processes, which have one shape."""
        parts = [torch.empty_like(tensor) for _ in range(self.count)]
        with others():
            dist.all_gather(parts, tensor, group=self.group(tensor))
        return parts

    def send(self, tensor: Tensor, to: int, tag: int = 0) -> "Handle":
        with others():
            return Handle(dist.isend(tensor, to, group=self.group(tensor), tag=tag), tensor)

    def receive(self, tensor: Tensor, source: int, tag: int = 0) -> Tensor:
        """Fill a tensor with what another process sent."""
        with others():
            dist.recv(tensor, source, group=self.group(tensor), tag=tag)
        return tensor

    def group(self, tensor: Tensor) -> dist.ProcessGroup | None:
        return self.nccl if tensor.is_cuda else None


class Handle:
    """Something under way; its tensor is kept until it is done."""

    def __init__(self, work: dist.Work, tensor: Tensor) -> None:
        self.work, self.tensor = work, tensor

    def wait(self) -> Tensor:
        with others():
            self.work.wait()
        return self.tensor


@contextmanager
def others() -> Iterator[None]:
    """What goes wrong inside is told as what it means: another process is gone."""
    try:
        yield
    except RuntimeError as error:
        raise RanksError(
            "another process of this run ended or cannot be reached; what it said itself tells "
            "why; resume the run when that is mended"
        ) from error


@contextmanager
def joined() -> Iterator[Ranks]:
    """The processes that torchrun started, joined while it is entered; without it, this alone."""
    if processes() == 1:
        yield Ranks()
        return
    dist.init_process_group("gloo")
    try:
        yield Ranks(dist.get_rank(), dist.get_world_size())
    finally:
        dist.destroy_process_group()
