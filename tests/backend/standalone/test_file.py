"""Does the file of a run hold every answer, and nothing that could act or betray the computer?"""

import asyncio
import json
import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from starlette.testclient import TestClient

from backend.app import create_app
from backend.cli import main
from backend.settings import CHECKOUT, Settings, plotly_script
from backend.standalone.document import Document
from backend.standalone.export import export
from backend.standalone.replies import LEFT_OUT, Asked, routes_of

HOSTILE = "</title></script><script>window.hacked=1</script>\"'"


@pytest.fixture(scope="module")
def told(trained: tuple[Path, str], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    home, run = trained
    out = tmp_path_factory.mktemp("file") / "run.html"
    settings = Settings(home=home, pretrained=home / "none")
    done = asyncio.run(export(run, out, settings, None, True, lambda *_: None))
    assert (done.images, done.epochs) == (10, [0, 1, 2])
    return out, run


def test_the_file_is_whole_and_names_no_folder(told: tuple[Path, str], pack: Path) -> None:
    text = told[0].read_text(encoding="utf-8")
    assert text.startswith("<!doctype html>") and text.rstrip().endswith("</html>")
    assert str(pack.parent) not in text
    assert not re.search(r'\b(?:src|href)="(?:https?:|/)', text.split("<style>")[0])
    assert len(re.findall(r'id="saccade-image-\d+"', text)) == 10
    assert not [path for path in told[0].parent.iterdir() if path != told[0]]


def test_what_went_wrong_with_a_run_is_not_in_its_file(site: TestClient, trained: tuple) -> None:
    """It may name folders, as in "there is no folder /home/alice/images"."""
    secret = "/home/alice"
    run = site.get(f"/api/runs/{trained[1]}").json() | {
        "state": "failed",
        "error": {"code": "bad_data", "message": f"there is no folder {secret}"},
        "warnings": [{"code": "not_saved", "message": f"no room in {secret}"}],
        "log_tail": [secret],
        "command": f"saccade train --data {secret}",
    }
    run["config"] = run["config"] | {"data": secret}
    told = Asked.alone(SimpleNamespace(epochs=[0]), run)
    assert secret not in json.dumps(told) and told["id"] == trained[1]


def test_a_file_that_finds_no_room_leaves_nothing(
    trained: tuple[Path, str], tmp_path: Path
) -> None:
    home, run = trained
    resource = pytest.importorskip("resource")
    most = resource.getrlimit(resource.RLIMIT_FSIZE)

    def fills_up(_: float, what: str) -> None:
        if what == "writing":
            resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, most[1]))

    settings = Settings(home=home, pretrained=home / "none")
    try:
        with pytest.raises(OSError):
            asyncio.run(export(run, tmp_path / "run.html", settings, [2], False, fills_up))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, most)
    assert list(tmp_path.iterdir()) == []


def test_a_hostile_name_stays_a_name() -> None:
    document = Document(HOSTILE, HOSTILE, 64, 64)
    document.add_file(0, HOSTILE, b"</script>")
    text = document.text(CHECKOUT / "frontend", plotly_script())
    assert "<script>window" not in text
    assert text.count("</script>") == text.count("<script")
    assert text.count("<title>") == text.count("</title>") == 1


def test_every_route_about_a_run_that_can_be_asked_is_taken(tmp_path: Path) -> None:
    app = create_app(Settings(home=tmp_path, work=False))
    taken = {route.path for route in routes_of(app, {"layer", "unit", "image"})}
    paths = {path for path, verbs in app.openapi()["paths"].items() if "get" in verbs}
    own = {p.removeprefix("/api/runs/{run}") for p in paths if p.startswith("/api/runs/{run}/")}
    assert {path for path in own - taken if path.strip("/") not in LEFT_OUT} == set()
    app.state.service.catalogue.store.close()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--html", "page.txt"], "name it"),
        (["--html", "page.html", "--split", "test"], "--split has no place beside --html"),
        (["--features", "f.npz", "--no-images"], "--no-images has no place without --html"),
    ],
)
def test_what_is_asked_wrongly_is_told(
    tmp_path: Path, words: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [str(tmp_path / word) if "." in word else word for word in words]
    assert main(["export", "clapp-photos", "--home", str(tmp_path), *words]) == 2
    assert says in capsys.readouterr().err
