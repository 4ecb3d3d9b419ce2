"""Where to compute, and in which arithmetic."""

import ctypes
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

import torch

from models.errors import ConfigError

M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_MAX = -1, -2, -4  # from glibc's malloc.h


def pick_device(word: str = "auto") -> torch.device:
    """The device of that name; "auto" takes CUDA, else Apple's GPU, else the processor."""
    ready = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if word == "auto":
        return torch.device(next((name for name, there in ready.items() if there), "cpu"))
    if not ready.get(word, word == "cpu"):
        raise ConfigError(f"device {word!r} was asked for, but torch finds none; use auto or cpu")
    return torch.device(word)


def pick_precision(word: str, device: torch.device) -> torch.dtype:
    """The arithmetic of convolutions and predictions; auto: bfloat16 where the hardware has it."""
    if word != "auto":
        return getattr(torch, word)
    if device.type == "cuda":
        native = torch.cuda.is_bf16_supported(including_emulation=False)
        return torch.bfloat16 if native else torch.float32
    native = getattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)
    return torch.bfloat16 if device.type == "cpu" and native() else torch.float32


def hardware(device: torch.device) -> str:
    """What computes there: "cpu (AVX2, 2 threads)", "cuda (NVIDIA H200)"."""
    if device.type == "cuda":
        return f"cuda ({torch.cuda.get_device_name(device)})"
    if device.type != "cpu":
        return device.type
    threads = torch.get_num_threads()
    return f"cpu ({instructions()}, {threads} thread{'s' * (threads > 1)})"


def instructions() -> str:
    """The widest that torch multiplies with here, such as "AVX2" or "AVX512, bfloat16, AMX".

    A processor's name does not tell: one name can stand for several generations.
    """
    more = {"bfloat16": "_is_avx512_bf16_supported", "AMX": "_is_amx_tile_supported"}
    has = [word for word, asked in more.items() if getattr(torch.cpu, asked, lambda: False)()]
    return ", ".join([torch.backends.cpu.get_cpu_capability(), *has])


def exact_convolutions() -> AbstractContextManager:
    """float32 as on a processor: no TF32, and the same algorithm each time."""
    return steady_convolutions(shorter=False)


@contextmanager
def steady_convolutions(shorter: bool) -> Iterator[None]:
    """The same algorithm of CUDA each time; `shorter`: float32 may be multiplied as TF32."""
    cudnn = torch.backends.cudnn
    with cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=shorter):
        yield


def keep_freed_memory() -> None:
    """Let the process keep the memory it frees, where the C library is glibc.

    By default glibc gives every large tensor back to the system at once, and the next step pays
    for fresh zeroed pages again: a step of vgg6-small took a fifth longer.
    """
    if sys.platform != "linux":
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt:
        most = 2**31 - 1
        for option, value in ((M_MMAP_MAX, 0), (M_TRIM_THRESHOLD, most), (M_TOP_PAD, 2**28)):
            mallopt(option, value)
