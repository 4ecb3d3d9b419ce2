"""Is a folder of somebody's images read as its owner would expect?"""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from models.data import load
from models.data.dataset import NO_LABEL
from models.errors import DataError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "mine"


def put(folder: Path, *names: str, size: tuple[int, int] = (20, 16), colour: str = "red") -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", size, colour).save(path)


def names_of(dataset, split: str) -> list[str]:
    folder = Path(dataset.spec)
    files = [Path(dataset.files[row]).relative_to(folder) for row in dataset.indices(split)]
    return [file.as_posix() for file in files]


def test_the_first_subfolder_is_the_class(folder, home):
    put(folder, "cat/a.png", "cat/deep/er/b.jpg", "dog/c.webp", "dog/d.jpeg")
    dataset = load(str(folder), home)
    assert dataset.classes == ("cat", "dog")
    assert dataset.images.shape == (4, 3, 96, 96)
    for file, label in zip(dataset.files, dataset.labels, strict=True):
        assert ("cat", "dog")[label] in file
    assert dataset.title == "mine"


def test_a_flat_folder_has_no_classes_and_still_a_test_split(folder, home):
    put(folder, *(f"{number}.png" for number in range(10)))
    dataset = load(str(folder), home)
    assert dataset.classes == ()
    assert (dataset.labels == NO_LABEL).all()
    assert len(dataset.indices("train")) == 8 and len(dataset.indices("test")) == 2


def test_a_fifth_of_each_class_is_for_testing_wherever_the_folder_lies(tmp_path, home):
    names = [f"{word}/{number:03}.png" for word in ("cat", "dog") for number in range(20)]
    put(tmp_path / "here", *names)
    put(tmp_path / "there", *names)
    here, there = (load(str(tmp_path / place), home) for place in ("here", "there"))
    tests = names_of(here, "test")
    assert tests == names_of(there, "test")
    assert [name[:3] for name in tests] == ["cat"] * 4 + ["dog"] * 4
    assert tests != names[:4] + names[20:24], "the choice does not follow the order of names"


def test_two_images_of_a_class_are_one_for_training_and_one_for_testing(folder, home):
    put(folder, "cat/1.png", "cat/2.png", "dog/1.png")
    dataset = load(str(folder), home)
    assert [name[:3] for name in names_of(dataset, "test")] == ["cat"]
    assert [name[:3] for name in names_of(dataset, "train")] == ["cat", "dog"]


@pytest.mark.parametrize("test", ["test", "val"])
def test_train_and_test_subfolders_are_honoured(folder, home, test):
    put(folder, "train/cat/1.png", "train/dog/1.png", "train/dog/2.png", f"{test}/cat/3.png")
    put(folder, "unlabelled/4.png", "unlabelled/some/5.png", "elsewhere/6.png")
    dataset = load(str(folder), home)
    assert dataset.classes == ("cat", "dog")
    assert names_of(dataset, "train") == ["train/cat/1.png", "train/dog/1.png", "train/dog/2.png"]
    assert names_of(dataset, "test") == [f"{test}/cat/3.png"]
    assert names_of(dataset, "unlabelled") == ["unlabelled/4.png", "unlabelled/some/5.png"]
    assert [item.name for item in dataset.skipped] == ["elsewhere/6.png"]
    assert np.shares_memory(dataset.training_images(), dataset.images)
    assert len(dataset.training_images()) == 5


def test_train_and_test_subfolders_may_be_flat(folder, home):
    put(folder, "train/1.png", "train/2.png", "test/3.png")
    dataset = load(str(folder), home)
    assert dataset.classes == ()
    assert len(dataset.indices("train")) == 2 and len(dataset.indices("test")) == 1


def test_a_folder_called_train_alone_is_a_class(folder, home):
    put(folder, "train/1.png", "tram/2.png")
    assert load(str(folder), home).classes == ("train", "tram")


def test_an_image_beside_class_folders_is_for_training_without_a_label(folder, home):
    put(folder, "cat/1.png", "cat/2.png", "stray.png")
    dataset = load(str(folder), home)
    assert names_of(dataset, "unlabelled") == ["stray.png"]
    assert dataset.labels[dataset.indices("unlabelled")].tolist() == [NO_LABEL]


def test_images_are_resized_and_cut_while_the_original_stays_reachable(folder, home):
    image = Image.new("RGB", (300, 200), "red")
    image.paste("blue", (50, 0, 250, 200))
    folder.mkdir()
    image.save(folder / "wide.png")
    dataset = load(str(folder), home)
    assert dataset.images.shape == (1, 3, 96, 96)
    assert (dataset.images[0, 2, :, 1:-1] >= 254).all()
    assert dataset.original(0).size == (300, 200)
    (folder / "wide.png").unlink()
    with pytest.raises(DataError, match=r"original of image 0, .*wide\.png, cannot be opened"):
        dataset.original(0)


def test_files_that_cannot_be_read_are_named_with_the_reason_and_counted(folder, home):
    put(folder, "cat/good.png", "cat/better.png")
    (folder / "cat" / "notes.txt").write_text("a cat")
    (folder / "cat" / "empty.jpg").touch()
    whole = (folder / "cat" / "good.png").read_bytes()
    (folder / "cat" / "half.png").write_bytes(whole[: len(whole) // 2])
    Image.new("RGB", (4, 4)).save(folder / "cat" / "old.gif")
    (folder / "cat" / "lost.png").symlink_to(folder / "nowhere.png")
    dataset = load(str(folder), home)
    assert len(dataset) == 2
    assert {item.name: item.reason for item in dataset.skipped} == {
        "cat/empty.jpg": "is not a PNG, JPEG or WebP image",
        "cat/half.png": "is damaged or cut short",
        "cat/lost.png": "cannot be opened: No such file or directory",
        "cat/notes.txt": "is not a PNG, JPEG or WebP image",
        "cat/old.gif": "is not a PNG, JPEG or WebP image",
    }
    assert load(str(folder), home).skipped == dataset.skipped, "the cache remembers them"


def test_a_folder_without_images_is_no_class(folder, home):
    put(folder, *(f"{number}.png" for number in range(5)))
    (folder / "scripts").mkdir()
    (folder / "scripts" / "rename.py").write_text("print()")
    dataset = load(str(folder), home)
    assert dataset.classes == ()
    assert len(dataset.indices("train")) == 4 and len(dataset.indices("test")) == 1


def test_the_ending_of_a_name_does_not_matter(folder, home):
    put(folder, "photo.png")
    (folder / "photo.png").rename(folder / "photo")
    assert len(load(str(folder), home)) == 1


def test_hidden_files_and_folders_are_passed_over(folder, home):
    put(folder, "cat/1.png", ".trash/2.png", "__MACOSX/cat/3.png")
    (folder / "cat" / ".DS_Store").write_bytes(b"\0")
    dataset = load(str(folder), home)
    assert len(dataset) == 1 and dataset.skipped == ()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes in folders there")
def test_a_pipe_is_not_waited_for(folder, home):
    put(folder, "1.png")
    os.mkfifo(folder / "2.png")
    dataset = load(str(folder), home)
    assert len(dataset) == 1 and [item.name for item in dataset.skipped] == ["2.png"]


def test_links_to_folders_are_followed_and_a_circle_of_them_ends(folder, tmp_path, home):
    put(tmp_path / "store", "1.png", "2.png")
    folder.mkdir()
    (folder / "cat").symlink_to(tmp_path / "store", target_is_directory=True)
    (folder / "round").symlink_to(folder, target_is_directory=True)
    dataset = load(str(folder), home)
    assert dataset.classes == ("cat",) and len(dataset) == 2


def test_strange_names_are_read_too(folder, home):
    put(folder, "Käse & Brot/ä ö.png", "犬/'1'.png", "#1/%20.png")
    assert load(str(folder), home).classes == ("#1", "Käse & Brot", "犬")


@pytest.mark.skipif(os.name == "nt", reason="names are text there")
def test_a_name_that_is_no_text_is_read_as_well(folder, home):
    put(folder, "1.png")
    os.rename(folder / "1.png", os.fsencode(folder) + b"/\xff.png")
    dataset = load(str(folder), home)
    assert len(dataset) == 1
    assert dataset.original(0).size == (20, 16)


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ([], "mine has no images; wanted at least one PNG, JPEG or WebP file"),
        (
            ["a.txt", "b.txt"],
            "none of the 2 files of mine can be read as an image: a.txt is not a",
        ),
    ],
)
def test_a_folder_without_images_is_an_error(folder, home, files, reason):
    folder.mkdir()
    for name in files:
        (folder / name).write_text("text")
    with pytest.raises(DataError, match=reason):
        load(str(folder), home)


def test_a_folder_that_is_missing_or_a_file_says_so(tmp_path, home):
    with pytest.raises(DataError, match="there is no folder .*gone; check the path"):
        load(str(tmp_path / "gone"), home)
    (tmp_path / "letter.txt").touch()
    with pytest.raises(DataError, match="neither a folder of images nor a .npz pack"):
        load(str(tmp_path / "letter.txt"), home)
