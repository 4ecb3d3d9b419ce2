"""Which bodies are read, and which are refused before any route sees them?"""

import asyncio
import re

import pytest
from starlette.datastructures import Headers
from starlette.testclient import TestClient

from backend.errors import MediaTypeError, TooLargeError
from backend.security import bodies
from backend.security.bodies import DEPTH, JSON_LIMIT, Upload

JSON = {"content-type": "application/json"}


def test_a_body_over_the_limit_is_refused_whether_its_length_is_told_or_not(
    fresh: TestClient,
) -> None:
    told = fresh.post("/api/runs", content=b"x" * (JSON_LIMIT + 1))
    untold = fresh.post("/api/runs", content=(b"x" * 2**16 for _ in range(17)))
    lying = fresh.get("/api/runs", headers={"content-length": "9" * 30})
    for reply in (told, untold, lying):
        assert (reply.status_code, reply.json()["error"]["code"]) == (413, "too_large")


def test_a_body_at_the_limit_is_read(fresh: TestClient) -> None:
    body = b'{"config": {}, "name": ""}'.ljust(JSON_LIMIT)
    assert fresh.post("/api/runs", content=body, headers=JSON).status_code == 201


@pytest.mark.parametrize(
    "kind",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""],
)
def test_what_a_form_of_another_page_could_send_is_refused(fresh: TestClient, kind: str) -> None:
    reply = fresh.post("/api/runs", content=b'{"config": {}}', headers={"content-type": kind})
    assert (reply.status_code, reply.json()["error"]["code"]) == (415, "bad_type")
    assert fresh.get("/api/runs").json() == {"runs": []}


def test_no_body_needs_no_type(fresh: TestClient) -> None:
    assert fresh.post("/api/runs/nobody/stop").status_code == 404
    kind = {"content-type": "application/json; charset=utf-8"}
    assert fresh.post("/api/runs", content=b"{}", headers=kind).status_code == 201


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", "1e999", "-1e400"])
def test_what_is_no_finite_number_is_refused(fresh: TestClient, text: str) -> None:
    body = f'{{"config": {{"learning_rate": {text}}}}}'.encode()
    reply = fresh.post("/api/runs", content=body, headers=JSON)
    assert reply.status_code == 422
    assert f"{text} is no number" in reply.json()["error"]["message"]


@pytest.mark.parametrize("opening", ["[", '{"a":'])
@pytest.mark.parametrize("depth", [DEPTH + 1, 5000, 100_000])
def test_what_lies_too_deep_is_refused(fresh: TestClient, opening: str, depth: int) -> None:
    closing = "]" if opening == "[" else "}"
    body = (opening * depth + "1" + closing * depth).encode()
    reply = fresh.post("/api/runs", content=body, headers=JSON)
    assert reply.status_code == 422
    assert f"more than {DEPTH} deep" in reply.json()["error"]["message"]


def test_depth_is_counted_to_the_last_level() -> None:
    bodies.check_json(b"[" * DEPTH + b"1" + b"]" * DEPTH)
    bodies.check_json(b'"[[[' + b"[" * 100 + b'"')


def test_an_upload_has_its_own_types_and_limit_and_is_read_as_it_comes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    row = Upload(re.compile("/api/files"), ("application/octet-stream",), 10)
    monkeypatch.setattr(bodies, "UPLOADS", (row,))

    def read(parts: list[bytes], **headers: str) -> bytes:
        kind = {"content-type": "application/octet-stream"}
        headers = kind | {name.replace("_", "-"): value for name, value in headers.items()}

        async def receive():
            return {"type": "http.request", "body": parts.pop(0), "more_body": bool(parts)}

        async def whole() -> bytes:
            given = await bodies.checked("/api/files", Headers(headers), receive)
            found, more = b"", True
            while more:
                message = await given()
                found, more = found + message["body"], message["more_body"]
            return found

        return asyncio.run(whole())

    assert read([b"12345", b"67890"]) == b"1234567890"
    with pytest.raises(TooLargeError):
        read([b"12345", b"678901"])
    with pytest.raises(TooLargeError):
        read([b""], content_length="11")
    with pytest.raises(MediaTypeError):
        read([b"{}"], content_type="application/json")
