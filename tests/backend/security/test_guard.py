"""Who may talk to the server, and what does every reply forbid the browser?"""

import subprocess
import sys
import time

import pytest
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from backend.security.guard import NOT_ALLOWED
from backend.settings import CHECKOUT
from tests.test_architecture import FETCHERS

ELSEWHERE = [
    {"origin": "http://evil.example"},
    {"origin": "null"},
    {"origin": ""},
    {"origin": "http://127.0.0.1:9"},
    {"origin": "http://127.0.0.1:8000.evil.example"},
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site"},
    {"sec-fetch-site": "anything"},
]


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1:9", ""])
def test_another_host_is_refused(host: str, fresh: TestClient) -> None:
    reply = fresh.get("/api/health", headers={"host": host})
    assert (reply.status_code, reply.json()["error"]["code"]) == (403, "refused")


@pytest.mark.parametrize("headers", ELSEWHERE)
@pytest.mark.parametrize("method", ["POST", "DELETE", "PUT"])
def test_another_page_can_change_nothing(fresh: TestClient, method: str, headers: dict) -> None:
    reply = fresh.request(method, "/api/runs", headers=headers, json={})
    assert (reply.status_code, reply.json()["error"]["code"]) == (403, "refused")
    assert fresh.get("/api/runs").json() == {"runs": []}


@pytest.mark.parametrize("headers", ELSEWHERE)
@pytest.mark.parametrize("path", ["/", "/api/runs", "/api/runs/x/events", "/static/main.js"])
def test_another_page_can_read_nothing(fresh: TestClient, path: str, headers: dict) -> None:
    reply = fresh.get(path, headers=headers)
    assert (reply.status_code, reply.json()["error"]["code"]) == (403, "refused")


def test_who_types_the_address_sees_the_page_and_changes_nothing(fresh: TestClient) -> None:
    typed = {"sec-fetch-site": "none"}
    assert fresh.get("/", headers=typed).status_code == 200
    assert fresh.post("/api/runs", headers=typed, json={}).status_code == 403


@pytest.mark.parametrize(
    "headers", [{}, {"origin": "http://127.0.0.1:8000"}, {"sec-fetch-site": "same-origin"}]
)
def test_our_page_and_programs_may_change_things(fresh: TestClient, headers: dict) -> None:
    reply = fresh.post("/api/runs", headers=headers, json={"config": {"epochs": 1}})
    assert reply.status_code == 201


@pytest.mark.parametrize("path", ["/", "/api/health", "/api/nothing", "/api/docs", "/plotly.js"])
def test_every_reply_carries_the_policy(fresh: TestClient, path: str) -> None:
    headers = fresh.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
    assert "http" not in policy.replace("https", "http").split("script-src")[1]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert "access-control-allow-origin" not in headers


def test_a_refusal_carries_the_policy_too(fresh: TestClient) -> None:
    refused = fresh.get("/", headers={"host": "evil.example"})
    assert "content-security-policy" in refused.headers


@pytest.mark.parametrize("path", ["/api/health", "/api/runs", "/api/nothing"])
def test_replies_of_the_interface_are_not_kept(fresh: TestClient, path: str) -> None:
    assert fresh.get(path).headers["cache-control"] == "no-store"


def test_a_websocket_is_closed_unheard(fresh: TestClient) -> None:
    with pytest.raises(WebSocketDisconnect) as caught, fresh.websocket_connect("/api/runs"):
        pass
    assert caught.value.code == NOT_ALLOWED


@pytest.mark.parametrize("length", [10, 10**4, 10**6])
@pytest.mark.parametrize("path", ["/static/main.js", "/", "/api/docs"])
def test_a_wild_range_is_answered_at_once(fresh: TestClient, path: str, length: int) -> None:
    spans = ",".join("0-0" for _ in range(length // 4))
    fresh.get(path)
    for wild in (f"bytes={spans}", f"bytes={'-' * length}", f"bytes={'9' * length}-"):

        def seconds(wild: str = wild) -> float:
            begun = time.perf_counter()
            reply = fresh.get(path, headers={"range": wild})
            taken = time.perf_counter() - begun
            assert reply.status_code < 500 and (length < 10**6 or reply.status_code == 413)
            return taken

        assert any(seconds() < 0.05 for _ in range(30))  # the machine may have other work


def test_the_web_process_has_no_way_to_fetch_an_address() -> None:
    code = f"import sys, backend.app; print(*sorted(set(sys.modules) & set({FETCHERS.split()})))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=CHECKOUT, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stdout.strip()) == (0, ""), done.stderr
