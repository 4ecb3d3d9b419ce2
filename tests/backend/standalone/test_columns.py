"""Does a block give every reply back as it was put in?"""

import base64
import json
from typing import Any

import numpy as np
import pytest

from backend.api.arrays import typed
from backend.standalone.columns import DTYPES, levels, packed


def unpacked(block: bytes, rows: int) -> list[Any]:
    """What frontend/columns.js reads, written anew; arrays as lists."""
    begin = 4 + int.from_bytes(block[:4], "little")
    assert begin % 8 == 0

    def numbers(node: dict) -> np.ndarray:
        return np.frombuffer(block, DTYPES[node["d"]], node["n"], begin + node["at"])

    def value(node: dict, row: int) -> Any:
        if "c" in node:
            return node["c"]
        if "j" in node:
            return node["j"][row]
        if "o" in node:
            return {key: value(inner, row) for key, inner in node["o"].items()}
        if "l" in node:
            counts = [value(node["l"], i) for i in range(row + 1)]
            items = slice(int(sum(counts[:-1])), int(sum(counts)))
            if "a" in node:
                return numbers(node["i"])[items].tolist()
            if "s" in node:
                scale, offset = numbers(node["s"])[row], numbers(node["z"])[row]
                return (offset + scale * numbers(node["i"])[items]).tolist()
            return [value(node["i"], i) for i in range(items.start, items.stop)]
        number = numbers(node)[row]
        return None if np.isnan(number) else number.item()

    head = json.loads(block[4:begin])
    return [value(head, row) for row in range(rows)]


def plain(value: Any) -> Any:
    """A reply with its encoded arrays as lists."""
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict) and "bdata" in value:
        raw = base64.b64decode(value["bdata"])
        return np.frombuffer(raw, DTYPES[value["dtype"]]).tolist()
    return {k: plain(v) for k, v in value.items()} if isinstance(value, dict) else value


@pytest.mark.parametrize(
    "replies",
    [
        [{"a": 1, "b": "same"}, {"a": 300, "b": "same"}],
        [{"a": None}, {"a": 0.1}, {"a": 2}],
        [{"a": [1, 2, 3]}, {"a": []}, {"a": [70_000]}],
        [{"a": [{"b": 0.5, "c": "x"}]}, {"a": [{"b": 0.25, "c": "y"}] * 2}],
        [{"a": 1}, {"b": 1}],
        [{"a": True}, {"a": False}, {"a": None}],
        [{"a": True}, {"a": 1}],
        [{"a": {"b": None}}, {"a": None}],
        [2**70 + 1, 3],
        [{"a": 1}],
        [None, None],
    ],
    ids=str,
)
def test_what_is_packed_comes_back(replies: list[Any]) -> None:
    found = unpacked(packed(replies), len(replies))
    as_read = [json.dumps(json.loads(json.dumps(v), parse_int=float)) for v in (found, replies)]
    assert as_read[0] == as_read[1]


def test_arrays_come_back_bit_by_bit() -> None:
    draw = np.random.default_rng(0)
    replies = [
        {
            "noise": typed(draw.normal(size=n).astype(np.float32)),
            "ids": typed(np.arange(n, dtype=np.int32)),
            "two": typed(np.zeros((n, 2), np.float32)),
        }
        for n in (5, 0, 3)
    ]
    assert unpacked(packed(replies), 3) == plain(replies)


def test_responses_in_256_levels_take_a_byte_each_and_come_back_bit_by_bit() -> None:
    draw = np.random.default_rng(1)
    replies, step = [], draw.uniform(1e-4, 3, 40).astype(np.float32)
    for scale in step:
        level = np.concatenate([[0, 255], draw.integers(0, 256, 700)]).astype(np.uint8)
        row = (np.float32(draw.normal()) + scale * level).astype(np.float32)
        replies.append({"responses": typed(row)})
    replies.append({"responses": typed(np.full(702, 0.5, np.float32))})
    block = packed(replies)
    assert unpacked(block, len(replies)) == plain(replies)
    assert len(block) < 1.05 * len(replies) * 702


def test_what_is_in_no_levels_is_told_so() -> None:
    assert levels(np.random.default_rng(0).normal(size=900).astype(np.float32)) is None
    assert levels(np.array([np.nan, 1], np.float32)) is None
