"""Are files whole or not there, and written where they are and nowhere else?"""

import os
from pathlib import Path

import numpy as np
import pytest

from backend.runs.whole import new_arrays, new_file


@pytest.fixture
def thesis(tmp_path: Path) -> Path:
    """What links in `run` lead to."""
    (tmp_path / "run").mkdir()
    (tmp_path / "thesis.tex").write_text("all of it")
    for name in ("probe-1.npz", "features-1.npy"):
        (tmp_path / "run" / f".{name}.new").symlink_to(tmp_path / "thesis.tex")
    return tmp_path / "thesis.tex"


def test_a_new_file_is_not_written_through_a_link(thesis: Path, tmp_path: Path) -> None:
    path = tmp_path / "run" / "probe-1.npz"
    with new_file(path) as file:
        file.write(b"new")
    assert (path.read_bytes(), thesis.read_text()) == (b"new", "all of it")
    assert not path.is_symlink()


def test_new_arrays_are_not_written_through_a_link(thesis: Path, tmp_path: Path) -> None:
    path = tmp_path / "run" / "features-1.npy"
    with new_arrays({path: (2, 3)}) as arrays:
        arrays[path][1] = 7
    assert thesis.read_text() == "all of it"
    assert np.load(path).tolist() == [[0, 0, 0], [7, 7, 7]]
    assert np.load(path).dtype == np.float32


def test_new_arrays_have_their_room_before_they_are_filled(tmp_path: Path) -> None:
    if not hasattr(os, "posix_fallocate"):
        pytest.skip("this system cannot promise room")
    path = tmp_path / "features-1.npy"
    with new_arrays({path: (1000, 1000)}):
        assert os.stat(tmp_path / ".features-1.npy.new").st_blocks * 512 >= 4_000_000
