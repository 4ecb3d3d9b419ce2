"""Are the images that each layer finds like one that was sent told, and its place on every map?"""

import io
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

from backend.app import create_app
from backend.jobs.example import tell
from backend.runs.lock import Lock
from backend.runs.results import Results
from backend.settings import Settings
from models.data import load
from tests.backend.conftest import FILE, LOCAL, Quiet

Until = Callable[[Callable[[], object]], object]


@pytest.fixture(scope="module")
def client(trained: tuple[Path, str]) -> Iterator[TestClient]:
    with TestClient(create_app(Settings(home=trained[0]), Quiet()), base_url=LOCAL) as client:
        yield client


def searched(client: TestClient, content: bytes, run: str, until: Until) -> dict:
    example = client.post("/api/examples", content=content, headers=FILE)
    assert example.status_code == 201, example.text
    path = f"/api/examples/{example.json()['id']}"
    asked = {"run": run, "epoch": 1}
    reply = client.post(f"{path}/search", json=asked)
    assert (reply.status_code, reply.json()["state"]) == (202, "working"), reply.text
    until(lambda: client.get(f"{path}/search", params=asked).json()["state"] != "working")
    return client.get(f"{path}/search", params=asked).json() | {"path": path}


def test_an_image_of_the_map_finds_itself_in_every_layer(
    client: TestClient, trained: tuple[Path, str], until: Until
) -> None:
    home, run = trained
    dataset = load(client.get(f"/api/runs/{run}").json()["config"]["data"], home)
    image = int(dataset.indices("test")[3])
    pixels = dataset.images[image].transpose(1, 2, 0)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    found = searched(client, stream.getvalue(), run, until)
    assert (found["state"], found["error"]) == ("found", None)
    assert [layer["layer"] for layer in found["layers"]] == list(range(7))
    for layer in found["layers"]:
        first, second = layer["neighbours"][:2]
        assert first["image"] == image and first["distance"] < second["distance"] * 0.05
        path = f"/api/runs/{run}/layers/{layer['layer']}/neighbours/{image}?epoch=1"
        near = client.get(path).json()["neighbours"]
        assert second["image"] == near[0]["image"]
        assert second["distance"] == pytest.approx(near[0]["distance"], rel=0.02)
        assert np.isfinite([layer["x"], layer["y"]]).all()
        the_units_are_ranked_by_share(home / "runs" / run, image, layer)
    shown = client.get(f"{found['path']}/image")
    assert shown.headers["content-type"] == "image/png"
    assert (np.asarray(Image.open(io.BytesIO(shown.content))) == pixels).all()


def the_units_are_ranked_by_share(run: Path, image: int, layer: dict) -> None:
    """An image of the map is among those it is compared with: it ties with itself."""
    if not layer["layer"]:
        assert layer["units"] == []
        return
    results = Results(run)
    known = results.features(1, layer["layer"], "test")
    place = results.ids(1).tolist().index(image)
    best = results.read("maximizers", 1, layer["layer"])
    assert layer["units"]
    for row in layer["units"]:
        responses = known[:, row["unit"]]
        smaller = (responses < responses[place]).mean()
        assert smaller <= row["share"] <= smaller + 0.5  # the sent image differs by rounding
        assert row["image"] == best["top_image"][row["unit"], 0]
    told = [row["share"] for row in layer["units"]]
    assert told == sorted(told, reverse=True)


def test_how_far_a_search_is_can_be_asked_while_it_goes_on(
    client: TestClient, trained: tuple[Path, str]
) -> None:
    home, run = trained
    example = client.post("/api/examples", content=b"x", headers=FILE).json()["id"]
    folder, progress = home / "examples" / example, {"step": "encode", "done": 3, "of": 10}
    asked = {"params": {"run": run, "epoch": 1}}
    lock = Lock(folder / "lock")
    assert lock.take()
    begun = client.get(f"/api/examples/{example}/search", **asked).json()
    assert (begun["state"], begun["progress"]) == ("working", None)
    tell(folder, **progress)
    assert client.get(f"/api/examples/{example}/search", **asked).json()["progress"] == progress
    lock.release()
    ended = client.get(f"/api/examples/{example}/search", **asked).json()
    assert (ended["state"], ended["progress"]) == ("unknown", None)


def test_what_is_no_image_is_told_in_a_sentence(
    client: TestClient, trained: tuple[Path, str], until: Until
) -> None:
    found = searched(client, b"<html>", trained[1], until)
    assert (found["state"], found["layers"]) == ("failed", [])
    assert found["error"]["message"].startswith("the image is not a PNG, JPEG or WebP image")
    assert client.get(f"{found['path']}/image").status_code == 404


def test_a_wrong_wish_about_an_example_is_told(
    client: TestClient, trained: tuple[Path, str]
) -> None:
    run = trained[1]
    unknown = "/api/examples/0123456789abcdef"
    for path in (f"{unknown}/image", f"{unknown}/search?run={run}&epoch=1"):
        assert client.get(path).status_code == 404
    assert client.post(f"{unknown}/search", json={"run": run, "epoch": 1}).status_code == 404
    kept = client.post("/api/examples", content=b"x", headers=FILE).json()
    example = f"/api/examples/{kept['id']}"
    for asked in ({"run": run, "epoch": 7}, {"run": "nothing", "epoch": 1}):
        assert client.post(f"{example}/search", json=asked).status_code == 404
    assert client.get(f"{example}/search", params={"run": "..", "epoch": 1}).status_code == 404
    large = (b"\xff\xd8" + bytes(2**20) for _ in range(11))
    assert client.post("/api/examples", content=large, headers=FILE).status_code == 413


def test_what_was_sent_longer_than_a_day_ago_goes_as_the_server_starts(tmp_path: Path) -> None:
    old, new = (tmp_path / "examples" / (digit * 16) for digit in "ab")
    for folder in (old, new):
        folder.mkdir(parents=True)
        (folder / "original").touch()
    os.utime(old, (1, 1))
    with TestClient(create_app(Settings(home=tmp_path), Quiet()), base_url=LOCAL):
        assert (old.exists(), new.exists()) == (False, True)
