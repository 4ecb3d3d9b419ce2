"""Who may talk to the server, and what does every reply forbid the browser?"""

import pytest
from starlette.testclient import TestClient

from backend.security import BODY_LIMIT, Hosts

OURS = ["127.0.0.1", "127.0.0.1:8000", "localhost:8000", "LOCALHOST", "[::1]:8000"]
THEIRS = ["evil.example", "127.0.0.1.evil.example", "127.0.0.1@evil.example", "", "a b", "10.0.0.7"]


@pytest.mark.parametrize("host", OURS)
def test_names_of_this_computer_are_known(host: str) -> None:
    assert Hosts("127.0.0.1").knows(host)


@pytest.mark.parametrize("host", THEIRS)
def test_other_names_are_not(host: str, fresh: TestClient) -> None:
    assert not Hosts("127.0.0.1").knows(host)
    reply = fresh.get("/api/health", headers={"host": host})
    assert (reply.status_code, reply.json()["error"]["code"]) == (403, "refused")


def test_a_server_on_every_address_answers_to_figures_but_not_to_foreign_names() -> None:
    hosts = Hosts("0.0.0.0", ["lab.example"])
    assert hosts.knows("10.0.0.7:8000") and hosts.knows("lab.example")
    assert not hosts.knows("evil.example")


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:9"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
@pytest.mark.parametrize("method", ["POST", "DELETE", "PUT"])
def test_another_page_can_change_nothing(fresh: TestClient, method: str, headers: dict) -> None:
    reply = fresh.request(method, "/api/runs", headers=headers, json={})
    assert (reply.status_code, reply.json()["error"]["code"]) == (403, "refused")
    assert fresh.get("/api/runs").json() == {"runs": []}


@pytest.mark.parametrize(
    "headers", [{}, {"origin": "http://127.0.0.1"}, {"sec-fetch-site": "same-origin"}]
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


def test_a_body_over_the_limit_is_refused_whether_its_length_is_told_or_not(
    fresh: TestClient,
) -> None:
    told = fresh.post("/api/runs", content=b"x" * (BODY_LIMIT + 1))
    untold = fresh.post("/api/runs", content=(b"x" * 2**16 for _ in range(17)))
    assert [(r.status_code, r.json()["error"]["code"]) for r in (told, untold)] == [
        (413, "too_large")
    ] * 2


def test_a_body_at_the_limit_is_read(fresh: TestClient) -> None:
    body = b'{"config": {}, "name": ""}'.ljust(BODY_LIMIT)
    reply = fresh.post("/api/runs", content=body, headers={"content-type": "application/json"})
    assert reply.status_code == 201
