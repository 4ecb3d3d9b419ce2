"""Does the server give the page, its words and its reference, all from its own origin?"""

import re
import tomllib
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from backend.api import scripts
from backend.api.scripts import Scripts
from backend.bundle import Script, script
from backend.settings import CHECKOUT, VERSION
from models.config import SETTINGS
from models.presets import ENCODERS
from models.rules import RULES


def test_the_server_says_that_it_is_there(fresh: TestClient) -> None:
    assert fresh.get("/api/health").json() == {"status": "ok", "version": VERSION}
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == VERSION


def test_words_are_those_of_the_models(fresh: TestClient) -> None:
    assert [row["word"] for row in fresh.get("/api/rules").json()] == list(RULES)
    assert [row["word"] for row in fresh.get("/api/encoders").json()] == list(ENCODERS)
    rows = fresh.get("/api/settings/train").json()
    assert [row["name"] for row in rows] == [row.name for row in SETTINGS]
    assert [row["default"] for row in rows] == [row.default for row in SETTINGS]


def test_the_page_and_its_files_come_from_here(fresh: TestClient) -> None:
    page = fresh.get("/")
    assert page.headers["content-type"].startswith("text/html")
    links = re.findall(r'(?:src|href)="([^"#]+)"', page.text)
    assert links and not any(link.startswith(("http", "//")) for link in links)
    for link in links:
        assert fresh.get(link).status_code == 200, link
    script = fresh.get("/plotly.js")
    assert script.headers["content-type"].startswith("text/javascript")
    tag = {"if-none-match": script.headers["etag"]}
    assert fresh.get("/plotly.js", headers=tag).status_code == 304


def test_the_page_comes_as_one_script_that_follows_its_files(
    fresh: TestClient, tmp_path: Path
) -> None:
    reply = fresh.get("/script/main.js")
    assert reply.headers["content-type"].startswith("text/javascript")
    assert "const panels_strip_js = (" in reply.text
    tag = {"if-none-match": reply.headers["etag"]}
    assert fresh.get("/script/main.js", headers=tag).status_code == 304
    assert fresh.get("/script/state.js").status_code == 404
    own = Scripts(tmp_path)
    (tmp_path / "main.js").write_text("const more = () => import('./more.js');\nmore();\n")
    (tmp_path / "more.js").write_text("const a = 1;\n")
    before = own.named("main.js"), own.named("more.js")
    again = own.named("main.js"), own.named("more.js")
    assert [one.tag for one in before] == [one.tag for one in again]
    (tmp_path / "more.js").write_text("const a = 10;\n")
    after = own.named("main.js"), own.named("more.js")
    assert b"const a = 10;" in after[1].body
    assert [one.tag == other.tag for one, other in zip(before, after, strict=True)] == [True, False]


def test_a_module_that_changes_while_it_is_read_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "main.js"
    file.write_text("const a = 1;\n")

    def made(*how: object) -> Script:
        found = script(*how)
        file.write_text("const a = 2;\n")
        return found

    own = Scripts(tmp_path)
    monkeypatch.setattr(scripts, "script", made)
    assert b"a = 1;" in own.named("main.js").body
    assert b"a = 2;" in own.named("main.js").body


@pytest.mark.parametrize(
    "path",
    ["package.json", "node_modules/typescript/lib/tsc.js", "../backend/app.py", "..%2fREADME.md"],
)
def test_nothing_else_of_the_checkout_is_given(fresh: TestClient, path: str) -> None:
    assert fresh.get(f"/static/{path}").status_code == 404


def test_the_reference_describes_every_route_and_needs_nothing_from_afar(
    fresh: TestClient,
) -> None:
    page = fresh.get("/api/docs").text
    links = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert all(link.startswith("/") and fresh.get(link).status_code == 200 for link in links)
    described = fresh.get("/api/openapi.json").json()
    for path, verbs in described["paths"].items():
        for verb in verbs.values():
            assert verb["description"].endswith("."), path
            assert verb["tags"], path


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/api/nothing", 404), ("PUT", "/api/health", 405), ("GET", "/nothing", 404)],
)
def test_a_wrong_address_is_told_in_a_sentence(
    fresh: TestClient, method: str, path: str, status: int
) -> None:
    reply = fresh.request(method, path)
    assert reply.status_code == status
    assert "/api/docs" in reply.json()["error"]["message"]
