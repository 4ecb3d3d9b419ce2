"""Do the READMEs name every word, setting, command and route, and only commands that work?"""

import re
import shlex
import tomllib
from dataclasses import fields
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from backend import settings
from backend.analysis.protocols import PROTOCOLS
from backend.app import create_app
from backend.cli import COMMANDS, parser
from backend.jobs.slurm import Wanted
from backend.launchers import LAUNCHERS
from backend.settings import VERSION, Settings
from models.config import SETTINGS, Setting
from models.data import DATASETS
from models.presets import ENCODERS
from models.recipes import RECIPES
from models.rules import RULES

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
READMES = README + (ROOT / "backend" / "README.md").read_text(encoding="utf-8")
SHELL = re.findall(
    r"^ {4}(?:\w+=\S+ )*(?:\.venv/bin/)?((?:saccade|make) .+)$", READMES, re.MULTILINE
)


def test_every_word_is_written_down() -> None:
    words = [*DATASETS, *RULES, *ENCODERS, *PROTOCOLS, *RECIPES, *LAUNCHERS]
    assert [word for word in words if f"`{word}`" not in README] == []


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_every_setting_is_written_down_with_its_default(setting: Setting) -> None:
    row = re.search(rf"^\| `{setting.name}` \| `(.*?)` \|", README, re.MULTILINE)
    assert row, f"README.md has no row for the setting {setting.name}"
    assert row[1] == str(setting.default)


def test_what_the_environment_may_say_is_written_down() -> None:
    names = re.findall(r"^SACCADE_\w+", settings.__doc__, re.MULTILINE)
    assert {"SACCADE_HOME", "SACCADE_TOKEN"} < set(names)
    assert [name for name in names if f"`{name}`" not in READMES] == []


def test_every_variable_of_a_launcher_is_written_down() -> None:
    names = ["launcher", "database", *(field.name for field in fields(Wanted))]
    assert set(names) <= set(Settings.model_fields)
    assert [name for name in names if f"`SACCADE_{name.upper()}`" not in README] == []


def test_every_command_is_written_down() -> None:
    assert [word for word in COMMANDS if f"saccade {word}" not in READMES] == []


def test_every_route_is_written_down(tmp_path: Path) -> None:
    with TestClient(
        create_app(Settings(home=tmp_path)), base_url="http://127.0.0.1:8000"
    ) as client:
        paths = client.get("/api/openapi.json").json()["paths"]
    routes = [f"`{verb.upper()} {path}`" for path, verbs in paths.items() for verb in verbs]
    assert [route for route in routes if route not in READMES] == []
    written = re.findall(r"`(?:GET|POST|PUT|DELETE) /api/[^`]*`", READMES)
    assert [route for route in written if route not in routes] == []


@pytest.mark.parametrize("line", SHELL)
def test_a_command_of_the_readme_is_understood(line: str) -> None:
    program, *words = shlex.split(line, comments=True)
    if program == "saccade":
        parser().parse_args(words)
    else:
        targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
        assert {word for word in words if "=" not in word} <= set(targets)


@pytest.mark.parametrize("line", re.findall(r"^ {4}torchrun .+ -m backend (.+)$", README, re.M))
def test_what_the_readme_starts_with_torchrun_is_understood(line: str) -> None:
    parser().parse_args(shlex.split(line, comments=True))


@pytest.mark.parametrize("target", re.findall(r"\]\((?!http)([^)#]+)\)", README))
def test_a_link_of_the_readme_leads_somewhere(target: str) -> None:
    assert (ROOT / target).exists()


def test_one_version_is_told_everywhere() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    changes = re.search(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert {project["version"], changes and changes[1]} == {VERSION}
