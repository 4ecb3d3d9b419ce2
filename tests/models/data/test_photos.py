"""Is the built-in data set as described: ten photographs, two scales, no pixel in both splits?"""

from itertools import islice
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from models.data import available, load, photos
from models.data.dataset import TEST, TRAIN
from models.errors import DataError

NOWHERE = Path("unused")


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    return load("photos", tmp_path_factory.mktemp("home"))


def test_ten_photographs_give_two_hundred_and_eighty_crops_each(dataset):
    assert dataset.images.shape == (2800, 3, 96, 96)
    assert dataset.images.dtype == np.uint8
    assert len(dataset.classes) == 10
    for split, crops in (("train", 200), ("test", 80), ("unlabelled", 0)):
        labels = dataset.labels[dataset.indices(split)]
        assert np.bincount(labels, minlength=10).tolist() == [crops] * 10


def test_training_sees_the_training_crops_alone_without_copying_them(dataset):
    seen = dataset.training_images()
    assert np.array_equal(seen, dataset.images[dataset.indices("train")])
    assert np.shares_memory(seen, dataset.images)


def test_no_pixel_of_a_photograph_is_in_a_training_and_a_test_crop(monkeypatch, tmp_path):
    """The test strip is painted red, the rest blue: a crop with any other colour would show it."""
    for width, height in ((451, 300), (512, 512), (1000, 872)):
        image = Image.new("RGB", (width, height), "blue")
        left, right = (round(part * width) for part in photos.STRIP)
        image.paste("red", (left, 0, right, height))
        image.save(tmp_path / f"{width}.png")
    painted = [SimpleNamespace(word=path.stem, path=path) for path in tmp_path.glob("*.png")]
    monkeypatch.setattr(photos, "PHOTOGRAPHS", painted)
    seen = {TRAIN: set(), TEST: set()}
    for picture in photos.pictures(seed=3):
        seen[picture.split] |= set(map(tuple, picture.pixels.reshape(3, -1).T[::17].tolist()))
    assert seen == {TRAIN: {(0, 0, 255)}, TEST: {(255, 0, 0)}}


@pytest.mark.parametrize("photograph", photos.PHOTOGRAPHS, ids=lambda row: row.word)
def test_every_crop_lies_inside_its_photograph_at_one_of_two_scales(photograph):
    with Image.open(photograph.path) as image:
        width, height = image.size
    taken = np.zeros((2, height, width), bool)
    for split in (TRAIN, TEST):
        sides = set()
        for box in photos.boxes(split, width, height, np.random.default_rng(split)):
            left, top, right, bottom = box
            assert 0 <= left < right <= width and 0 <= top < bottom <= height
            assert right - left == bottom - top
            sides.add(right - left)
            taken[split, top:bottom, left:right] = True
        assert sides == set(photos.SCALES)
    assert not (taken[TRAIN] & taken[TEST]).any()
    assert taken.any(0).mean() > 0.8, "the crops should cover the photograph"


def test_a_seed_gives_the_same_crops_and_another_seed_others():
    def first(seed: int) -> np.ndarray:
        crops = islice(photos.contents(NOWHERE, seed).pictures, 5)
        return np.stack([picture.pixels for picture in crops])

    assert np.array_equal(first(0), first(0))
    assert not np.array_equal(first(0), first(1))


def test_a_grey_photograph_has_three_equal_channels(dataset):
    grass = dataset.images[dataset.labels == dataset.classes.index("grass")]
    assert (grass[:, 0] == grass[:, 1]).all() and (grass[:, 0] == grass[:, 2]).all()
    cat = dataset.images[dataset.labels == dataset.classes.index("cat")]
    assert (cat[:, 0] != cat[:, 2]).any()


def test_a_photograph_that_is_not_installed_is_named(monkeypatch, home):
    assert available("photos", home) is None
    gone = photos.Photograph("yeti", "skimage", "data/yeti.png", "none")
    monkeypatch.setattr(photos, "PHOTOGRAPHS", (*photos.PHOTOGRAPHS, gone))
    assert "yeti.png" in available("photos", home)
    with pytest.raises(DataError, match=r"yeti\.png of skimage is not installed; install"):
        load("photos", home)


def test_the_licence_names_every_photograph(dataset):
    for word in dataset.classes:
        assert word in dataset.licence
