"""Are images, patches and sheets of thumbnails the right ones, and never more than was asked?"""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

from backend.api.shelf import LOOK, Shelf
from backend.app import create_app
from backend.settings import Settings
from models.data import key_of, load
from tests.backend.conftest import LOCAL, TEST, TRAIN, Quiet


@pytest.fixture(scope="module")
def key(pack: Path) -> str:
    return key_of(str(pack))


def pixels(png: bytes) -> np.ndarray:
    picture = Image.open(io.BytesIO(png))
    assert picture.format == "PNG"
    return np.asarray(picture)


@pytest.fixture
def images(home: Path, pack: Path) -> np.ndarray:
    return load(str(pack), home).images.transpose(0, 2, 3, 1)


def test_an_image_is_the_one_with_that_id(fresh: TestClient, key: str, images: np.ndarray) -> None:
    for image in (0, 5, TRAIN + TEST - 1):
        reply = fresh.get(f"/api/datasets/{key}/images/{image}")
        assert reply.headers["content-type"] == "image/png"
        np.testing.assert_array_equal(pixels(reply.content), images[image])


@pytest.mark.parametrize("size", [8, 32, 128, 512])
def test_an_image_has_the_size_that_was_asked_for(fresh: TestClient, key: str, size: int) -> None:
    reply = fresh.get(f"/api/datasets/{key}/images/1", params={"size": size})
    assert pixels(reply.content).shape == (size, size, 3)


def test_a_patch_is_cut_where_the_unit_saw_it(
    fresh: TestClient, key: str, images: np.ndarray
) -> None:
    for left, top in ((0, 0), (24, 24), (16, 48)):
        where = {"box": f"{left},{top},{left + 16},{top + 16}", "size": 64}
        cut = pixels(fresh.get(f"/api/datasets/{key}/images/4", params=where).content)
        wanted = images[4, top : top + 16, left : left + 16]
        np.testing.assert_array_equal(cut[::4, ::4], wanted)
        np.testing.assert_array_equal(cut[3::4, 3::4], wanted)


def test_a_part_keeps_its_proportions(fresh: TestClient, key: str, images: np.ndarray) -> None:
    path = f"/api/datasets/{key}/images/4"
    whole = pixels(fresh.get(path, params={"box": "8,0,40,16"}).content)
    np.testing.assert_array_equal(whole, images[4, 0:16, 8:40])
    assert pixels(fresh.get(path, params={"box": "8,0,40,16", "size": 64}).content).shape[:2] == (
        32,
        64,
    )


def test_a_sheet_shows_a_split_in_the_order_of_its_ids(
    fresh: TestClient, key: str, images: np.ndarray
) -> None:
    reply = fresh.get(f"/api/datasets/{key}/atlas", params={"size": 64})
    columns, rows = int(reply.headers["x-columns"]), int(reply.headers["x-rows"])
    assert (columns, rows) == (4, 3)
    sheet = pixels(reply.content)
    for place in range(TEST):
        row, column = divmod(place, columns)
        tile = sheet[row * 64 : row * 64 + 64, column * 64 : column * 64 + 64]
        np.testing.assert_array_equal(tile, images[TRAIN + place])


def test_a_picture_is_sent_once_and_a_sheet_drawn_once(
    fresh: TestClient, key: str, home: Path
) -> None:
    for path in (f"/api/datasets/{key}/atlas", f"/api/datasets/{key}/images/3?size=32"):
        first = fresh.get(path)
        assert "max-age=" in first.headers["cache-control"]
        again = fresh.get(path, headers={"if-none-match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
    assert len(list((home / "cache" / "pictures").glob("*/*.png"))) == 1
    assert fresh.get(f"/api/datasets/{key}/atlas").headers["x-columns"] == "4"


def test_a_cache_that_cannot_be_written_costs_no_picture(
    fresh: TestClient, key: str, home: Path
) -> None:
    fresh.get(f"/api/datasets/{key}/images/1")
    (home / "cache" / "pictures").write_text("a file where a folder must be")
    assert fresh.get(f"/api/datasets/{key}/atlas").status_code == 200


@pytest.mark.parametrize(
    ("path", "status", "told"),
    [
        ("nothing/images/1", 404, "there is no data set"),
        ("..%2f..%2fetc/images/1", 404, "nothing at"),
        ("%2e%2e/images/1", 404, "there is no data set"),
        ("{key}/images/34", 404, "its images are 0 to 33"),
        ("{key}/images/-1", 404, "its images are 0 to 33"),
        ("{key}/images/one", 404, "a number is wanted"),
        ("{key}/images/1?size=513", 422, "size"),
        ("{key}/images/1?size=7", 422, "size"),
        ("{key}/images/1?box=56,0,72,16", 404, "an image of 64 x 64 pixels"),
        ("{key}/images/1?box=16,0,16,16", 404, "left must be less than right"),
        ("{key}/images/1?box=1,2", 422, "left,top,right,bottom"),
        ("{key}/images/1?box=a,b,c,d", 422, "left,top,right,bottom"),
        ("{key}/atlas?size=4", 422, "size"),
        ("{key}/atlas?split=all", 404, "train, test, unlabelled"),
        ("{key}/atlas?split=unlabelled", 404, "has no unlabelled images"),
    ],
)
def test_what_cannot_be_shown_is_told_in_a_sentence(
    fresh: TestClient, key: str, path: str, status: int, told: str
) -> None:
    reply = fresh.get(f"/api/datasets/{path.format(key=key)}")
    assert reply.status_code == status
    assert told in reply.json()["error"]["message"]


def test_an_image_larger_than_stored_is_made_from_its_original(tmp_path: Path, home: Path) -> None:
    folder = tmp_path / "photos" / "grey"
    folder.mkdir(parents=True)
    y, x = np.mgrid[:300, :400]
    fine = ((x // 2 + y // 2) % 2 * 255).astype(np.uint8)
    for number in range(4):
        Image.fromarray(fine).save(folder / f"{number}.png")
    settings = Settings(home=home, data=(str(folder.parent),), pretrained=home)
    with TestClient(create_app(settings, Quiet()), base_url=LOCAL) as client:
        path = f"/api/datasets/{key_of(str(folder.parent))}/images/0"
        large = pixels(client.get(path, params={"size": 300}).content)
        assert large.shape == (300, 300, 3)
        assert large.std() > 120  # the fine squares are there; the 96 pixels lost them
        small = pixels(client.get(path).content)
        assert small.shape == (96, 96, 3) and small.std() < 60
        for file in folder.iterdir():
            file.unlink()
        assert client.get(path, params={"size": 256}).status_code == 200


def test_images_of_a_folder_that_has_changed_are_those_it_has_now(
    tmp_path: Path, home: Path
) -> None:
    folder, now = tmp_path / "shades", [0.0]
    (folder / "grey").mkdir(parents=True)
    paint = lambda shade: Image.new("RGB", (96, 96), (shade,) * 3)  # noqa: E731
    for shade in (10, 30):
        paint(shade).save(folder / "grey" / f"{shade}.png")
    shelf, key = Shelf(home, lambda: [str(folder)], lambda: now[0]), key_of(str(folder))
    shades = lambda: shelf.open(key).images[:, 0, 0, 0].tolist()  # noqa: E731
    assert shades() == [10, 30]
    paint(20).save(folder / "grey" / "20.png")
    assert shades() == [10, 30], "it is not asked at each image whether files have changed"
    now[0] += LOOK
    assert shades() == [10, 20, 30]
    for file in folder.glob("*/*"):
        file.unlink()
    now[0] += LOOK
    assert shades() == [10, 20, 30], "what is gone is shown as it was"


def test_the_data_sets_say_which_are_ready(fresh: TestClient, key: str) -> None:
    listed = {row["key"]: row for row in fresh.get("/api/datasets").json()}
    assert listed["photos"]["ready"] and listed["photos"]["reason"] is None
    assert not listed["stl10"]["ready"] and "saccade data get stl10" in listed["stl10"]["reason"]
    assert listed[key]["ready"] and listed[key]["title"] == "stripes"
