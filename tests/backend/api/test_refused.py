"""Is what cannot be taken of an upload refused in a sentence, and does nothing of it stay?"""

import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from backend.app import create_app
from backend.jobs import intake
from backend.jobs import uploads as jobs_uploads
from backend.jobs.uploads import Uploads
from backend.settings import Settings
from tests.backend.api.sending import RED, Until, send, taken_in
from tests.backend.conftest import FILE, LOCAL, Quiet
from tests.soak import hostile, uploads


def test_a_file_that_comes_while_its_upload_is_removed_is_told_in_a_sentence(
    fresh: TestClient,
) -> None:
    path = send(fresh, {})

    def body() -> Iterator[bytes]:
        yield RED[:20]
        fresh.app.state.service.uploads.remove(path[-16:])
        yield RED[20:]

    reply = fresh.put(f"{path}/files/1", params={"name": "a"}, content=body(), headers=FILE)
    assert (reply.status_code, reply.json()["error"]["code"]) == (404, "not_found")
    assert "was removed while the file came" in reply.json()["error"]["message"]


@pytest.mark.parametrize("when", ["as they are found", "after that"])
def test_an_upload_that_is_removed_while_they_are_listed_is_left_out(
    fresh: TestClient, home: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    stays, goes = send(fresh, {})[-16:], send(fresh, {})[-16:]
    owner, name = (Path, "glob") if when == "as they are found" else (Uploads, "ids")
    looked = getattr(owner, name)

    def meanwhile(*words: object) -> list:
        found = list(looked(*words))
        if words[1:] in ((), ("*/about.json",)):
            shutil.rmtree(home / "uploads" / goes, ignore_errors=True)
        return found

    monkeypatch.setattr(owner, name, meanwhile)
    reply = fresh.get("/api/uploads")
    assert [found["id"] for found in reply.json()["uploads"]] == [stays], reply.text


def test_nothing_but_refused_files_is_told_in_a_sentence(fresh: TestClient, until: Until) -> None:
    found = taken_in(fresh, send(fresh, {"a.txt": b"text", "b.zip": b"PK\3\4"}), until)
    assert (found["state"], found["dataset"]) == ("failed", None)
    assert found["error"]["code"] == "bad_data"
    assert found["error"]["message"].startswith("none of the 2 files can be used: b.zip is no")
    assert {item["name"] for item in found["refused"]} == {"a.txt", "b.zip"}


def test_the_bytes_of_an_upload_are_counted_without_a_look_at_each_file(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(home=home, pretrained=home / "none")
    monkeypatch.setattr(jobs_uploads, "TOTAL_BYTES", 1000)

    def put(client: TestClient, number: int, size: int) -> int:
        return client.put(f"{path}/files/{number}", content=bytes(size), headers=FILE).status_code

    with TestClient(create_app(settings, Quiet()), base_url=LOCAL) as client:
        path = send(client, {})
        with monkeypatch.context() as patch:
            looked = Path.glob

            def glob(folder: Path, pattern: str) -> list[Path]:
                found = list(looked(folder, pattern))
                assert not found or folder.name != "incoming", "its files were listed again"
                return found

            patch.setattr(Path, "glob", glob)
            assert [put(client, n, 400) for n in (1, 2, 3)] == [204, 204, 413]
            assert [put(client, 2, 500), put(client, 3, 200)] == [204, 413]
    with TestClient(create_app(settings, Quiet()), base_url=LOCAL) as client:
        assert [put(client, 3, 200), put(client, 2, 100), put(client, 3, 200)] == [413, 204, 204]


@pytest.mark.parametrize(
    ("verb", "path", "status"),
    [
        ("GET", "/api/uploads/nothing", 404),
        ("GET", "/api/uploads/..%2f..", 404),
        ("PUT", "/api/uploads/0123456789abcdef/files/1", 404),
        ("POST", "/api/uploads/0123456789abcdef/finish", 404),
        ("DELETE", "/api/uploads/0123456789abcdef", 404),
        ("PUT", "{own}/files/0", 413),
        ("PUT", "{own}/files/20001", 413),
        ("PUT", "{own}/files/x", 404),
        ("POST", "{own}/finish", 409),
    ],
)
def test_a_wrong_wish_about_an_upload_is_told(
    fresh: TestClient, verb: str, path: str, status: int
) -> None:
    body = {"content": b"x", "headers": FILE} if verb == "PUT" else {}
    reply = fresh.request(verb, path.format(own=send(fresh, {})), **body)
    assert reply.status_code == status and len(reply.json()["error"]["message"]) > 10


def test_an_image_that_is_too_large_is_refused_and_leaves_nothing(
    fresh: TestClient, home: Path
) -> None:
    path = send(fresh, {})
    chunks = (b"\xff\xd8" + bytes(2**20) for _ in range(12))  # of no length that is told
    reply = fresh.put(f"{path}/files/1", params={"name": "a.jpg"}, content=chunks, headers=FILE)
    assert (reply.status_code, reply.json()["error"]["code"]) == (413, "too_large")
    assert list(home.glob("uploads/*/incoming/*")) == []


def test_a_full_disk_takes_no_upload(fresh: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    path = send(fresh, {})
    usage = shutil.disk_usage("/")._replace(free=10**6)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    begun = fresh.post("/api/uploads", json={})
    sent = fresh.put(f"{path}/files/1", content=RED, headers=FILE)
    for reply in (begun, sent):
        assert (reply.status_code, reply.json()["error"]["code"]) == (507, "disk_full")


def test_no_hostile_archive_writes_elsewhere_and_each_is_told(tmp_path: Path) -> None:
    for what, tried, bad, note in uploads.archives(tmp_path, 200):
        print(f"{what}: {tried} tried, {bad} bad ({note})")
        assert (bad, tried) == (0, 200), f"{what}: {note}"


def test_no_odd_image_is_an_error_of_the_server_and_each_is_shown_or_named(home: Path) -> None:
    for what, tried, bad, note in uploads.images(home, 500):
        print(f"{what}: {tried} tried, {bad} bad ({note})")
        assert (bad, tried) == (0, 500), f"{what}: {note}"


@pytest.mark.parametrize(
    ("what", "told"),
    [
        ("symbolic link", "is a symbolic link"),
        ("character device", "is a device or a pipe, not a file"),
        ("bomb of zeros", "unpacks to more than 100 times its size, as a bomb does"),
        ("too large", "has 10.0 MB unpacked, and at most 10 are read"),
        ("wrong checksum", "is damaged: its checksum is wrong"),
        ("encrypted", "is encrypted"),
        ("two names", "is told in two ways by the archive"),
        ("archive in an archive", "is an archive; unpack it and send its images"),
        ("says it is smaller", "is damaged: it has another size than the archive says"),
        ("overlapping files", "is a bomb: files in it overlap"),
        ("a million files said", "lists more than the 50,000 files that are read"),
        ("more files than listed", "says that it holds 3 files and lists 1"),
        ("image bomb", "has far more than the 40 megapixels that are read"),
    ],
)
def test_each_kind_of_hostility_has_its_own_reason(tmp_path: Path, what: str, told: str) -> None:
    good = hostile.Member("cat/good.png", RED)
    (tmp_path / "incoming").mkdir()
    (tmp_path / "incoming" / "000001").write_bytes(hostile.KINDS[what](random.Random(0), good))
    (tmp_path / "incoming" / "name-000001").write_text("a.zip")
    (tmp_path / "about.json").write_text('{"title": "x"}')
    report = intake.take_in(tmp_path)
    reasons = [item["reason"] for item in report.refused]
    assert any(told in reason for reason in reasons), (reasons, report.error)
