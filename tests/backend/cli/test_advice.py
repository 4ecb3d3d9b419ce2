"""Can a command that a sentence names be given as it stands, whatever the home is called?"""

import shlex
import shutil
from pathlib import Path

import pytest
from PIL import Image

from backend.cli import analyse
from backend.runs.advice import command_line
from tests.backend.cli.conftest import Say


def interrupted(*_: object) -> None:
    raise KeyboardInterrupt


def test_the_next_command_is_for_the_same_home(
    say: Say, trained: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, run = tmp_path / "it's here", trained[1]
    shutil.copytree(trained[0], home)
    shutil.rmtree(home / "runs" / run / "analysis")
    image, copy = tmp_path / "a.png", tmp_path / "copy"
    Image.new("RGB", (90, 70), "teal").save(image)
    assert say("export", run, "--weights", copy, "--home", home)[0] == 0
    monkeypatch.setattr(analyse, "follow", interrupted)
    for words, code in (
        (("place", run, image), 2),
        (("export", run, "--share", tmp_path / "share"), 2),
        (("analyse", run), 130),
        (("import", copy, "--format", "shared", "--data", "photos"), 0),
    ):
        ended, out, err = say(*words, "--home", home)
        told = ["saccade", "analyse", out.strip() or run, "--home", str(home)]
        assert (ended, shlex.split(err[err.index("saccade ") :])) == (code, told)


def test_a_command_for_the_usual_home_does_not_name_it() -> None:
    assert command_line("train", "--resume", "a") == "saccade train --resume a"
