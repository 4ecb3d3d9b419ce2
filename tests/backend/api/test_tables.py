"""Do the files of a checkpoint hold what the page shows, and can a ZIP be opened anywhere?"""

import csv
import io
import json
import threading
import zipfile
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

from backend.api import pictures
from backend.api.album import folder
from backend.api.exports import AT_ONCE
from backend.api.tables import harmless
from backend.runs.results import Results


def rows(site: TestClient, path: str) -> list[dict[str, str]]:
    reply = site.get(path)
    assert reply.status_code == 200, reply.text
    assert reply.headers["content-type"].startswith("text/csv")
    first, _, rest = reply.text.partition("\n")
    assert first.startswith("# Saccade: run ")
    return list(csv.DictReader(io.StringIO(rest)))


def test_a_crowd_that_asks_for_files_is_told_to_come_again_and_the_server_goes_on(
    site: TestClient, trained, results: Results, monkeypatch
) -> None:
    run, image = trained[1], int(results.ids(2)[0])
    album = f"/api/runs/{run}/selection.zip"
    for _ in range(AT_ONCE + 1):  # what is refused leaves its place
        assert site.post(album, json={"images": [10**6]}).status_code == 404

    go, begun = threading.Event(), threading.Semaphore(0)
    drawn = pictures.png_of

    def slow(picture: Image.Image) -> bytes:
        begun.release()
        assert go.wait(60)
        return drawn(picture)

    monkeypatch.setattr(pictures, "png_of", slow)
    with ThreadPoolExecutor(AT_ONCE) as crowd:
        asked = [crowd.submit(site.post, album, json={"images": [image]}) for _ in range(AT_ONCE)]
        for _ in asked:
            assert begun.acquire(timeout=60)
        for name in ("coordinates.csv", "coordinates.npz", "units.csv", "probes.csv"):
            reply = site.get(f"/api/runs/{run}/{name}")
            assert (reply.status_code, reply.json()["error"]["code"]) == (429, "busy")
            assert int(reply.headers["retry-after"]) > 0
        assert site.post(album, json={"images": [image]}).status_code == 429
        assert site.get("/api/health").status_code == 200
        go.set()
        assert [reply.result().status_code for reply in asked] == [200] * AT_ONCE
    assert site.get(f"/api/runs/{run}/probes.csv").status_code == 200


def test_coordinates_are_those_of_the_maps(site: TestClient, trained, results: Results) -> None:
    run = trained[1]
    told = rows(site, f"/api/runs/{run}/coordinates.csv?epoch=1")
    assert [int(row["image"]) for row in told] == results.ids(1).tolist()
    assert {row["class"] for row in told} == {"across", "down", "slanted"}
    for layer in (0, 6):
        x = np.array([row[f"x_layer{layer}"] for row in told], np.float32)
        np.testing.assert_array_equal(x, results.read("embedding", 1, layer)["x"])

    reply = site.get(f"/api/runs/{run}/coordinates.npz?epoch=1")
    assert "epoch-1-coordinates.npz" in reply.headers["content-disposition"]
    with np.load(io.BytesIO(reply.content), allow_pickle=False) as found:
        assert found["x"].shape == found["y"].shape == (7, 10)
        np.testing.assert_array_equal(found["y"][6], results.read("embedding", 1, 6)["y"])
        np.testing.assert_array_equal(found["labels"], results.labels(1))
        about = json.loads(str(found["about"]))
    assert (about["run"], about["epoch"], len(about["parameters"])) == (run, 1, 7)


def test_units_and_probes_are_those_of_the_analysis(site: TestClient, trained, results) -> None:
    run = trained[1]
    units = rows(site, f"/api/runs/{run}/units.csv?epoch=1")
    found = results.read("selectivity", 1, 3)
    own = [row for row in units if row["layer"] == "3"]
    assert len(own) == len(found["sparseness"])
    told = np.array([row["dprime down"] for row in own], np.float32)
    np.testing.assert_array_equal(told, found["dprime"][:, 1])
    assert not any("nan" in value.lower() for row in units for value in row.values())

    probes = rows(site, f"/api/runs/{run}/probes.csv")
    assert {row["epoch"] for row in probes} == {"0", "1", "2"}
    last = next(row for row in probes if (row["epoch"], row["layer"]) == ("2", "6"))
    assert np.float32(last["accuracy"]) == results.read("probe", 2, 6)["accuracy"]


def test_a_selection_is_a_folder_of_png_images(site: TestClient, trained, results) -> None:
    run, ids = trained[1], results.ids(2)
    chosen = ids[[0, 4, 7]].tolist()
    reply = site.post(f"/api/runs/{run}/selection.zip", json={"images": chosen + chosen[:1]})
    assert reply.status_code == 200
    with zipfile.ZipFile(io.BytesIO(reply.content)) as album:
        assert album.testzip() is None
        listed = list(csv.DictReader(io.StringIO(album.read("selection.csv").decode())))
        assert [int(row["image"]) for row in listed] == chosen
        assert {row["file"] for row in listed} == {*album.namelist()} - {"selection.csv"}
        for row in listed:
            assert row["file"] == f"{row['class']}/{row['image']}.png"
            assert Image.open(io.BytesIO(album.read(row["file"]))).size == (64, 64)


@pytest.mark.parametrize(
    ("images", "status"), [([], 422), ([10**6], 404), (list(range(2001)), 422), (["a"], 422)]
)
def test_what_is_no_selection_is_refused(site: TestClient, trained, images, status: int) -> None:
    reply = site.post(f"/api/runs/{trained[1]}/selection.zip", json={"images": images})
    assert reply.status_code == status
    assert reply.json()["error"]["message"]


@pytest.mark.parametrize(
    ("name", "becomes"),
    [("../../x", "x"), ("a/b", "a_b"), ("", "no label"), ("..", "no label"), ("häuser", "häuser")],
)
def test_a_class_is_a_folder_that_leads_nowhere_else(name: str, becomes: str) -> None:
    assert folder(name) == becomes


def test_a_cell_is_no_formula_and_no_nan() -> None:
    assert harmless("=1+1") == "'=1+1"
    assert harmless(float("nan")) == "" == harmless(None)
    assert harmless(float(np.float32(0.1))) == "0.1"
