"""Are the columns beside the images those of their owner, and is what is odd about them told?"""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from models.data import load
from models.data.metadata import MOST_WORDS, OTHER, column, metadata_of, words
from models.data.pack import write_pack
from models.errors import DataError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("cat/a.png", "cat/b.png", "dog/c.png", "dog/d.png"):
        path = tmp_path / "mine" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (20, 16), "red").save(path)
    return tmp_path / "mine"


def told(folder: Path, home: Path, text: str | bytes):
    (folder / "metadata.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
    dataset = load(str(folder), home)
    names = [Path(file).relative_to(folder).as_posix() for file in dataset.files]
    return metadata_of(dataset), names


def test_columns_are_numbers_or_words_in_the_order_of_the_images(folder, home):
    text = (
        "\ufefffile,year,camera\r\ncat/b.png,1999,Lumix\r\n./cat/a.png,,Leica\r\ndog\\c.png,2001,"
    )
    found, names = told(folder, home, text)
    year, camera = found.columns
    assert (year.name, year.words, camera.words) == ("year", (), ("Leica", "Lumix"))
    by_file = dict(zip(names, zip(year.values, camera.values, strict=True), strict=True))
    assert by_file["cat/b.png"] == (1999, 1) and by_file["dog/c.png"] == (2001, -1)
    assert np.isnan(by_file["cat/a.png"][0]) and by_file["dog/d.png"][1] == -1
    assert found.remarks == ()


def test_the_table_is_no_image_that_could_not_be_read_and_changes_no_image(folder, home):
    before = load(str(folder), home)
    told(folder, home, "file,year\n")
    after = load(str(folder), home)
    assert after.skipped == () and after.images.filename == before.images.filename


def test_what_is_odd_is_told_and_what_is_hostile_is_text(folder, home):
    cell = "<img src=x onerror=alert(1)>\x00\x1b[31m\u202e"
    found, _ = told(folder, home, f'file,"<b>a\n</b>"\ncat/a.png,"{cell}"\n../../etc/passwd,1\n')
    assert found.columns[0].name == "<b>a </b>"
    assert found.columns[0].words == ("<img src=x onerror=alert(1)>[31m",)
    assert "1 of the 2 rows of metadata.csv name no image" in found.remarks[0]
    wide = ",".join(["file", *map(str, range(40))])
    found, _ = told(folder, home, wide)
    assert len(found.columns) == 32 and "has 40 columns" in found.remarks[0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"", "must begin with headings"),
        (b"file\ncat/a.png\n", "must begin with headings"),
        (b'file,x\ncat/a.png,"open', "is no table"),
        (b"file,x\ncat/a.png," + b"y" * 200_000, "is no table"),
    ],
)
def test_a_file_that_is_no_table_is_one_sentence(folder, home, text, said):
    with pytest.raises(DataError, match=said):
        told(folder, home, text)


def test_bytes_that_are_no_text_are_read_as_question_marks(folder, home):
    found, _ = told(folder, home, b"file,x\ncat/a.png,\xff\xfe\n")
    assert found.columns[0].words == ("\ufffd\ufffd",)


def test_rare_words_count_as_other():
    cells = [f"word {n}" for n in range(20) for _ in range(20 - n)]
    found = words("x", cells)
    assert len(found.words) == MOST_WORDS and found.words[-1] == OTHER
    assert (found.values[:20] == 0).all() and found.values[-1] == MOST_WORDS - 1


def test_a_pack_tells_arrays_that_have_one_entry_an_image(folder, home, tmp_path):
    plain = tmp_path / "plain.npz"
    write_pack(folder, plain)
    with np.load(plain) as archive:
        arrays = dict(archive)
    more = {
        "meta_year": np.array([1, 2, 3, 4]),
        "meta_camera": np.array(["a", "b", "", "a"]),
        "meta_short": np.array([1.0]),
    }
    np.savez(tmp_path / "more.npz", **arrays, **more)
    found = metadata_of(load(str(tmp_path / "more.npz"), home))
    assert [column.name for column in found.columns] == ["year", "camera"]
    assert found.columns[0].values.tolist() == [1, 2, 3, 4]
    assert found.columns[1].values.tolist() == [0, 1, -1, 0]
    assert "meta_short holds float64 [1] instead of one number" in found.remarks[0]
    assert metadata_of(load(str(plain), home)).columns == ()


def test_a_folder_and_its_pack_tell_the_same_of_each_image(folder, home, tmp_path):
    cameras = (f"cat/{n}.png,{n},camera {n % 14}\n" for n in range(20))
    for n in range(20):
        Image.new("RGB", (20, 16), (n, 0, 0)).save(folder / "cat" / f"{n}.png")
    (folder / "cat" / "7.png").write_bytes(b"\x89PNG\r\n\x1a\n cut short")
    text = "file,year,camera,a/b,year\ndog/c.png,,\x1b[31m x,1_0,9\nnone.png,1\n" + "".join(cameras)
    of_folder, _ = told(folder, home, text)
    made = write_pack(folder, tmp_path / "mine.npz")
    assert made.columns == ("year", "camera", "a_b")
    assert made.remarks == of_folder.remarks and "2 of the 22 rows" in made.remarks[0]
    of_pack = metadata_of(load(str(tmp_path / "mine.npz"), home))
    assert of_pack.remarks == () and len(of_pack.columns[0].values) == made.images == 23
    for there, here in zip(of_folder.columns[:2], of_pack.columns[:2], strict=True):
        assert (there.name, there.words) == (here.name, here.words)
        np.testing.assert_array_equal(there.values, here.values)
    assert len(of_pack.columns[1].words) == MOST_WORDS and OTHER in of_pack.columns[1].words


def test_the_photographs_tell_where_each_crop_was_cut(home):
    dataset = load("photos", home)
    cut, height = metadata_of(dataset).columns
    assert cut.words == ("96 x 96 pixels", "128 x 128 pixels")
    assert len(cut.values) == len(dataset) and set(cut.values) == {0, 1}
    assert 0.05 < height.values.min() < height.values.max() < 0.95


def test_a_session_that_python_would_read_as_a_number_is_a_word():
    assert column("session", ["2021_03", "2021_04"]).words == ("2021_03", "2021_04")
    assert column("year", ["2021", ""]).words == ()
