"""Is a safetensors file taken only where it is the one that is wanted?"""

import json
import struct

import pytest
import safetensors.torch
import torch

from models.tensors import LARGEST_HEADER, MOST_TENSORS, UnfitError, bytes_of, tensors_of

WANTED = {"weight": torch.zeros(3, 2), "count": torch.zeros((), dtype=torch.int64)}


def test_what_is_wanted_comes_back() -> None:
    given = {"weight": torch.randn(3, 2), "count": torch.tensor(7)}
    found = tensors_of(safetensors.torch.save(given), WANTED)
    assert torch.equal(found["weight"], given["weight"]) and found["count"] == 7
    assert bytes_of(WANTED.values()) == 3 * 2 * 4 + 8


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"weight": torch.zeros(2, 3)}, "has weight as 2 x 3, which must be 3 x 2"),
        ({"weight": torch.zeros(3, 2).double()}, "as torch.float64, which must be torch.float32"),
        ({"weight": torch.zeros(3, 2).half()}, "as torch.float16, which must be torch.float32"),
        ({"count": torch.zeros(())}, "has count as torch.float32, which must be torch.int64"),
        ({"weight": torch.full((3, 2), torch.inf)}, "values in weight that are not finite"),
        ({"more": torch.zeros(1)}, "has 'more', which it should not"),
    ],
)
def test_what_is_not_wanted_is_refused_with_its_name(changes: dict, told: str) -> None:
    with pytest.raises(UnfitError, match=told):
        tensors_of(safetensors.torch.save(WANTED | changes), WANTED)
    with pytest.raises(UnfitError, match="lacks weight"):
        tensors_of(safetensors.torch.save({"count": WANTED["count"]}), WANTED)


def test_only_copies_that_are_shared_may_be_halves() -> None:
    halves = safetensors.torch.save(WANTED | {"weight": torch.ones(3, 2).half()})
    assert tensors_of(halves, WANTED, halves=True)["weight"].dtype == torch.float16


def test_headers_are_read_up_to_a_size_and_a_count() -> None:
    with pytest.raises(UnfitError, match="a header of 1,048,577 bytes; at most 1,048,576"):
        tensors_of(struct.pack("<Q", LARGEST_HEADER + 1) + b" " * (LARGEST_HEADER + 1), WANTED)
    row = {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}
    header = json.dumps({str(number): row for number in range(MOST_TENSORS + 1)}).encode()
    with pytest.raises(UnfitError, match="names 4,097 tensors; at most 4,096 are read"):
        tensors_of(struct.pack("<Q", len(header)) + header, WANTED)
