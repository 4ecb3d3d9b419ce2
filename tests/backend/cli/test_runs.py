"""Does the list of runs tell what there is, and is the database made again where it is lost?"""

import json
import re
from contextlib import closing
from pathlib import Path

import pytest

from backend.runs.folder import RunFolder
from backend.runs.store import Store
from tests.backend.cli.conftest import Say


def test_runs_are_listed_for_people_and_for_programs(say: Say, own: str) -> None:
    code, out, _ = say("runs")
    assert code == 0 and re.search(
        rf"^{own} +finished +stripes-\w+ +clapp +vgg6-tiny +2/2", out, re.M
    )
    found = json.loads(say("runs", "--json")[1])["runs"]
    assert found[0]["id"] == own and found[0]["analysed"] == [0, 1, 2]


@pytest.mark.parametrize("lost", ["deleted", "damaged", "sound"])
def test_the_run_directories_alone_make_the_database_again(
    say: Say, own: str, home: Path, lost: str
) -> None:
    before = json.loads(say("runs", "--json")[1])["runs"]
    for path in home.glob("saccade.db*"):
        if lost != "sound":
            path.unlink()
    if lost == "damaged":
        (home / "saccade.db").write_bytes(b"no database " * 1000)
        code, out, err = say("runs")
        assert (code, out) == (2, "") and "saccade runs --rebuild" in err
    code, out, err = say("runs", "--rebuild", "--json")
    assert code == 0 and json.loads(out)["runs"] == before
    assert err.startswith("the database was made again from 1 run directories\n")
    assert len(list(home.glob("saccade.db.damaged-*"))) == (lost == "damaged")
    assert say("runs", "--json")[1] == out


def test_the_database_of_one_folder_is_refused_for_another_and_loses_nothing(
    say: Say, own: str, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = tmp_path / "elsewhere.db"
    monkeypatch.setenv("SACCADE_DATABASE", str(database))
    listed = say("runs", "--rebuild", "--json")[1]
    with closing(Store(database)) as store:
        before = store.rows(), store.moves(own)
    other = tmp_path / "an other"
    other.mkdir()
    told = f"{database} is of the runs in {home}/runs, and those in {other}/runs are wanted"
    for words in (("runs",), ("train",), ("serve", "--port", 0, "--no-browser")):
        code, out, err = say(*words, "--home", other)
        assert (code, out, err.count("\n")) == (2, "", 1) and told in err
    with closing(Store(database)) as store:
        assert (store.rows(), store.moves(own)) == before
    assert say("runs", "--json")[1] == listed
    moved = home.rename(tmp_path / "moved")
    again = f"saccade runs --rebuild --home {moved}"
    assert say("runs", "--home", moved)[2].endswith(f"make the database again with: {again}\n")
    assert say(*again.split()[1:], "--json")[1] == say("runs", "--home", moved, "--json")[1]
    assert own in say("runs", "--home", moved)[1]


def test_a_home_that_was_moved_with_its_database_goes_on(
    say: Say, own: str, home: Path, tmp_path: Path
) -> None:
    listed = say("runs", "--json")[1]
    moved = home.rename(tmp_path / "moved")
    assert say("runs", "--json", "--home", moved)[1] == listed


def test_a_run_of_a_newer_saccade_is_named_and_left_alone(say: Say, own: str, home: Path) -> None:
    folder = RunFolder(home / "runs" / own)
    folder.write("run.json", folder.about() | {"format": 99})
    before = (folder.path / "run.json").read_bytes()
    code, out, err = say("runs", "--rebuild")
    assert code == 0 and own not in out
    assert f"note: run {own} was made by a newer Saccade" in err and "update Saccade" in err
    code, _, err = say("train", "--resume", own)
    assert code == 2 and err.startswith("error: ")
    assert (folder.path / "run.json").read_bytes() == before


def test_a_run_of_before_formats_had_numbers_is_read(say: Say, own: str, home: Path) -> None:
    folder = RunFolder(home / "runs" / own)
    about = folder.about()
    del about["format"]
    folder.write("run.json", about)
    assert own in say("runs", "--rebuild")[1]


def test_what_went_wrong_without_ending_a_run_stands_under_the_list(
    say: Say, own: str, home: Path
) -> None:
    RunFolder(home / "runs" / own).tell("warning", code="fell_back", message="goes on from 2")
    assert f"\nwarning: {own}: goes on from 2\n" in say("runs")[1]
    found = json.loads(say("runs", "--json")[1])["runs"][0]
    assert found["warnings"] == [{"code": "fell_back", "message": "goes on from 2"}]


def test_an_empty_home_says_how_to_begin(say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SACCADE_PRETRAINED", "/nowhere")
    assert say("runs") == (0, "no runs yet; begin one with: saccade train\n", "")
