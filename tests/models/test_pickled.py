"""Does reading a file of torch.save give back its tensors, and never run what it asks to call?"""

import os
import sys
import time
from pathlib import Path

import pytest
import torch

from models import pickled
from models.errors import CheckpointError
from models.pickled import read, tensors_of


class Calls:
    """Unpickled in the ordinary way, it makes a file."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self):
        return os.mkdir, (str(self.mark),)


def save(value: object, path: Path, old: bool = True) -> Path:
    """old: in the form of the PyTorch that the published code was written for."""
    torch.save(value, path, _use_new_zipfile_serialization=not old)
    return path


@pytest.mark.parametrize("old", [True, False])
def test_tensors_come_back_bit_for_bit_also_where_they_share_their_memory(tmp_path, old):
    a = torch.randn(4, 3)
    held = {"a": a, "again": a, "turned": a.T, "row": a[1], "one": torch.tensor(2.0)}
    other = {"b": torch.arange(3, dtype=torch.int64)}
    files = [save(held, tmp_path / "a.ckpt", old), save(other, tmp_path / "b.ckpt", old)]
    first, second = tensors_of(files)
    assert first.keys() == held.keys() and all(torch.equal(first[n], held[n]) for n in held)
    assert torch.equal(second["b"], other["b"])


@pytest.mark.parametrize("old", [True, False])
def test_a_file_that_calls_code_is_refused_and_the_code_is_not_run(tmp_path, old):
    mark = tmp_path / "called"
    good = save({"a": torch.zeros(2)}, tmp_path / "good.ckpt")
    evil = save({"a": torch.zeros(2), "b": Calls(mark)}, tmp_path / "evil.ckpt", old)
    with pytest.raises(CheckpointError) as told:
        tensors_of([good, evil])
    name = f"{os.mkdir.__module__}.mkdir"
    assert str(told.value).startswith(f"{evil} asks to call {name}, ")
    assert "nothing of it was run" in str(told.value) and "\n" not in str(told.value)
    assert not mark.exists()
    torch.load(evil, weights_only=False)
    assert mark.exists()  # so the file would have done it


@pytest.mark.parametrize("old", [True, False])
@pytest.mark.parametrize("kept", [0.0, 0.02, 0.5, 0.99])
def test_a_file_that_is_cut_off_is_told_as_damaged(tmp_path, old, kept):
    file = save({"a": torch.randn(300)}, tmp_path / "a.ckpt", old)
    data = file.read_bytes()
    file.write_bytes(data[: int(kept * len(data))])
    with pytest.raises(CheckpointError, match="^is damaged, cut off, or no file that torch.save"):
        read(file)


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (torch.zeros(2), "holds Tensor and no tensors by name"),
        ({}, "holds dict and no tensors by name"),
        ({"state": {"a": torch.zeros(2)}}, "holds 'state', which is no tensor"),
        ({"a": torch.zeros(2), 3: torch.zeros(2)}, "holds '3', which is no tensor"),
        ({"a\x1b[2J": torch.zeros(2)}, r"holds 'a\\x1b\[2J', which is no name of a tensor"),
        ({"a" * 201: torch.zeros(2)}, "which is no name of a tensor"),
        ({"a": torch.eye(3).to_sparse()}, "holds 'a', which is no plain array"),
        ({"a": torch.zeros(3, device="meta")}, "holds 'a', which is no plain array"),
        ({"a": torch.zeros(1).expand(2**30)}, "holds 4.0 GiB once unpacked; at most 2 are read"),
    ],
)
def test_what_is_no_dict_of_plain_tensors_is_refused(tmp_path, value, told):
    with pytest.raises(CheckpointError, match=told):
        read(save(value, tmp_path / "a.ckpt"))


def test_too_many_tensors_and_too_many_bytes_are_refused(tmp_path, monkeypatch):
    file = save({str(n): torch.zeros(2) for n in range(9)}, tmp_path / "a.ckpt", old=False)
    monkeypatch.setattr(pickled, "MOST", 8)
    with pytest.raises(CheckpointError, match="holds 9 tensors; at most 8 are read"):
        read(file)
    monkeypatch.setattr(pickled, "LARGEST", 100)
    with pytest.raises(CheckpointError, match="once unpacked"):
        read(file)
    with pytest.raises(CheckpointError, match=f"^{file} and what belongs to it have"):
        tensors_of([file])


def test_a_reader_that_takes_too_long_or_falls_is_told_in_one_sentence(tmp_path, monkeypatch):
    file = save({"a": torch.zeros(2)}, tmp_path / "a.ckpt")
    before = time.monotonic()
    with pytest.raises(CheckpointError, match=r"could not be read within 0\.05 s"):
        tensors_of([file], patience=0.05)
    assert time.monotonic() - before < 30
    script = tmp_path / "falls"
    script.write_text("#!/bin/sh\nkill -9 $$\n")
    script.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(script))
    with pytest.raises(CheckpointError, match="the process that reads it ended with -9"):
        tensors_of([file])
