"""Is a source decoded once, again when it has changed, and never left half done?"""

import errno
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from models.data import cache, folder, load
from models.errors import DataError
from models.reading import reading


@pytest.fixture
def source(tmp_path: Path) -> Path:
    for number in range(5):
        path = tmp_path / "mine" / "cat" / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (96, 96), (number, 0, 0)).save(path)
    return tmp_path / "mine"


@pytest.fixture
def decodings(monkeypatch) -> list[Path]:
    """Grows by a path each time that a folder is decoded."""
    made = []
    contents = folder.contents
    monkeypatch.setattr(folder, "contents", lambda path: made.append(path) or contents(path))
    return made


def kept(home: Path) -> list[Path]:
    return sorted((home / "cache").iterdir())


def test_a_second_load_decodes_nothing_and_gives_the_same(source, home, decodings):
    first, second = load(str(source), home), load(str(source), home)
    assert len(decodings) == 1
    assert np.array_equal(first.images, second.images)
    assert first.labels.tolist() == second.labels.tolist()
    assert (first.key, first.files, first.classes) == (second.key, second.files, second.classes)


def test_images_are_memory_mapped_and_cannot_be_changed(source, home):
    images = load(str(source), home).images
    assert isinstance(images, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        images[0] = 0


def test_a_change_of_the_source_is_noticed_and_the_old_images_go(source, home, decodings):
    assert len(load(str(source), home)) == 5
    Image.new("RGB", (96, 96)).save(source / "cat" / "new.png")
    assert len(load(str(source), home)) == 6
    Image.new("RGB", (96, 96), "white").save(source / "cat" / "new.png")
    changed = load(str(source), home)
    row = [Path(file).name for file in changed.files].index("new.png")
    assert (changed.images[row] == 255).all()
    assert len(decodings) == 3
    (only,) = kept(home)
    assert only.name.startswith(changed.key)


@pytest.mark.parametrize("name", ["images.npy", "labels.npy", "split.npy", "about.json"])
@pytest.mark.parametrize("left", [0, 0.5, None], ids=["emptied", "cut short", "removed"])
def test_a_damaged_cache_is_made_again(source, home, decodings, name, left):
    load(str(source), home)
    file = kept(home)[0] / name
    whole = file.read_bytes()
    file.write_bytes(whole[: int((left or 0) * len(whole))])
    if left is None:
        file.unlink()
    assert np.sort(load(str(source), home).images[:, 0, 0, 0]).tolist() == [0, 1, 2, 3, 4]
    assert len(decodings) == 2


def test_a_form_of_an_earlier_saccade_is_not_read(source, home, decodings, monkeypatch):
    load(str(source), home)
    monkeypatch.setattr(cache, "FORM", "next")
    load(str(source), home)
    assert len(decodings) == 2


def test_a_full_disk_is_one_sentence_and_leaves_nothing(source, home, monkeypatch):
    def full(*words):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(cache, "write", full)
    with pytest.raises(DataError, match=r"No space left on device; make room .* --home") as error:
        load(str(source), home)
    assert "mine could not be decoded" in str(error.value)
    assert "/" not in str(error.value)
    assert kept(home) == []


def test_a_home_that_cannot_be_written_is_one_sentence(source, tmp_path):
    (tmp_path / "home").write_text("a file")
    with pytest.raises(DataError, match="could not be decoded into") as error:
        load(str(source), tmp_path / "home")
    assert str(tmp_path) not in str(error.value)


def test_a_cache_that_cannot_be_read_back_names_no_folder_above_it(source, home, monkeypatch):
    monkeypatch.setattr(cache, "opened", lambda *_: None)
    with pytest.raises(DataError, match="cannot be read back.*load mine again") as error:
        load(str(source), home)
    assert "/" not in str(error.value)


def test_what_a_killed_process_left_is_swept_away_when_it_is_old(source, home):
    for name in (".making-old", ".making-new"):
        (home / "cache" / name).mkdir(parents=True)
    os.utime(home / "cache" / ".making-old", (0, 0))
    load(str(source), home)
    assert [path.name for path in kept(home)][0] == ".making-new"
    assert len(kept(home)) == 2


def test_several_at_once_all_get_the_images(source, home):
    with ThreadPoolExecutor(4) as threads:
        loaded = list(threads.map(lambda _: load(str(source), home), range(8)))
    for dataset in loaded:
        assert np.sort(dataset.images[:, 0, 0, 0]).tolist() == [0, 1, 2, 3, 4]
    assert len(kept(home)) == 1


def test_images_are_read_while_no_other_array_is(source, home):
    load(str(source), home)
    with ThreadPoolExecutor(1) as pool:
        with reading:
            waits = pool.submit(load, str(source), home)
            with pytest.raises(TimeoutError):
                waits.result(0.2)
        assert len(waits.result(20).images)


def test_the_cache_is_plain_arrays_and_json(source, home):
    dataset = load(str(source), home)
    (made,) = kept(home)
    code = "import sys, numpy; print(*numpy.load(sys.argv[1], allow_pickle=False).shape)"
    done = subprocess.run(
        [sys.executable, "-c", code, made / "images.npy"], capture_output=True, text=True
    )
    assert done.stdout.split() == ["5", "3", "96", "96"], done.stderr
    assert json.loads((made / "about.json").read_text())["files"] == list(dataset.files)
