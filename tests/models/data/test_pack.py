"""Does a pack give back the very pixels, and does one that is none say what is wrong with it?"""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from models.data import load
from models.data.pack import write_pack
from models.errors import DataError

RNG = np.random.default_rng(0)
PIXELS = RNG.integers(0, 256, (5, 20, 24, 3), dtype=np.uint8)


def webp(pixels: np.ndarray) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "WEBP", lossless=True)
    return stream.getvalue()


def arrays(**others) -> dict[str, np.ndarray]:
    """A right pack of five images of 24x20 pixels, with some arrays exchanged or left out."""
    encoded = [webp(pixels) for pixels in PIXELS]
    right = {
        "data": np.frombuffer(b"".join(encoded), np.uint8),
        "offsets": np.cumsum([0, *map(len, encoded)], dtype=np.int64),
        "labels": np.array([0, 1, 0, 1, -1], np.int8),
        "split": np.array([0, 0, 1, 1, 2], np.uint8),
        "class_names": np.array(["cat", "dog"]),
    }
    return {name: value for name, value in (right | others).items() if value is not None}


@pytest.fixture
def pack(tmp_path: Path):
    def save(**others) -> Path:
        path = tmp_path / "animals.npz"
        np.savez(path, **arrays(**others))
        return path

    return save


def refusal(path: Path, home: Path) -> str:
    with pytest.raises(DataError) as error:
        load(str(path), home)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_a_pack_gives_images_labels_splits_and_classes_in_its_own_order(pack, home):
    dataset = load(str(pack()), home)
    assert np.array_equal(dataset.images, PIXELS.transpose(0, 3, 1, 2))
    assert dataset.labels.tolist() == [0, 1, 0, 1, -1] and dataset.labels.dtype == np.int16
    assert [dataset.indices(split).tolist() for split in ("train", "test", "unlabelled")] == [
        [0, 1],
        [2, 3],
        [4],
    ]
    assert dataset.classes == ("cat", "dog")
    assert dataset.title == "animals"
    assert "not stated" in dataset.licence


def test_training_images_leave_the_test_images_out_wherever_they_lie(pack, home):
    dataset = load(str(pack()), home)
    assert np.array_equal(dataset.training_images(), dataset.images[[0, 1, 4]])


def test_a_pack_may_bring_title_and_licence_and_other_arrays(pack, home):
    path = pack(title=np.array("Pets\nof 2020"), licence=np.array("CC0"), folds=np.arange(3))
    dataset = load(str(path), home)
    assert (dataset.title, dataset.licence) == ("Pets of 2020", "CC0")


def test_the_images_of_a_pack_are_shown_as_they_are(pack, home):
    dataset = load(str(pack()), home)
    assert np.array_equal(np.asarray(dataset.original(3)), PIXELS[3])
    with pytest.raises(DataError, match="has no image 5; its images are 0 to 4"):
        dataset.original(5)


@pytest.mark.parametrize(
    ("others", "reason"),
    [
        ({"data": None}, "the array 'data' is missing"),
        ({"class_names": None}, "the array 'class_names' is missing"),
        ({"labels": np.zeros(4, np.int8)}, "'labels' has 4 entries for 5 images"),
        ({"split": np.zeros(6, np.uint8)}, "'split' has 6 entries for 5 images"),
        ({"labels": np.full(5, 2)}, "'labels' run from 2 to 2 for 2 classes"),
        ({"labels": np.full(5, -2)}, "'labels' run from -2 to -2"),
        ({"labels": np.zeros(5)}, "'labels' holds float64 instead of whole numbers"),
        ({"labels": np.zeros((5, 1), int)}, "'labels' has 2 dimensions"),
        ({"split": np.full(5, 3)}, "'split' has values other than 0 to 2"),
        ({"offsets": np.zeros(1, int)}, "it holds no images"),
        ({"offsets": np.arange(6) * 10**9}, "'offsets' do not rise from 0"),
        ({"offsets": np.array([0, 40, 20, 60, 80, 100])}, "'offsets' do not rise from 0"),
        ({"data": np.zeros(10, np.int32)}, "'data' holds int32 instead of uint8"),
        ({"class_names": np.array([1, 2])}, "'class_names' holds int64 instead of text"),
        ({"class_names": np.array(["a", None])}, "damaged or holds Python objects"),
    ],
)
def test_a_pack_with_a_wrong_array_is_refused_with_the_reason(pack, home, others, reason):
    path = pack(**others)
    message = refusal(path, home)
    assert message.startswith(f"{path} is not a pack of images: ")
    assert reason in message
    assert message.endswith("saccade data pack FOLDER OUT.npz")
    assert not list((home / "cache").glob("*")), "nothing is left of a pack that is refused"


def test_an_image_that_cannot_be_read_is_named(pack, home):
    right = arrays()
    data = right["data"].copy()
    data[right["offsets"][2] : right["offsets"][3]] = 0
    message = refusal(pack(data=data), home)
    assert "its image 2 is not a PNG, JPEG or WebP image" in message
    assert not list((home / "cache").glob("*"))


def test_images_of_different_sizes_are_refused(pack, home):
    other = webp(PIXELS[0, :10])
    encoded = [webp(PIXELS[0]), other, other, other, other]
    message = refusal(
        pack(
            data=np.frombuffer(b"".join(encoded), np.uint8),
            offsets=np.cumsum([0, *map(len, encoded)]),
        ),
        home,
    )
    assert "image 1 is 24x10, image 0 24x20 pixels" in message


@pytest.mark.parametrize("part", [0.2, 0.6, 0.99])
def test_a_pack_cut_short_is_refused(pack, home, part):
    path = pack()
    whole = path.read_bytes()
    path.write_bytes(whole[: int(part * len(whole))])
    assert "is not a pack of images" in refusal(path, home)


def test_bytes_changed_in_a_pack_are_noticed(pack, home):
    path = pack()
    whole = bytearray(path.read_bytes())
    middle = len(whole) // 2
    whole[middle] ^= 255
    path.write_bytes(whole)
    assert "damaged or was cut short" in refusal(path, home)


def test_a_file_that_is_no_archive_or_holds_no_arrays_is_refused(tmp_path, home):
    path = tmp_path / "letter.npz"
    path.write_text("Dear Sir")
    assert "it is no .npz archive" in refusal(path, home)
    with zipfile.ZipFile(path, "w") as archive:
        for name in arrays():
            archive.writestr(name, "text")
    assert "'data' is no array" in refusal(path, home)


def test_a_missing_pack_says_so(tmp_path, home):
    message = refusal(tmp_path / "gone.npz", home)
    assert message.startswith(f"there is no pack {tmp_path / 'gone.npz'}; check the path")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("cat/1.png", "cat/2.png", "dog/1.png", "dog/2.png", "dog/3.png"):
        path = tmp_path / "pets" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = RNG.integers(0, 256, (100, 130, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(path)
    (tmp_path / "pets" / "notes.txt").write_text("two cats, three dogs")
    return tmp_path / "pets"


def test_a_folder_and_its_pack_are_the_same_data_set(folder, tmp_path, home):
    out = tmp_path / "pets.npz"
    made = write_pack(folder, out)
    assert (made.images, made.columns, made.remarks) == (5, (), ())
    assert [item.name for item in made.skipped] == ["notes.txt"]
    of_folder, of_pack = load(str(folder), home), load(str(out), home)
    assert np.array_equal(of_folder.images, of_pack.images)
    assert np.array_equal(of_folder.labels, of_pack.labels)
    assert np.array_equal(of_folder.split, of_pack.split)
    assert of_folder.classes == of_pack.classes == ("cat", "dog")
    assert of_pack.title == "pets"
    assert sorted(path.name for path in tmp_path.iterdir() if path != home) == ["pets", "pets.npz"]


@pytest.mark.parametrize(
    ("source", "out", "reason"),
    [
        ("pets", "pets.zip", "a pack ends in .npz"),
        ("pets", "gone/pets.npz", "there is no folder"),
        ("pets", "taken.npz", "exists already; remove it or give another name"),
        ("nobody", "pets.npz", "there is no folder"),
        ("empty", "pets.npz", "empty has no images"),
    ],
)
def test_a_pack_that_cannot_be_made_says_why(folder, tmp_path, source, out, reason):
    (tmp_path / "taken.npz").write_text("precious")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=reason):
        write_pack(tmp_path / source, tmp_path / out)
    assert (tmp_path / "taken.npz").read_text() == "precious"
    assert not (tmp_path / "pets.npz").exists()


def test_the_shared_lossless_pack_is_read_pixel_by_pixel(shared, home):
    dataset = load(str(shared / "stl10-mini-200-lossless.npz"), home)
    assert dataset.images.shape == (200, 3, 96, 96)
    assert len(dataset.indices("train")) == 120 and len(dataset.indices("test")) == 80
    assert dataset.classes[0] == "airplane" and dataset.classes[9] == "truck"
    assert np.bincount(dataset.labels).tolist() == [20] * 10
    with np.load(shared / "stl10-mini-200-lossless.npz") as archive:
        start, end = archive["offsets"][7:9]
        with Image.open(io.BytesIO(archive["data"][start:end])) as image:
            assert np.array_equal(np.asarray(image).transpose(2, 0, 1), dataset.images[7])
