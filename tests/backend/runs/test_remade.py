"""Are features that no run keeps made again once, and never taken for others or read by halves?"""

import os
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from backend.runs import remade
from backend.runs.remade import Remade

PARTS = ("images", {"encoder": "sha"}.items())


class Maker:
    """Makes features, each time others, and counts how often."""

    def __init__(self, rows: int = 5) -> None:
        self.rows, self.times = rows, 0

    def __call__(self) -> dict[int, np.ndarray]:
        self.times += 1
        return {n: np.full((self.rows, 3), self.times, np.float32) for n in (1, 2)}


def files(home: Path) -> list[str]:
    return sorted(path.name for path in (home / "cache" / "features").rglob("*.npz"))


def test_features_are_made_once_and_read_back_as_they_were(tmp_path: Path) -> None:
    make = Maker()
    first, second = (Remade(tmp_path).once("run", 3, PARTS, make) for _ in range(2))
    assert make.times == 1
    assert list(second) == [1, 2] and second[1].dtype == np.float32
    assert all((first[n] == second[n]).all() for n in first)


def test_what_follows_from_other_parts_is_made_anew_and_takes_the_place(tmp_path: Path) -> None:
    make, kept = Maker(), Remade(tmp_path)
    kept.once("run", 1, PARTS, make)
    kept.once("run", 10, PARTS, make)
    before = files(tmp_path)
    kept.once("run", 1, ("other images",), make)
    assert make.times == 3 and len(before) == len(files(tmp_path)) == 2
    assert len(set(before) & set(files(tmp_path))) == 1  # that of epoch 10


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[:0],
        lambda content: content[: len(content) // 2],
        lambda content: bytes(len(content)),
        lambda content: content.replace(np.float32(1).tobytes(), np.float32(7).tobytes(), 1),
    ],
)
def test_a_file_that_was_cut_short_or_changed_is_made_anew(
    tmp_path: Path, damage: Callable[[bytes], bytes]
) -> None:
    make, kept = Maker(), Remade(tmp_path)
    kept.once("run", 1, PARTS, make)
    [file] = (tmp_path / "cache" / "features" / "run").glob("*.npz")
    file.write_bytes(damage(file.read_bytes()))
    assert [kept.once("run", 1, PARTS, make)[1][0, 0] for _ in range(2)] == [2, 2]


def test_what_was_used_longest_ago_goes_first(tmp_path: Path) -> None:
    make, kept = Maker(rows=100), Remade(tmp_path, most=7000)  # of about 3000 each
    for age, run in enumerate(("a", "b")):
        kept.once(run, 1, PARTS, make)
        [file] = (tmp_path / "cache" / "features" / run).glob("*.npz")
        os.utime(file, (age, age))
    kept.once("a", 1, PARTS, make)  # is read, so b was used longest ago
    kept.once("c", 1, PARTS, make)
    assert [folder for folder in "abc" if list((kept.path / folder).glob("*.npz"))] == ["a", "c"]
    kept.once("large", 1, PARTS, Maker(rows=1000))
    assert not list((kept.path / "large").glob("*.npz")) and len(files(tmp_path)) == 2


def test_two_that_want_the_same_at_once_make_it_once(tmp_path: Path) -> None:
    make, begun, go_on = Maker(), threading.Event(), threading.Event()

    def slowly() -> dict[int, np.ndarray]:
        begun.set()
        assert go_on.wait(20)
        return make()

    found: list[dict] = []
    both = [
        threading.Thread(target=lambda: found.append(Remade(tmp_path).once("r", 1, PARTS, slowly)))
        for _ in range(2)
    ]
    for thread in both:
        thread.start()
    assert begun.wait(20)
    go_on.set()
    for thread in both:
        thread.join()
    assert make.times == 1 and len(found) == 2


def test_a_cache_that_cannot_be_written_or_waited_for_costs_time_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make = Maker()
    (tmp_path / "cache").write_text("a file where the folder should be")
    assert Remade(tmp_path).once("run", 1, PARTS, make)[1][0, 0] == 1
    monkeypatch.setattr(remade, "PATIENCE", 0.1)
    home = tmp_path / "home"
    with remade.alone(home / "cache" / "features" / "run" / "lock") as mine:
        assert mine
        assert Remade(home).once("run", 1, PARTS, make)[1][0, 0] == 2
    assert files(home) == []


def test_what_was_made_of_a_run_is_forgotten_with_it(tmp_path: Path) -> None:
    make, kept = Maker(), Remade(tmp_path)
    kept.once("run", 1, PARTS, make)
    kept.once("other", 1, PARTS, make)
    kept.forget("run")
    kept.forget("never there")
    assert [folder.name for folder in kept.path.iterdir()] == ["other"]
