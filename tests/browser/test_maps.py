"""Do the maps show what is known of each image, and does a selection hold what was drawn around?"""

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, Route, expect

from backend.jobs.inline import Inline
from backend.jobs.queue import Queue
from backend.runs.store import Store
from models.config import TrainConfig
from models.data import key_of
from tests.browser.conftest import reply_of, served
from tests.browser.seen import (
    BY_THE_CLOCK,
    PHONE,
    addressed,
    drag,
    inked,
    look,
    map_drawn,
    maps_drawn,
    pictured,
    pixels_of,
)
from tests.wire import array

Visit = Callable[..., Page]
TRAIN, TEST, SIDE = 40, 60, 64
HOSTILE = "<img src=x onerror=alert(1)>"
FOLD = """(on) => [".surface", ".strip-track", ".row-track"].forEach((name) => {
  for (const { style } of document.querySelectorAll(name)) {
    const flat = { flex: "none", height: "0", "min-height": "0", overflow: "hidden" };
    for (const [name, value] of Object.entries(flat)) style.setProperty(name, on ? value : "");
  }
})"""
TWO_FRAMES = """() => new Promise((go) => {
    requestAnimationFrame(() => requestAnimationFrame(() => go(true)));
})"""


def stripes(path: Path) -> None:
    """A pack of stripes in three directions with two columns of metadata."""
    draw, files = np.random.default_rng(0), []
    y, x = np.mgrid[:SIDE, :SIDE]
    labels = np.arange(TRAIN + TEST, dtype=np.int16) % 3
    for label in labels:
        phase = (x, y, x + y)[label] / draw.uniform(2, 9) + draw.uniform(0, 6)
        colour = draw.uniform(40, 255, 3)
        pixels = (0.5 + 0.5 * np.sin(phase))[..., None] * colour + draw.normal(
            0, 20, (SIDE, SIDE, 3)
        )
        stream = io.BytesIO()
        Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(stream, "PNG")
        files.append(stream.getvalue())
    year = 1990.0 + np.arange(TRAIN + TEST)
    year[-1] = np.nan
    np.savez(
        path,
        data=np.frombuffer(b"".join(files), np.uint8),
        offsets=np.cumsum([0, *map(len, files)], dtype=np.int64),
        labels=labels,
        split=np.repeat(np.array([0, 1], np.uint8), [TRAIN, TEST]),
        class_names=np.array(["across", "down", "slanted"]),
        meta_year=year,
        meta_camera=np.array([("", "Leica", HOSTILE)[n % 3] for n in range(TRAIN + TEST)]),
    )


@pytest.fixture(scope="module")
def analysed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str, str]]:
    """A server, the run of an untrained encoder on the stripes, and the key of their data."""
    home = tmp_path_factory.mktemp("maps")
    stripes(home / "stripes.npz")
    settings = {"data": str(home / "stripes.npz"), "rule": "random", "encoder": "vgg6-tiny"}
    config = TrainConfig(**settings, epochs=0, device="cpu").to_dict()
    store = Store(home / "saccade.db")
    queue = Queue(store, home / "runs", home, Inline())
    run = queue.submit(config, key_of(config["data"]), "0", name="stripes")
    queue.tick()
    queue.tick()
    assert store.row(run).state == "finished"
    store.close()
    with served(home) as address:
        yield address, run, key_of(config["data"])


def selected(page: Page, count: int) -> None:
    expect(page.locator(".chosen")).to_have_attribute("data-selected", str(count))


def test_colours_marks_and_selections_are_those_of_the_server(
    visit: Visit, analysed: tuple[str, str, str], shots: Path
) -> None:
    server, run, _ = analysed
    page = visit(f"#run={run}&points=dots", server=server)
    maps_drawn(page, f"{run}@0")
    layers = reply_of(server, f"runs/{run}/layers")
    labels = array(layers["labels"])
    answers = reply_of(server, f"runs/{run}/layers/6/answers")
    wrong = array(answers["predicted"]) != labels
    assert 0 < wrong.sum() < TEST

    page.select_option("#colour", "right")
    row = page.locator("[data-category].class-row")
    expect(row.nth(0)).to_have_text(f"right0/{TEST - wrong.sum()}")
    expect(row.nth(1)).to_have_text(f"wrong0/{wrong.sum()}")
    expect(page.locator("#legend-colour")).to_have_value("right")
    row.nth(1).click()
    page.get_by_role("button", name="Rectangle").click()
    box = page.locator("#map .surface").bounding_box()
    assert box
    left, top = box["x"] + 2, box["y"] + 2
    right, bottom = left + box["width"] - 4, top + box["height"] - 4
    middle = (left + right) / 2
    drag(page, [(left, top), (right, bottom)])
    selected(page, TEST - wrong.sum())  # hidden ones were not taken
    points = reply_of(server, f"runs/{run}/layers/6/embedding")
    at = pixels_of(points, box)
    half = int((~wrong & (at[:, 0] + box["x"] > middle)).sum())
    page.keyboard.down("Alt")
    drag(page, [(left, top), (middle, bottom)])
    page.keyboard.up("Alt")
    selected(page, half)
    page.keyboard.down("Shift")
    drag(page, [(left, top), (middle, bottom)])
    page.keyboard.up("Shift")
    selected(page, TEST - wrong.sum())
    assert not page.locator("#map .lasso").get_attribute("points")
    look(page, shots, "maps-right", rest=400)

    page.select_option("#colour", "meta.year")
    expect(page.locator(".scale")).to_contain_text("Grey: 1 without a value")
    page.select_option("#colour", "meta.camera")
    camera = page.locator("[data-category].class-row .name")
    expect(camera).to_have_text([HOSTILE, "Leica", "no value"])
    kept = array(points["kept"])
    page.locator("#lost").check()
    expect(page.locator("#lost-says")).to_contain_text(f"Ringed: {(kept <= 2).sum()} image")
    page.locator("#size").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator(".size output")).to_have_text("120 %")
    page.get_by_role("button", name="Auto").click()
    expect(page.locator("#map")).to_have_attribute("data-points", "images")

    page.locator('[data-class="1"].take').dispatch_event("click")
    selected(page, (labels == 1).sum())
    with page.expect_response("**/selection/units") as reply:
        page.locator("#separate").click()
    told = reply.value.json()
    assert told["inside"] == (labels == 1).sum()
    rows = page.locator("#separators .separating-row")
    expect(rows).to_have_count(7)
    best = told["layers"][3]["units"][0]
    tile = rows.nth(3).locator(".separating-tile").first
    expect(tile).to_have_attribute("data-unit", str(best["unit"]))
    look(page, shots, "maps-separate", rest=400)
    tile.click()
    expect(page.locator("#colour")).to_have_value("unit")
    assert (addressed(page, "layer"), addressed(page, "unit")) == ("3", str(best["unit"]))


def test_a_part_of_an_image_is_cut_out_and_placed_on_every_map(
    visit: Visit, analysed: tuple[str, str, str], shots: Path
) -> None:
    server, run, data = analysed
    first = int(array(reply_of(server, f"runs/{run}/layers")["ids"])[4])
    page = visit(f"#run={run}&image={first}", server=server)
    maps_drawn(page, f"{run}@0")
    near = [{"image": first, "distance": 1.0}]
    found = [{"layer": n, "x": 0.0, "y": 0.0, "neighbours": near, "units": []} for n in range(7)]

    def answer(route: Route) -> None:
        told = {"run": run, "epoch": 0, "error": None, "state": "found", "layers": found}
        route.fulfill(json=told)

    page.route("**/api/examples/*/search**", answer)
    page.route("**/api/examples/*/image", lambda r: r.fulfill(path=shots / "maps-part.png"))
    page.locator("#crop").click()
    expect(page.locator(".crop-square")).to_be_focused()
    for key in ("ArrowLeft", "ArrowUp", "-", "-"):
        page.keyboard.press(key)
    page.wait_for_timeout(200)
    look(page, shots, "maps-crop", rest=400)
    page.locator(".crop-stage").scroll_into_view_if_needed()
    stage = page.locator(".crop-stage").bounding_box()
    assert stage
    x, y = stage["x"], stage["y"]
    drag(page, [(x + 10, y + 10), (x + 10 + stage["width"] / 4, y + 30)])
    with page.expect_request("**/api/examples") as sent:
        page.locator("#crop-send").click()
    part = Image.open(io.BytesIO(sent.value.post_data_buffer or b"")).convert("RGB")
    part.save(shots / "maps-part.png")
    assert part.width == part.height == pytest.approx(128, abs=2)  # a quarter of 512 pixels
    address = f"{server}api/datasets/{data}/images/{first}?size=512"
    whole = Image.open(io.BytesIO(page.request.get(address).body())).convert("RGB")
    start = round(10 * 512 / stage["width"])
    box = (start, start, start + part.width, start + part.height)
    cut = np.asarray(whole.crop(box), float)
    assert np.abs(np.asarray(part, float) - cut).mean() < 12
    expect(page.locator(".strip .cross")).to_have_count(7)
    expect(page.locator("#map .cross")).to_have_count(1)
    expect(page.locator("#example")).to_contain_text(f"Part of image #{first}")


def test_maps_that_had_no_height_are_drawn_once_they_have_one(visit: Visit) -> None:
    """As where a panel is folded or a window is a few pixels high."""
    page = visit("#layer=4&points=dots")
    maps_drawn(page)
    page.wait_for_selector('.map[data-drawn$="/4"]')
    page.evaluate(FOLD, True)
    page.wait_for_function(TWO_FRAMES)
    page.keyboard.press("ArrowDown")
    page.locator("#theme").click()
    page.wait_for_function(TWO_FRAMES)
    page.evaluate(FOLD, False)
    page.wait_for_selector('.map[data-drawn$="/3"]')
    assert inked(page, ".surface") > 0.01 and inked(page, '[data-layer="4"].cell-map') > 0.01

    page.evaluate("location.hash = 'tab=compare&versus=clapp-photos&versus_epoch=0'")
    page.wait_for_selector(".maps-row.large[data-drawn]")
    page.evaluate(FOLD, True)
    page.wait_for_function(TWO_FRAMES)
    page.keyboard.press("ArrowDown")
    page.wait_for_function(TWO_FRAMES)
    page.evaluate(FOLD, False)
    page.wait_for_selector('.maps-row.large[data-drawn$="/5"]')
    page.locator(".maps-row.large").scroll_into_view_if_needed()
    assert inked(page, ".maps-row.large .row-track") > 0.01


def test_after_filtering_each_point_shows_its_own_image(
    visit: Visit, analysed: tuple[str, str, str]
) -> None:
    server, run, data = analysed
    page = visit(f"#run={run}&points=dots&hidden=0", server=server)
    map_drawn(page, f"{run}@0/6")
    layers = reply_of(server, f"runs/{run}/layers")
    labels, ids = array(layers["labels"]), array(layers["ids"])
    box = page.locator("#map .surface").bounding_box()
    assert box
    at = pixels_of(reply_of(server, f"runs/{run}/layers/6/embedding"), box)
    shown = np.flatnonzero(labels != 0)
    far = np.linalg.norm(at[shown, None] - at[None, shown], axis=2) + 99 * np.eye(len(shown))
    alone = shown[far.min(1) > 8][:8]
    assert len(alone) > 3

    def image(number: int) -> np.ndarray:
        reply = page.request.get(f"{server}api/datasets/{data}/images/{number}?size=64")
        picture = Image.open(io.BytesIO(reply.body())).convert("RGB").resize((32, 32))
        return np.asarray(picture, float)

    pictures = np.stack([image(int(number)) for number in ids])
    spots = [(box["x"] + x, box["y"] + y) for x, y in at[alone].tolist()]
    pictured(page, spots)
    expect(page.locator(".layer-card .tile").first).to_be_visible()  # with pictures, asked for
    requests: list[str] = []
    page.on("request", lambda r: r.url.startswith(server) and requests.append(r.url))
    for place, spot in zip(alone, spots, strict=True):
        page.mouse.move(*spot)
        tip = page.locator(".tip")
        expect(tip).to_have_attribute("data-image", str(ids[place]))
        seen = Image.open(io.BytesIO(tip.locator(".sprite").screenshot())).convert("RGB")
        pixels = np.asarray(seen.resize((32, 32)), float)
        assert np.abs(pictures - pixels).mean((1, 2, 3)).argmin() == place
    asked = [url for url in requests if not url.endswith(BY_THE_CLOCK)]
    assert asked == []  # hovering asks for nothing


def test_a_second_finger_on_the_map_ends_the_drawing_and_selects_nothing(visit: Visit) -> None:
    page = visit("#tab=map", size=PHONE)
    maps_drawn(page)
    surface = page.locator("#map .surface")
    surface.scroll_into_view_if_needed()
    box = surface.bounding_box()
    touch = page.context.new_cdp_session(page)

    def fingers(kind: str, *at: tuple[float, float]) -> None:
        points = [
            {"x": box["x"] + x * box["width"], "y": box["y"] + y * box["height"], "id": i}
            for i, (x, y) in enumerate(at)
        ]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    fingers("touchStart", (0.4, 0.4))
    fingers("touchStart", (0.4, 0.4), (0.6, 0.6))
    for step in (0.1, 0.2, 0.3):
        fingers("touchMove", (0.4 - step, 0.4), (0.6 + step, 0.6 + step))
    fingers("touchEnd", (0.1, 0.4))
    fingers("touchEnd")
    fingers("touchStart", (0.1, 0.1))
    for corner in ((0.9, 0.1), (0.9, 0.9), (0.1, 0.9)):
        assert page.locator(".chosen").get_attribute("data-selected") == "0"
        fingers("touchMove", corner)
    fingers("touchEnd")
    page.wait_for_function("() => Number(document.querySelector('.chosen').dataset.selected) > 20")
