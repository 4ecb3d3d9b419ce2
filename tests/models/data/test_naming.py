"""Does a text name the data set a person means, and does a wrong one get a helpful sentence?"""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from models.data import DATASETS, key_of, parse
from models.errors import DataError


def test_importing_the_table_and_asking_it_imports_nothing_heavy(tmp_path):
    code = f"""
import sys
from pathlib import Path
from models.data import DATASETS, available, key_of
for word, source in DATASETS.items():
    assert source.sentence and source.licence
    available(word, Path({str(tmp_path)!r}))
key_of("photos"), key_of("/some/folder")
heavy = "torch torchvision skimage sklearn scipy PIL matplotlib".split()
print(*[name for name in heavy if name in sys.modules])
"""
    root = Path(__file__).parents[3]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True)
    assert (done.returncode, done.stdout.strip()) == (0, ""), done.stderr


def test_every_row_says_what_it_is_and_what_it_needs():
    words = ["photos", "stl10", "stl10-labelled", "cifar10", "imagenette", "pack", "folder"]
    assert list(DATASETS) == words
    for word, source in DATASETS.items():
        assert source.word == word
        assert source.sentence.endswith(".")
        assert source.path in ("never", "optional", "always")
        assert bool(source.needs) == (word != "photos")


@pytest.mark.parametrize(
    ("text", "word", "path"),
    [
        ("photos", "photos", None),
        (" stl10 ", "stl10", None),
        ("stl10:/data", "stl10", "/data"),
        ("stl10-labelled:/data", "stl10-labelled", "/data"),
        ("cifar10:/data/", "cifar10", "/data"),
        ("/data/birds.npz", "pack", "/data/birds.npz"),
        ("/data/../birds.NPZ", "pack", "/birds.NPZ"),
        ("/data/birds", "folder", "/data/birds"),
        ("folder:/data/birds.npz", "folder", "/data/birds.npz"),
        ("/data/a:b", "folder", "/data/a:b"),
    ],
)
def test_a_word_a_root_a_pack_and_a_folder_are_told_apart(text, word, path):
    named = parse(text)
    assert named.word == word
    assert named.path == (Path(path) if path else None)
    assert parse(str(named)) == named


def test_a_relative_path_is_made_absolute(tmp_path, monkeypatch):
    (tmp_path / "birds").mkdir()
    monkeypatch.chdir(tmp_path)
    for text in ("birds", "./birds", "folder:birds", str(tmp_path / "birds")):
        assert str(parse(text)) == str(tmp_path / "birds")
    assert str(parse("birds.npz")) == str(tmp_path / "birds.npz")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert str(parse("~/birds")) == str(tmp_path / "birds")


def test_a_word_wins_over_a_folder_of_that_name(tmp_path, monkeypatch):
    (tmp_path / "photos").mkdir()
    monkeypatch.chdir(tmp_path)
    assert parse("photos").word == "photos"
    assert parse("./photos").word == "folder"


def test_keys_fit_into_addresses_and_differ_between_paths():
    texts = [
        "photos",
        "stl10",
        "stl10:/a",
        "stl10:/b",
        "stl10-labelled",
        "stl10-labelled:/a",
        "/a/Birds & Bees (2020).npz",
        "/b/Birds & Bees (2020).npz",
        "/a/Birds & Bees (2020)",
        "/犬",
        "/a/" + "x" * 200,
        "/",
    ]
    keys = [key_of(text) for text in texts]
    assert len(set(keys)) == len(keys)
    for key in keys:
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", key) and len(key) <= 49
    assert keys[0] == "photos"
    assert re.fullmatch(r"stl10-[0-9a-f]{8}", keys[2])
    assert re.fullmatch(r"birds-bees-2020-[0-9a-f]{8}", keys[6])


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("foto", "no data set 'foto'; did you mean 'photos'?"),
        ("STL-10", "did you mean 'stl10'?"),
        ("cifra10:/data", "there is no folder"),
        ("mnist", "one of: photos, stl10, stl10-labelled, cifar10, imagenette, a .npz pack, or a"),
        ("", "no data set ''"),
        ("pack", "'pack' is a kind of data set; give the path of a .npz pack in its place"),
        ("folder:", "'folder:'"),
        ("photos:/somewhere", "there is no folder"),
        ("~nobody-has-this-name/images", "no home folder"),
        ("nul\0", "no data set"),
    ],
)
def test_what_names_nothing_gets_one_sentence(text, sentence, home):
    from models.data import load

    with pytest.raises(DataError) as error:
        load(text, home)
    assert sentence in str(error.value)
    assert "\n" not in str(error.value)
