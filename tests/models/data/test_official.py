"""Are STL-10, CIFAR-10 and Imagenette read from their official layout, and fetched whole?

The files are small ones in the official layout. Their MD5 sums take the place of the official
ones, so that every check runs.
"""

import functools
import hashlib
import http.server
import pickle
import tarfile
import threading
import warnings
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from models.data import archive, available, download, imagenette, load
from models.data.torchvision_import import torchvision_datasets
from models.errors import DataError

RNG = np.random.default_rng(0)
STL10 = {"train": 4, "unlabeled": 6, "test": 3}


def md5(path: Path) -> str:
    return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()


def relist(files: list[list[str]], folder: Path) -> list[list[str]]:
    return [[name, md5(folder / name)] for name, _ in files if (folder / name).is_file()]


@pytest.fixture
def stl10(tmp_path, monkeypatch):
    """ROOT/stl10_binary, and the pixels that it holds: {split: [n, 3, 96, 96]}."""
    folder = tmp_path / "root" / "stl10_binary"
    folder.mkdir(parents=True)
    pixels = {}
    for name, n in STL10.items():
        pixels[name] = RNG.integers(0, 256, (n, 3, 96, 96), dtype=np.uint8)
        pixels[name].transpose(0, 1, 3, 2).tofile(folder / f"{name}_X.bin")  # columns first
        if name != "unlabeled":
            np.arange(1, n + 1, dtype=np.uint8).tofile(folder / f"{name}_y.bin")
    official = torchvision_datasets().STL10
    for files in ("train_list", "test_list"):
        monkeypatch.setattr(official, files, relist(getattr(official, files), folder))
    return folder.parent, pixels


def test_stl10_is_read_with_its_unlabelled_images(stl10, home):
    root, pixels = stl10
    dataset = load(f"stl10:{root}", home)
    assert dataset.title == "STL-10" and dataset.classes[0] == "airplane"
    for name, split in (("train", "train"), ("unlabeled", "unlabelled"), ("test", "test")):
        assert np.array_equal(dataset.images[dataset.indices(split)], pixels[name])
    assert dataset.labels.tolist() == [0, 1, 2, 3] + [-1] * 6 + [0, 1, 2]
    seen = dataset.training_images()
    assert len(seen) == 10 and np.shares_memory(seen, dataset.images)


def test_stl10_without_the_unlabelled_file_is_read_from_either_folder(stl10, home):
    root, pixels = stl10
    (root / "stl10_binary" / "unlabeled_X.bin").unlink()
    for place in (root, root / "stl10_binary"):
        dataset = load(f"stl10:{place}", home)
        assert len(dataset) == 7 and len(dataset.indices("unlabelled")) == 0
    assert available("stl10", home) is not None, "a root elsewhere is not Saccade's own place"


def test_the_labelled_images_of_stl10_are_a_data_set_of_the_same_files(stl10, home):
    root, pixels = stl10
    (home / "data").mkdir(parents=True)
    (home / "data" / "stl10").symlink_to(root)
    assert available("stl10-labelled", home) is None
    for spec in ("stl10-labelled", f"stl10-labelled:{root}"):
        dataset = load(spec, home)
        for split in ("train", "test"):
            assert np.array_equal(dataset.images[dataset.indices(split)], pixels[split])
        assert dataset.labels.tolist() == [0, 1, 2, 3, 0, 1, 2]
        assert np.array_equal(dataset.training_images(), pixels["train"])
    assert len(load("stl10", home)) == 13, "the two do not share what was decoded"
    (root / "stl10_binary" / "train_X.bin").write_bytes(b"other")
    with pytest.raises(DataError, match="train_X.bin is not the official file"):
        load("stl10-labelled", home)


def test_a_changed_file_of_stl10_is_refused(stl10, home):
    root, _ = stl10
    file = root / "stl10_binary" / "test_X.bin"
    file.write_bytes(file.read_bytes()[:-1] + b"\0")
    with pytest.raises(DataError, match=r"test_X\.bin is not the official file of STL-10"):
        load(f"stl10:{root}", home)


class OldArray:
    """What reading an array from a pickle of 2009 does in some versions of NumPy: it warns."""

    def __reduce__(self):
        return warnings.warn, ("align=0", np.exceptions.VisibleDeprecationWarning)


@pytest.fixture
def cifar10(tmp_path, monkeypatch):
    """ROOT/cifar-10-batches-py with two images a file, and the pixels [12, 3, 32, 32]."""
    folder = tmp_path / "root" / "cifar-10-batches-py"
    folder.mkdir(parents=True)
    official = torchvision_datasets().CIFAR10
    pixels = RNG.integers(0, 256, (12, 3, 32, 32), dtype=np.uint8)
    for number, (name, _) in enumerate(official.train_list + official.test_list):
        part = pixels[2 * number : 2 * number + 2].reshape(2, -1)
        entry = {"data": part, "labels": [number, 9], "old": OldArray()}
        (folder / name).write_bytes(pickle.dumps(entry))
    names = {"label_names": ["airplane"] + ["other"] * 9}
    (folder / "batches.meta").write_bytes(pickle.dumps(names))
    for files in ("train_list", "test_list"):
        monkeypatch.setattr(official, files, relist(getattr(official, files), folder))
    monkeypatch.setitem(official.meta, "md5", md5(folder / "batches.meta"))
    return folder.parent, pixels


def test_cifar10_is_read_from_its_pickles(cifar10, home):
    root, pixels = cifar10
    dataset = load(f"cifar10:{root}", home)
    assert np.array_equal(dataset.images, pixels)
    assert dataset.labels.tolist() == [0, 9, 1, 9, 2, 9, 3, 9, 4, 9, 5, 9]
    assert len(dataset.indices("train")) == 10 and len(dataset.indices("test")) == 2
    assert "frog" in dataset.classes


def test_a_changed_pickle_is_never_opened(cifar10, home):
    root, _ = cifar10

    class Trap:
        def __reduce__(self):
            return (root / "sprung").touch, ()

    (root / "cifar-10-batches-py" / "test_batch").write_bytes(pickle.dumps(Trap()))
    with pytest.raises(DataError, match="are not those of CIFAR-10"):
        load(f"cifar10:{root}", home)
    assert not (root / "sprung").exists()


@pytest.fixture
def imagenette_root(tmp_path):
    root = tmp_path / "root"
    for split, n in (("train", 3), ("val", 2)):
        for word in ("n03028079", "n01440764"):
            folder = root / "imagenette2-160" / split / word
            folder.mkdir(parents=True)
            for number in range(n):
                Image.new("RGB", (213, 160), "red").save(folder / f"{word}_{number}.JPEG")
    return root


def test_imagenette_is_read_with_names_for_its_classes(imagenette_root, home):
    for place in (imagenette_root, imagenette_root / "imagenette2-160"):
        dataset = load(f"imagenette:{place}", home)
        assert dataset.classes == ("tench", "church")
        assert dataset.images.shape == (10, 3, 96, 96)
        assert len(dataset.indices("train")) == 6 and len(dataset.indices("test")) == 4
        assert dataset.original(0).size == (213, 160)


@pytest.mark.parametrize("word", ["stl10", "cifar10", "imagenette"])
def test_what_is_missing_says_how_to_get_it(word, home, tmp_path):
    for spec in (word, f"{word}:{tmp_path}"):
        reason = available(spec, home)
        assert f"saccade data get {word}" in reason and f"{word}:ROOT" in reason
        with pytest.raises(DataError) as error:
            load(spec, home)
        assert str(error.value) == reason


@pytest.fixture
def server(tmp_path):
    """A folder, and the address under which a server on this machine hands out what is in it."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *words):
            pass

    served = tmp_path / "served"
    served.mkdir()
    handler = functools.partial(Quiet, directory=served)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield served, f"http://127.0.0.1:{running.server_port}"
        running.shutdown()
        thread.join()


def tar(root: Path, archive_: Path) -> None:
    with tarfile.open(archive_, "w:gz") as file:
        for path in root.iterdir():
            file.add(path, path.name)


@pytest.fixture
def small(monkeypatch):
    """No disk is too small for the archives of these tests."""
    monkeypatch.setattr(archive, "check_room", lambda *words: None)


@pytest.fixture
def offered(imagenette_root, server, monkeypatch, small):
    """Imagenette as an archive on a server: the archive's path."""
    served, address = server
    tar(imagenette_root, served / "imagenette2-160.tgz")
    monkeypatch.setattr(imagenette, "URL", f"{address}/imagenette2-160.tgz")
    monkeypatch.setattr(imagenette, "MD5", md5(served / "imagenette2-160.tgz"))
    return served / "imagenette2-160.tgz"


def test_an_archive_is_fetched_checked_unpacked_and_removed(offered, home, capfd):
    download("imagenette", home)
    assert "100" in capfd.readouterr().err, "a progress bar"
    assert available("imagenette", home) is None
    assert [path.name for path in (home / "data" / "imagenette").iterdir()] == ["imagenette2-160"]
    assert len(load("imagenette", home)) == 10
    offered.unlink()
    download("imagenette", home)  # it is here: nothing is asked of the server


def test_the_address_and_sum_of_stl10_are_torchvisions(stl10, server, home, monkeypatch, small):
    served, address = server
    tar(stl10[0], served / "stl10_binary.tar.gz")
    official = torchvision_datasets().STL10
    monkeypatch.setattr(official, "url", f"{address}/stl10_binary.tar.gz")
    monkeypatch.setattr(official, "tgz_md5", md5(served / "stl10_binary.tar.gz"))
    download("stl10", home)
    assert len(load("stl10", home)) == 13


def test_a_download_damaged_on_the_way_is_noticed_and_can_be_repeated(offered, home):
    whole = offered.read_bytes()
    offered.write_bytes(whole[:99] + bytes([whole[99] ^ 255]) + whole[100:])
    with pytest.raises(DataError, match="damaged on the way .* try again"):
        download("imagenette", home)
    assert available("imagenette", home) is not None
    offered.write_bytes(whole)
    download("imagenette", home)
    assert available("imagenette", home) is None


def test_an_archive_without_the_files_says_so(offered, home, tmp_path, monkeypatch):
    (tmp_path / "other" / "cats").mkdir(parents=True)
    tar(tmp_path / "other", offered)
    monkeypatch.setattr(imagenette, "MD5", md5(offered))
    with pytest.raises(DataError, match="does not hold what it should"):
        download("imagenette", home)


TRUSTING = {"filter": "fully_trusted"} if archive.SAFELY else {}


@pytest.mark.parametrize("safely", [archive.SAFELY, TRUSTING], ids=["by Python", "by ourselves"])
@pytest.mark.parametrize("odd", ["above", "absolute", "link"])
def test_nothing_is_unpacked_outside_its_place(offered, home, tmp_path, monkeypatch, odd, safely):
    monkeypatch.setattr(archive, "SAFELY", safely)
    with tarfile.open(offered, "w:gz") as file:
        if odd == "link":
            link = tarfile.TarInfo("inner")
            link.type, link.linkname = tarfile.SYMTYPE, str(tmp_path)
            file.addfile(link)
        place = {"above": "../../..", "absolute": tmp_path, "link": "inner"}[odd]
        file.addfile(tarfile.TarInfo(f"{place}/escaped.py"))
    monkeypatch.setattr(imagenette, "MD5", md5(offered))
    with pytest.raises(DataError, match="could not be fetched"):
        download("imagenette", home)
    assert not list(tmp_path.rglob("escaped.py"))


def test_no_server_is_one_sentence(home, monkeypatch, small):
    monkeypatch.setattr(imagenette, "URL", "http://127.0.0.1:9/imagenette2-160.tgz")
    with pytest.raises(DataError, match="imagenette could not be fetched .* imagenette:ROOT"):
        download("imagenette", home)


def test_a_disk_too_small_is_noticed_before_the_download(home, monkeypatch):
    usage = archive.shutil.disk_usage(home)._replace(free=100_000_000)
    monkeypatch.setattr(archive.shutil, "disk_usage", lambda place: usage)
    with pytest.raises(DataError, match=r"needs 6\.6 GB in .*, and 0\.1 GB are free; make room"):
        download("stl10", home)


@pytest.mark.parametrize("word", ["photos", "stl10:/somewhere"])
def test_there_is_nothing_to_fetch_for_other_data(word, home):
    with pytest.raises(DataError, match="choose one of: stl10, stl10-labelled, cifar10"):
        download(word, home)
