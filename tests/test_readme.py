"""Do README, docs/ and backend/README.md name every word, setting, command and route, and only what
works? Does every link of every document lead somewhere?"""

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
FOLDERS = ("backend", "benchmarks", "docs", "frontend", "models", "tests")
DOCUMENTS = {  # by path from ROOT
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
    for path in sorted(
        [*ROOT.glob("*.md"), *(p for f in FOLDERS for p in (ROOT / f).rglob("*.md"))]
    )
    if "node_modules" not in path.parts
}
README = DOCUMENTS["README.md"]
MANUAL = "\n".join(  # what somebody who uses Saccade reads
    text
    for path, text in DOCUMENTS.items()
    if path in ("README.md", "backend/README.md") or path.startswith("docs/")
)
CARDS = "\n".join(text for path, text in DOCUMENTS.items() if path.startswith("models/pretrained/"))
SHELL = re.findall(
    r"^ {4,6}(?:\w+=\S+ )*(?:\.venv/bin/)?((?:saccade|make) .+)$", MANUAL + CARDS, re.MULTILINE
)
TORCHRUN = re.findall(r"^ {4,6}torchrun .+ -m backend (.+)$", MANUAL, re.MULTILINE)
LINKS = [
    (path, target)
    for path, text in DOCUMENTS.items()
    for target in re.findall(r"\]\((?!https?:)([^)\s]+)\)", text)
]


def anchors(text: str) -> set[str]:
    """What the headings of a document are called in links, as GitHub makes it of their words."""
    prose = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    titles = re.findall(r"^#{1,6} (.+?)\s*$", prose, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def test_every_word_is_written_down() -> None:
    words = [*DATASETS, *RULES, *ENCODERS, *PROTOCOLS, *RECIPES]
    assert [word for word in words if f"`{word}`" not in README] == []
    assert [word for word in LAUNCHERS if f"`{word}`" not in MANUAL] == []


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_every_setting_is_written_down_with_its_default(setting: Setting) -> None:
    row = re.search(rf"^\| `{setting.name}` \| `(.*?)` \|", README, re.MULTILINE)
    assert row, f"README.md has no row for the setting {setting.name}"
    assert row[1] == str(setting.default)


def test_what_the_environment_may_say_is_written_down() -> None:
    names = re.findall(r"^SACCADE_\w+", settings.__doc__, re.MULTILINE)
    assert {"SACCADE_HOME", "SACCADE_TOKEN"} < set(names)
    assert [name for name in names if f"`{name}`" not in MANUAL] == []


def test_every_variable_of_a_launcher_is_written_down() -> None:
    names = ["launcher", "database", *(field.name for field in fields(Wanted))]
    assert set(names) <= set(Settings.model_fields)
    assert [name for name in names if f"`SACCADE_{name.upper()}`" not in MANUAL] == []


def test_every_command_is_written_down() -> None:
    assert [word for word in COMMANDS if f"saccade {word}" not in MANUAL] == []


def test_every_route_is_written_down(tmp_path: Path) -> None:
    with TestClient(
        create_app(Settings(home=tmp_path)), base_url="http://127.0.0.1:8000"
    ) as client:
        paths = client.get("/api/openapi.json").json()["paths"]
    routes = [f"`{verb.upper()} {path}`" for path, verbs in paths.items() for verb in verbs]
    assert [route for route in routes if route not in MANUAL] == []
    written = re.findall(r"`(?:GET|POST|PUT|DELETE) /api/[^`]*`", MANUAL)
    assert [route for route in written if route not in routes] == []


@pytest.mark.parametrize("line", SHELL)
def test_a_command_that_is_written_down_is_understood(line: str) -> None:
    program, *words = shlex.split(line, comments=True)
    if program == "saccade":
        parser().parse_args(words)
    else:
        targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
        assert {word for word in words if "=" not in word} <= set(targets)


@pytest.mark.parametrize("line", TORCHRUN)
def test_what_torchrun_is_told_to_start_is_understood(line: str) -> None:
    parser().parse_args(shlex.split(line, comments=True))


@pytest.mark.parametrize(("path", "target"), LINKS)
def test_a_link_leads_somewhere(path: str, target: str) -> None:
    file, _, anchor = target.partition("#")
    there = ((ROOT / path).parent / file).resolve() if file else ROOT / path
    assert there.is_relative_to(ROOT)
    assert there.exists()
    if anchor:
        assert anchor in anchors(there.read_text(encoding="utf-8"))


def test_one_version_is_told_everywhere() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    changes = re.search(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert {project["version"], changes and changes[1]} == {VERSION}
