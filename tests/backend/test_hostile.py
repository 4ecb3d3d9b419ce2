"""What no honest user sends: is all of it refused? Each count is the one that CI tries."""

from pathlib import Path

from starlette.testclient import TestClient

from backend.app import create_app
from backend.settings import Settings
from tests.backend.conftest import LOCAL, Quiet
from tests.hostile import Row, configs, gets, paths, routes
from tests.hostile.site import Site


def none_bad(rows: list[Row], *counts: int) -> None:
    """Nothing went wrong, and no less was tried than is claimed."""
    print(*rows, sep="\n")
    assert [row for row in rows if row.bad] == []
    assert [row for row, count in zip(rows, counts, strict=True) if row.tried < count] == []


def test_500_spellings_of_a_path_are_served_by_no_route_that_takes_a_name(home: Path) -> None:
    none_bad(paths.traversal(home, 500), 500 * 30)


def test_the_spellings_differ_and_no_route_that_takes_a_name_is_left_out(home: Path) -> None:
    assert len(set(paths.spellings(500))) == 500
    with Site(home) as site:
        described = site.app.openapi()["paths"]
        known = {path for _, path in site.routes()}
        asked = {place.replace(paths.HERE, "0") for _, place in paths.places(site)}
    assert set(described) < known
    assert {"/static/0", "/api/benches/0", "/api/runs/0/events", "/api/datasets/0/atlas"} < asked


def test_every_method_of_every_route_is_closed_to_strangers(home: Path) -> None:
    none_bad(routes.closed(home), 2000, 2000, 1500)


def test_no_get_changes_what_is_kept(home: Path) -> None:
    none_bad(gets.harmless(home), 80)


def test_a_change_of_what_is_kept_would_be_seen(home: Path) -> None:
    with Site(home) as site:
        before = gets.state(home)
        assert gets.state(home) == before
        site.ask("POST", f"/api/runs/{site.own}/stop")
        assert gets.state(home) != before


def test_200_settings_that_no_run_can_have_are_refused_in_a_sentence(home: Path) -> None:
    none_bad(configs.refused(home, 200), 200)


def test_a_path_in_a_run_that_ships_opens_nothing(home: Path, tmp_path: Path, pack: Path) -> None:
    folder = tmp_path / "pretrained" / "theirs"
    folder.mkdir(parents=True)
    about = '{"id": "theirs", "created": "2026", "dataset": "x", "config": {"data": "%s"}}'
    (folder / "run.json").write_text(about % pack)
    app = create_app(Settings(home=home, pretrained=tmp_path / "pretrained"), Quiet())
    with TestClient(app, base_url=LOCAL) as client:
        assert [run["id"] for run in client.get("/api/runs").json()["runs"]] == ["theirs"]
        assert "stripes" not in client.get("/api/datasets").text
        reply = client.post("/api/runs", json={"config": {"data": str(pack)}})
        assert reply.status_code == 422
