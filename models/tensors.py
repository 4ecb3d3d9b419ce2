"""Are the bytes of a safetensors file the very tensors that are wanted? safetensors itself accepts
any names, a header of 100 MB, and every flipped bit; what is read here is known beforehand."""

import json
from collections.abc import Iterable

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor

LARGEST_HEADER = 2**20  # bytes
MOST_TENSORS = 4096
LISTED = 3  # names in a sentence


class UnfitError(Exception):
    """Says what is wrong with a file, as the end of a sentence that begins with its name."""


def bytes_of(tensors: Iterable[Tensor]) -> int:
    return sum(t.numel() * t.element_size() for t in tensors)


def tensors_of(data: bytes, wanted: dict[str, Tensor], halves: bool = False) -> dict[str, Tensor]:
    """The tensors, whose names, shapes and types must be those of `wanted`, and finite.

    halves: numbers with a point may be float16 instead. Raises UnfitError.
    """
    check_header(data)
    try:
        tensors = safetensors.torch.load(data)
    except (SafetensorError, KeyError, ValueError, RuntimeError, OverflowError) as error:
        raise UnfitError(f"is no whole safetensors file ({type(error).__name__})") from None
    missing = [name for name in wanted if name not in tensors]
    unknown = [repr(name[:60]) for name in tensors if name not in wanted]
    if missing or unknown:
        parts = [f"lacks {listed(missing)}"] if missing else []
        parts += [f"has {listed(unknown)}, which it should not"] if unknown else []
        raise UnfitError(" and ".join(parts))
    for name, want in wanted.items():
        check(name, tensors[name], want, halves)
    return tensors


def check_header(data: bytes) -> None:
    """Raise UnfitError where the header is larger, or names more tensors, than is read."""
    length = int.from_bytes(data[:8], "little")
    if length > LARGEST_HEADER:
        raise UnfitError(f"has a header of {length:,} bytes; at most {LARGEST_HEADER:,} are read")
    if len(data) < 8 + length:
        raise UnfitError("was cut short in its header")
    try:
        header = json.loads(data[8 : 8 + length])
    except (ValueError, RecursionError):
        header = None
    if not isinstance(header, dict):
        raise UnfitError("has a header that is no JSON object")
    if len(header) > MOST_TENSORS:
        raise UnfitError(f"names {len(header):,} tensors; at most {MOST_TENSORS:,} are read")


def check(name: str, tensor: Tensor, want: Tensor, halves: bool) -> None:
    if tensor.shape != want.shape:
        have, should = shape(tuple(tensor.shape)), shape(tuple(want.shape))
        raise UnfitError(f"has {name} as {have}, which must be {should}")
    kinds = {want.dtype} | ({torch.float16} if halves and want.is_floating_point() else set())
    if tensor.dtype not in kinds:
        raise UnfitError(f"has {name} as {tensor.dtype}, which must be {want.dtype}")
    if tensor.is_floating_point() and not tensor.isfinite().all():
        raise UnfitError(f"has values in {name} that are not finite")


def listed(names: Iterable[str]) -> str:
    names = list(names)
    more = len(names) - LISTED
    return ", ".join(names[:LISTED]) + (f" and {more} more" if more > 0 else "")


def shape(sizes: tuple[int, ...]) -> str:
    return " x ".join(map(str, sizes)) or "one number"
