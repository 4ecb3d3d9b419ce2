"""Many JSON replies of one shape as columns: what differs is stored, numbers as bytes.

A block is the length of its head (uint32), the head as JSON, and the bytes that the head points
into. The head is a tree of nodes; `frontend/columns.js` reads a reply back from it, equal to what
was put in, encoded arrays as typed ones.

    {"c": value}                         the same in every row
    {"j": [value, ...]}                  as JSON
    {"d": dtype, "at": byte, "n": count} numbers; NaN stands for null
    {"o": {key: node}}                   objects
    {"l": node, "i": node}               lists: lengths, and all items one after the other
    {"l": node, "i": node, "a": dtype}   arrays: the same, of numbers
    {"l": node, "i": node, "s": node, "z": node}   float32 arrays = z + s * level
"""

import base64
import json
from itertools import chain
from typing import Any

import numpy as np

DTYPES = {"u1": "<u1", "i2": "<i2", "i4": "<i4", "f4": "<f4", "f8": "<f8"}
STEP = 8  # bytes; every array begins at a multiple of it
Node = dict[str, Any]


def packed(replies: list[Any]) -> bytes:
    """The block of a list of replies, one a row."""
    body = Body()
    head = json.dumps(body.node(replies), separators=(",", ":"), allow_nan=False).encode()
    head += b" " * (-(len(head) + 4) % STEP)
    return len(head).to_bytes(4, "little") + head + b"".join(body.parts)


class Body:
    """The bytes of a block, as they are filled."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self.size = 0

    def put(self, array: np.ndarray, kind: str) -> Node:
        data = np.ascontiguousarray(array, DTYPES[kind]).tobytes()
        node = {"d": kind, "at": self.size, "n": int(array.size)}
        data += bytes(-len(data) % STEP)
        self.parts.append(data)
        self.size += len(data)
        return node

    def node(self, values: list[Any]) -> Node:
        if not values:
            return {"j": []}
        first = values[0]
        told = repr(first)  # which tells True from 1, as == does not
        if all(value == first and repr(value) == told for value in values[1:]):
            return {"c": first}
        kinds = {type(value) for value in values}
        if kinds == {dict}:
            return self.objects(values)
        if kinds == {list}:
            lengths = self.node([len(value) for value in values])
            return {"l": lengths, "i": self.node(list(chain.from_iterable(values)))}
        if kinds <= {int, float, type(None)} and kinds != {type(None)}:
            return self.numbers(values)
        return {"j": values}

    def objects(self, values: list[dict]) -> Node:
        keys = values[0].keys()
        if any(value.keys() != keys for value in values):
            return {"j": values}
        if {"dtype", "bdata"} <= keys:
            return self.arrays(values)
        return {"o": {key: self.node([value[key] for value in values]) for key in keys}}

    def numbers(self, values: list[int | float | None]) -> Node:
        exact = np.array([np.nan if value is None else value for value in values], np.float64)
        if not all(value is None or float(value) == value for value in values):
            return {"j": values}  # whole numbers that no float64 holds
        return self.put(exact, smallest(exact))

    def arrays(self, values: list[dict]) -> Node:
        kind = values[0]["dtype"]
        if any(value["dtype"] != kind for value in values):
            return {"j": values}
        rows = [np.frombuffer(base64.b64decode(value["bdata"]), DTYPES[kind]) for value in values]
        lengths = self.node([int(row.size) for row in rows])
        found = [levels(row) for row in rows] if kind == "f4" else [None]
        if all(row is not None for row in found):
            level, scale, offset = zip(*found, strict=True)
            return {
                "l": lengths,
                "i": self.put(np.concatenate(level), "u1"),
                "s": self.put(np.array(scale), "f4"),
                "z": self.put(np.array(offset), "f4"),
            }
        return {"l": lengths, "i": self.put(np.concatenate(rows), kind), "a": kind}


def smallest(values: np.ndarray) -> str:
    """The smallest dtype that holds all of a float64 array."""
    for kind in ("u1", "i2", "i4"):
        bounds = np.iinfo(DTYPES[kind])
        within = (values >= bounds.min) & (values <= bounds.max) & (values == np.floor(values))
        if within.all():
            return kind
    with np.errstate(over="ignore"):
        return "f4" if np.array_equal(values.astype("f4"), values, equal_nan=True) else "f8"


def levels(row: np.ndarray) -> tuple[np.ndarray, np.float32, np.float32] | None:
    """Levels, scale and offset that give a float32 row back bit by bit, or None.

    Responses are stored in 256 levels, so each is found from the least and the greatest.
    """
    if not row.size or not np.isfinite(row).all():
        return None
    least, most = row.min(), row.max()
    scale = np.float32((most - least) / 255)
    below = np.nextafter(scale, np.float32(0))
    for guess in (scale, below, np.nextafter(scale, np.float32(np.inf))):
        if guess <= 0:
            continue
        level = np.clip(np.rint((row - least) / guess), 0, 255).astype(np.uint8)
        if np.array_equal((least + guess * level).astype(np.float32), row):
            return level, guess, least
    return (np.zeros(row.size, np.uint8), np.float32(0), least) if least == most else None
