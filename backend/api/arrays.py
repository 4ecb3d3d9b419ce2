"""Arrays as Plotly takes them: base64 of little-endian numbers, no parsing of text."""

import base64
from typing import NotRequired

import numpy as np
from typing_extensions import TypedDict

KINDS = {"f4", "i4", "i2", "u1"}


class Array(TypedDict):
    """A typed array; `shape` is "rows,columns" where there are two dimensions."""

    dtype: str
    bdata: str
    shape: NotRequired[str]


def typed(array: np.ndarray) -> Array:
    """An array of float32, int32, int16 or uint8 as the page reads it."""
    kind = f"{array.dtype.kind}{array.dtype.itemsize}"
    if kind not in KINDS:
        raise TypeError(f"{array.dtype} is not one of {sorted(KINDS)}")
    data = np.ascontiguousarray(array, dtype=f"<{kind}" if kind != "u1" else kind)
    encoded = Array(dtype=kind, bdata=base64.b64encode(data).decode())
    if array.ndim == 2:
        encoded["shape"] = ",".join(map(str, array.shape))
    return encoded


def number(value: np.floating) -> float | None:
    """A number as JSON holds it: None where it is none."""
    return float(value) if np.isfinite(value) else None


def numbers(values: np.ndarray) -> list[float | None]:
    return [number(value) for value in values]
