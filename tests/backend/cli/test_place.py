"""Files are placed on the maps of a run, as a table or as JSON."""

import csv
import io
import json
from pathlib import Path

from PIL import Image

from tests.backend.cli.conftest import Say


def a_file(folder: Path, name: str, colour: str = "teal") -> Path:
    path = folder / name
    Image.new("RGB", (90, 70), colour).save(path)
    return path


def test_files_are_placed_on_the_map_of_every_layer(
    say: Say, trained: tuple[Path, str], tmp_path: Path
) -> None:
    home, run = trained
    files = [a_file(tmp_path, "a.png"), a_file(tmp_path, "b.png", "black")]
    code, out, err = say("place", run, *files, "--home", home, "--device", "cpu")
    assert (code, err) == (0, "")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert list(rows[0]) == ["image", "layer", "x", "y"]
    wanted = [(str(file), str(layer)) for layer in range(7) for file in files]
    assert [(row["image"], row["layer"]) for row in rows] == wanted
    assert rows[0]["x"] != rows[1]["x"]

    same = json.loads(say("place", run, *files, "--home", home, "--json", "--epoch", 2)[1])
    assert (same["run"], same["epoch"]) == (run, 2) and "Placed" in same["definition"]
    assert [place | {"x": 0, "y": 0} for place in same["places"]] == [
        {"image": file, "layer": int(layer), "x": 0, "y": 0} for file, layer in wanted
    ]
    assert [place["x"] for place in same["places"]] == [float(row["x"]) for row in rows]


def test_what_cannot_be_placed_is_one_sentence(
    say: Say, trained: tuple[Path, str], tmp_path: Path
) -> None:
    home, run = trained
    text = tmp_path / "text.png"
    text.write_text("not an image")
    good = a_file(tmp_path, "a.png")
    for words, said in (
        ((run, text), "text.png is not a PNG, JPEG or WebP image; give another"),
        ((run, tmp_path / "gone.png"), "gone.png cannot be opened: No such file"),
        ((run, good, "--epoch", 9), "analyse it first"),
        (("nobody-0000", good), "nobody-0000"),
    ):
        code, out, err = say("place", *words, "--home", home, "--device", "cpu")
        assert (code, out) == (2, "") and err.startswith("error: ") and said in err
        assert err.count("\n") == 1
