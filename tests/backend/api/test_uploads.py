"""Do images sent through the page become a data set?"""

import io
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

from backend.app import create_app
from backend.errors import DataError
from backend.jobs import intake
from backend.settings import Settings
from models.data import Dataset, load
from models.data.metadata import metadata_of
from tests.backend.api.sending import GREEN, RED, Until, drawn, send, taken_in
from tests.backend.conftest import FILE, LOCAL, Quiet
from tests.soak import hostile


def test_a_zip_becomes_a_data_set_whose_folders_are_classes(
    fresh: TestClient, home: Path, until: Until
) -> None:
    members = [hostile.Member(f"pets/cat/{n}.png", RED) for n in range(5)]
    members += [hostile.Member(f"pets/Hund (groß)/{n}.png", GREEN) for n in range(5)]
    members += [hostile.Member("pets/cat/notes.txt", b"not an image, only text")]
    members += [hostile.Member("__MACOSX/pets/cat/._1.png", b"x"), hostile.Member("pets/", b"")]
    path = send(fresh, {"pets.zip": hostile.Zip(members).bytes()})
    found = taken_in(fresh, path, until)
    assert (found["state"], found["images"], found["hidden"]) == ("ready", 10, 1)
    assert found["classes"] == {"Hund _groß_": 5, "cat": 5}
    reason = "is not a PNG, JPEG or WebP image"
    assert found["refused"] == [{"name": "pets/cat/notes.txt", "reason": reason}]
    assert len(list(home.glob(f"cache/{found['dataset']}-*/images.npy"))) == 1  # decoded already
    listed = {data["key"]: data for data in fresh.get("/api/datasets").json()}
    assert listed[found["dataset"]]["ready"] and listed[found["dataset"]]["title"] == "my pets"
    assert fresh.get(f"/api/datasets/{found['dataset']}/images/0").status_code == 200
    run = fresh.post("/api/runs", json={"config": {"data": found["dataset"]}}).json()
    assert run["dataset"] == found["dataset"]
    dataset = load(run["config"]["data"], home)
    assert dataset.classes == ("Hund _groß_", "cat") and len(dataset) == 10
    assert not (home / "uploads" / found["id"] / "incoming").exists()
    refused = fresh.delete(path)
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "conflict")


def test_a_table_beside_the_images_becomes_columns_to_colour_by(
    fresh: TestClient, home: Path, until: Until
) -> None:
    table = "\ufefffile,year,<b>camera</b>\r\n" + "".join(
        f"./{kind}\\{n}.png,{1990 + n},{kind} {n % 2}\r\n"
        for kind in ("cat", "dog")
        for n in range(5)
    )
    table += "dog/000001.png,1,x\r\n../../etc/passwd,2,y\r\n"
    members = [hostile.Member("pets/metadata.csv", table.encode())]
    members += [
        hostile.Member(f"pets/{kind}/{n}.png", drawn((n * 40, 0, side)))
        for side, kind in ((0, "cat"), (200, "dog"))
        for n in range(5)
    ]
    found = taken_in(fresh, send(fresh, {"pets.zip": hostile.Zip(members).bytes()}), until)
    assert (found["images"], found["classes"]) == (10, {"cat": 5, "dog": 5})
    assert (found["refused"], found["columns"]) == ([], ["year", "<b>camera</b>"])
    assert "2 of the 12 rows" in found["remarks"][0]

    dataset = load(fresh.app.state.service.uploads.spec(found["id"]), home)
    year, camera = metadata_of(dataset).columns
    for place, image in enumerate(dataset.images):
        red, _, blue = (int(value) for value in image[:, 40, 40])
        assert year.values[place] == 1990 + round(red / 40)
        assert camera.words[camera.values[place]] == (
            f"{'dog' if blue > 100 else 'cat'} {round(red / 40) % 2}"
        )
    told = fresh.get(f"/api/datasets/{found['dataset']}/metadata").json()
    assert [column["name"] for column in told["columns"]] == ["year", "<b>camera</b>"]


def test_a_table_that_is_none_is_left_out_by_name_and_one_beside_plain_images_is_read(
    fresh: TestClient, until: Until
) -> None:
    images = {"a.png": RED, "b.png": GREEN}
    for table in (b"file\na.png\n", b'file,x\na.png,"open', b""):
        found = taken_in(fresh, send(fresh, images | {"metadata.csv": table}), until)
        assert (found["images"], found["columns"]) == (2, [])
        assert [item["name"] for item in found["refused"]] == ["metadata.csv"]
    flat = [hostile.Member(f"flat/{name}", content) for name, content in images.items()]
    flat.append(hostile.Member("flat/metadata.csv", b"file,x\na.png,3\n"))
    found = taken_in(fresh, send(fresh, {"flat.zip": hostile.Zip(flat).bytes()}), until)
    assert (found["columns"], found["remarks"]) == (["x"], [])
    elsewhere = {f"{kind}/1.png": RED for kind in ("cat", "dog")} | {"cat/metadata.csv": b"f,x\n"}
    found = taken_in(fresh, send(fresh, elsewhere), until)
    assert [item["name"] for item in found["refused"]] == ["cat/metadata.csv"]


def test_an_upload_is_taken_back_while_it_is_sent_and_while_it_is_read(
    fresh: TestClient, home: Path
) -> None:
    path = send(fresh, {"a.png": RED})
    assert fresh.delete(path).status_code == 204
    again = fresh.put(f"{path}/files/2", params={"name": "b.png"}, content=RED, headers=FILE)
    assert (again.status_code, again.json()["error"]["code"]) == (404, "not_found")

    noise = np.random.default_rng(0).integers(0, 256, (900, 900, 3), np.uint8)
    stream = io.BytesIO()
    Image.fromarray(noise).save(stream, "PNG", compress_level=1)
    path = send(fresh, {f"{n}.png": stream.getvalue() for n in range(40)})
    assert fresh.post(f"{path}/finish").json()["state"] == "working"
    [child] = fresh.app.state.service.uploads.errands.children.values()
    assert fresh.delete(path).status_code == 204
    assert child.poll() is not None
    assert fresh.get(path).status_code == 404
    assert list((home / "uploads").iterdir()) == []


def test_a_table_that_cannot_be_read_leaves_its_images_and_a_second_try_replaces_the_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = tmp_path / "incoming"
    given.mkdir()
    (given / "000001").write_bytes(RED)
    (given / "name-000001").write_text("a.png")

    def refused(_: Dataset) -> None:
        raise DataError("metadata.csv is larger than 32 MiB")

    monkeypatch.setattr(intake, "metadata_of", refused)
    for _ in range(2):
        report = intake.take_in(tmp_path, tmp_path / "home")
        assert (report.error, report.images, report.columns) == (None, 1, [])
        assert report.remarks == ["metadata.csv is larger than 32 MiB"]


def test_several_images_become_a_data_set_without_classes(
    fresh: TestClient, home: Path, until: Until
) -> None:
    turned = Image.Exif()
    turned[0x0112] = 6
    odd = drawn((0, 0, 255), "JPEG", exif=turned.tobytes())
    path = send(fresh, {"a.png": RED, "b.jpg": odd, "c.gif": drawn((1, 2, 3), "GIF"), "d.png": b""})
    found = taken_in(fresh, path, until)
    assert (found["images"], found["classes"]) == (2, {})
    reasons = {item["name"]: item["reason"] for item in found["refused"]}
    assert reasons == {"c.gif": "is not a PNG, JPEG or WebP image", "d.png": "is empty"}
    assert fresh.get(f"/api/datasets/{found['dataset']}/atlas").status_code == 200
    assert [*home.glob("cache/*/*.npy"), *home.glob("cache/pictures/*/*.png")]
    assert fresh.delete(path).status_code == 204
    assert fresh.get(path).status_code == 404
    assert found["dataset"] not in {data["key"] for data in fresh.get("/api/datasets").json()}
    assert fresh.get(f"/api/datasets/{found['dataset']}/images/0").status_code == 404
    assert [path for path in home.glob("cache/**/*") if path.is_file()] == []


def test_folders_for_training_and_testing_are_kept(fresh: TestClient, home: Path, until) -> None:
    files = {f"{part}/cat/{n}.png": RED for part in ("train", "test") for n in range(3)}
    found = taken_in(fresh, send(fresh, files | {"other/x.png": GREEN}), until)
    assert (found["images"], found["classes"]) == (6, {"cat": 6})
    assert [item["name"] for item in found["refused"]] == ["other/x.png"]
    dataset = load(fresh.app.state.service.uploads.spec(found["id"]), home)
    assert [len(dataset.indices(split)) for split in ("train", "test")] == [3, 3]


def test_a_file_sent_again_takes_the_place_of_the_first(fresh: TestClient, until: Until) -> None:
    path = send(fresh, {"a.png": b"cut short"})
    assert (
        fresh.put(
            f"{path}/files/1", params={"name": "a.png"}, content=RED, headers=FILE
        ).status_code
        == 204
    )
    assert taken_in(fresh, path, until)["images"] == 1


def test_an_upload_that_was_cut_short_is_told_as_that_and_can_be_read_again(
    home: Path, until: Until
) -> None:
    settings = Settings(home=home, pretrained=home / "none")
    with TestClient(create_app(settings, Quiet()), base_url=LOCAL) as client:
        path = send(client, {"a.png": RED})
    (home / "uploads" / path[-16:] / "begun").touch()  # the child died with its machine
    with TestClient(create_app(settings, Quiet()), base_url=LOCAL) as client:
        found = client.get(path).json()
        assert (found["state"], found["error"]["code"]) == ("failed", "interrupted")
        assert taken_in(client, path, until)["state"] == "ready"


def test_what_was_never_finished_goes_after_a_day(fresh: TestClient) -> None:
    old = send(fresh, {"a.png": RED})
    fresh.app.state.service.uploads.clock = lambda: time.time() + 25 * 3600
    send(fresh, {})
    assert fresh.get(old).status_code == 404


def test_what_is_kept_has_the_pixels_that_were_sent(fresh: TestClient, home: Path, until) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (96, 96, 3), np.uint8)
    stream = io.BytesIO()
    Image.fromarray(noise).save(stream, "PNG")
    found = taken_in(fresh, send(fresh, {"a.png": stream.getvalue(), "b.png": RED}), until)
    dataset = load(fresh.app.state.service.uploads.spec(found["id"]), home)
    assert any((image.transpose(1, 2, 0) == noise).all() for image in dataset.images)
