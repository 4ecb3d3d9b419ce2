"""Who is let in, and what stands in the file, the link and the cookie that let them in?"""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from backend.app import create_app
from backend.errors import ConfigError
from backend.security import Door
from backend.security.door import TOKEN, chosen, kept
from backend.settings import Settings
from tests.backend.conftest import LOCAL, Quiet

SECRET = "a-token-of-a-test-" + "x" * 30
BEARER = {"authorization": f"Bearer {SECRET}"}
OWN = {"sec-fetch-site": "same-origin"}


@pytest.fixture
def guarded(home: Path, quiet: Quiet) -> Iterator[TestClient]:
    """A client, without the token, of a server that has one."""
    settings = Settings(home=home, token=SECRET, pretrained=home / "none")
    app = create_app(settings, quiet)
    with TestClient(app, base_url=LOCAL, follow_redirects=False) as client:
        yield client


def link_of(client: TestClient, seconds: float = 60) -> str:
    return client.app.state.door.link(seconds)


def test_without_a_token_nothing_is_told(guarded: TestClient) -> None:
    for path in ("/", "/api/health", "/api/runs", "/static/main.js", "/plotly.js", "/api/nothing"):
        reply = guarded.get(path)
        assert (reply.status_code, reply.json()["error"]["code"]) == (401, "no_token"), path
        assert reply.headers["www-authenticate"] == "Bearer"


def test_host_then_page_then_token_then_size_is_what_a_request_is_asked(
    guarded: TestClient,
) -> None:
    wrong = [
        ({"host": "evil.example"}, 403),
        ({"origin": "http://evil.example"}, 403),
        ({"authorization": "Bearer wrong"}, 401),
        ({"content-length": "9" * 12}, 413),
    ]
    for number, (_, status) in enumerate(wrong):
        headers = BEARER | {k: v for header, _ in wrong[number:] for k, v in header.items()}
        reply = guarded.get("/api/runs", headers=headers)
        assert reply.status_code == status
        sentence = reply.json()["error"]["message"]
        assert ("host" in sentence, "page" in sentence) == (number == 0, number == 1)


def test_a_script_sends_the_token_itself(guarded: TestClient) -> None:
    assert guarded.get("/api/runs", headers=BEARER).status_code == 200
    reply = guarded.post("/api/runs", headers=BEARER, json={"config": {"epochs": 1}})
    assert reply.status_code == 201
    for wrong in (f"Bearer {SECRET}x", f"Basic {SECRET}", SECRET, "Bearer", "", "Bearer \xff"):
        headers = [(b"authorization", wrong.encode("latin-1"))]
        assert guarded.get("/api/runs", headers=headers).status_code in (401, 429), wrong


def test_a_browser_gets_a_cookie_and_an_address_without_the_token(guarded: TestClient) -> None:
    reply = guarded.get(link_of(guarded))
    assert (reply.status_code, reply.headers["location"]) == (303, "/")
    cookie = reply.headers["set-cookie"]
    name, _, value = cookie.partition(";")[0].partition("=")
    assert name == "saccade-8000"
    assert "HttpOnly" in cookie and "SameSite=strict" in cookie and "Path=/" in cookie
    assert SECRET not in str(reply.headers) and len(value) == 64
    assert reply.headers["cache-control"] == "no-store"
    assert guarded.get("/").status_code == 200
    assert guarded.post("/api/runs", headers=OWN, json={"config": {}}).status_code == 201


def test_a_link_works_once_and_only_for_its_time(guarded: TestClient) -> None:
    link, other = link_of(guarded), link_of(guarded, seconds=-1)
    assert guarded.head(link).status_code == 401  # a preview of the link does not use it up
    assert guarded.get(link).status_code == 303
    assert guarded.get(link).status_code == 303  # the same browser again: it has the cookie
    guarded.cookies.clear()
    assert guarded.get(link).status_code == 401
    assert guarded.get(other).status_code == 401


def test_a_browser_that_is_in_already_uses_a_link_up_too(guarded: TestClient) -> None:
    guarded.get(link_of(guarded))
    link = link_of(guarded)
    assert guarded.get(link).status_code == 303
    guarded.cookies.clear()
    assert guarded.get(link).status_code == 401


def test_when_a_link_was_used_that_is_told_so_that_another_can_be_printed(
    guarded: TestClient,
) -> None:
    told: list[str] = []
    guarded.app.state.door.opened = lambda: told.append("opened")
    guarded.get("/?token=wrong")
    assert told == []
    guarded.get(link_of(guarded))
    assert told == ["opened"]


def test_the_token_itself_opens_the_page_too_but_no_other_address(guarded: TestClient) -> None:
    assert guarded.get(f"/api/runs?token={SECRET}").status_code == 401
    assert guarded.get(f"/static/main.js?token={SECRET}").status_code == 401
    assert guarded.post(f"/?token={SECRET}").status_code == 401
    assert guarded.get(f"/?token={SECRET}").status_code == 303


def test_a_browser_without_the_token_sees_a_page_with_a_field_for_it(guarded: TestClient) -> None:
    reply = guarded.get("/?token=%3Cscript%3E", headers={"accept": "text/html,*/*"})
    assert reply.status_code == 401
    assert 'name="token"' in reply.text and "was used before" in reply.text
    assert "<script" not in reply.text


def test_the_cookie_of_another_token_or_port_is_none(guarded: TestClient) -> None:
    own = guarded.app.state.door
    for other in (Door(SECRET, 8001), Door(SECRET + "x", 8000)):
        guarded.cookies = {own.cookie: other.session}
        assert guarded.get("/api/runs").status_code == 401
    tossed = f"{own.cookie}=tossed; {own.cookie}={own.session}; {own.cookie}=tossed"
    assert guarded.get("/api/runs", headers={"cookie": tossed}).status_code == 200


def test_with_a_cookie_alone_nothing_is_changed_by_who_does_not_say_which_page_asks(
    guarded: TestClient,
) -> None:
    guarded.get(link_of(guarded))
    assert guarded.post("/api/runs", json={"config": {}}).status_code == 403
    assert guarded.get("/api/runs").json() == {"runs": []}


def test_the_sixth_wrong_token_in_a_minute_is_told_to_wait_and_the_right_one_is_not(
    guarded: TestClient,
) -> None:
    wrong = {"authorization": "Bearer wrong"}
    for number in range(5):
        reply = guarded.get("/?token=w" if number % 2 else "/api/runs", headers=wrong)
        assert reply.status_code == 401
    reply = guarded.get("/api/runs", headers=wrong)
    assert (reply.status_code, reply.json()["error"]["code"]) == (429, "too_often")
    assert 0 < int(reply.headers["retry-after"]) <= 60
    assert guarded.get("/api/runs", headers=BEARER).status_code == 200


def test_a_token_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "home" / "token"
    token = kept(path)
    assert TOKEN.fullmatch(token) and len(token) == 43  # 32 bytes as base64
    assert kept(path) == token and kept(tmp_path / "other") != token
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["token"]


@pytest.mark.skipif(os.name != "posix", reason="this system has no such modes")
def test_a_token_that_others_could_read_or_that_is_none_is_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "token"
    first = kept(path)
    path.chmod(0o640)
    second = kept(path)
    assert second != first and stat.S_IMODE(path.stat().st_mode) == 0o600
    path.write_text("short")
    assert kept(path) not in ("short", second)


def test_a_server_that_others_can_reach_wants_a_token_by_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="--token auto .*SACCADE_TOKEN"):
        chosen(None, False, "0.0.0.0", tmp_path)
    assert not (tmp_path / "token").exists()
    assert chosen("auto", False, "0.0.0.0", tmp_path) == kept(tmp_path / "token")
    assert chosen(None, True, "127.0.0.1", tmp_path) == kept(tmp_path / "token")
    assert chosen(SECRET, False, "0.0.0.0", tmp_path) == SECRET


@pytest.mark.parametrize("weak", ["secret", "x" * 31, "y" * 201, "with a space" * 4, "é" * 40])
def test_a_weak_token_is_refused_with_the_way_to_a_good_one(weak: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="openssl rand -hex 32"):
        chosen(weak, True, "127.0.0.1", tmp_path)


def test_an_application_that_others_can_reach_is_not_made_without_a_token(home: Path) -> None:
    with pytest.raises(ConfigError, match="--token auto"):
        create_app(Settings(home=home, host="0.0.0.0"))
    assert not (home / "saccade.db").exists()
