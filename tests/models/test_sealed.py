"""Is a folder whole or not there, also after its process was killed between any two steps?"""

import os
from pathlib import Path

import pytest

from models.errors import CheckpointError
from models.sealed import LARGEST_TEXT, Sealed, discard, manifest_of, place, tidy

FIRST, SECOND = ({"state.json": b'{"config": {}, "n": %d}' % n} for n in (1, 2))


def sealed(payload: dict[str, bytes]) -> dict[str, bytes]:
    return payload | {"manifest.json": manifest_of(payload)}


def test_a_folder_is_replaced_whole(tmp_path: Path) -> None:
    for payload, number in ((FIRST, 1), (SECOND, 2)):
        place(tmp_path / "run" / "epoch-0001", sealed(payload))
        assert Sealed(tmp_path / "run" / "epoch-0001").state["n"] == number
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["epoch-0001"]


def test_a_folder_with_the_same_files_is_not_written_again(tmp_path: Path) -> None:
    folder = place(tmp_path / "epoch-0001", sealed(FIRST))
    before = folder.stat().st_ino
    assert place(folder, sealed(FIRST)).stat().st_ino == before
    (folder / "state.json").write_bytes(b"damaged")
    assert Sealed(place(folder, sealed(FIRST))).state["n"] == 1


@pytest.mark.parametrize("number", [1, 2])
def test_a_folder_comes_back_where_its_successor_could_not_take_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    folder, rename, calls = place(tmp_path / "epoch-0001", sealed(FIRST)), os.rename, []

    def failing(*words: object) -> None:
        calls.append(words)
        if len(calls) == number:
            raise OSError("no")
        rename(*words)

    monkeypatch.setattr(os, "rename", failing)
    with pytest.raises(OSError, match="no"):
        place(folder, sealed(SECOND))
    assert Sealed(folder).state["n"] == 1
    assert [path.name for path in tmp_path.iterdir()] == ["epoch-0001"]


def test_what_a_killed_process_left_is_mended(tmp_path: Path) -> None:
    folder = place(tmp_path / "epoch-0001", sealed(FIRST))
    folder.rename(tmp_path / ".epoch-0001.old")  # it was killed between two renames
    for name in (".epoch-0001.new", ".resume-00000007.new", ".resume-00000003.gone"):
        (tmp_path / name).mkdir()
    tidy(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["epoch-0001"]
    discard(Sealed(folder).folder)
    assert list(tmp_path.iterdir()) == []


def test_texts_that_are_too_large_are_not_read(tmp_path: Path) -> None:
    folder = place(tmp_path / "epoch-0001", sealed(FIRST))
    for name in ("state.json", "manifest.json"):
        whole = (folder / name).read_bytes()
        os.truncate(folder / name, LARGEST_TEXT + 1)
        told = f"{name} has 1,048,577 bytes, and at most 1,048,576 are expected"
        with pytest.raises(CheckpointError, match=told):
            Sealed(folder)
        (folder / name).write_bytes(whole)
