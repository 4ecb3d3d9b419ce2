"""What can be seen on the page: maps, points on them, where a point must lie, complaints."""

import io
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import APIResponse, Locator, Page, Route

from tests.wire import array

DESK, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
# What is asked for by the clock, whatever else goes on: Plotly, once nobody has been at work for a
# while, and the list of runs.
BY_THE_CLOCK = ("/plotly.js", "/api/runs")
# What the page copies is kept in window.copied instead.
CLIPBOARD = """() => {
    window.copied = [];
    navigator.clipboard.writeText = async (text) => void window.copied.push(text);
}"""


def maps_drawn(page: Page, what: str = "") -> None:
    """Wait until the strip shows the maps of `what`, RUN@EPOCH, or of any checkpoint."""
    page.wait_for_selector(f'.strip[data-drawn="{what}"]' if what else ".strip[data-drawn]")


MAP_DRAWN = """(what) => {
    const { drawn } = document.querySelector(".map")?.dataset ?? {};
    if (!drawn || (what && drawn !== what)) return false;
    const [surface, ground] = [".surface", ".surface .ground"]
        .map((name) => document.querySelector(`.map ${name}`).getBoundingClientRect());
    return surface.width > 0 && Math.abs(surface.width - ground.width) < 0.5
        && Math.abs(surface.height - ground.height) < 0.5;
}"""


def map_drawn(page: Page, what: str = "") -> None:
    """Wait until the large map is `what`, RUN@EPOCH/LAYER, or any, and as large as it is to stay.

    It is drawn after the strip, and again in what room the caption, which comes with it, leaves.
    """
    page.wait_for_function(MAP_DRAWN, arg=what)


def pictured(page: Page, spots: list[tuple[float, float]]) -> tuple[float, float]:
    """Point at one spot after the other until the tip shows a picture, and tell at which it does.

    The sheet that pictures are from may come later than the maps, so the spots are gone through
    again.
    """
    picture, end = page.locator('.tip .sprite[style*="url("]'), time.monotonic() + 60
    for spot in cycle(spots):
        page.mouse.move(*spot)
        if picture.is_visible():
            return spot
        assert time.monotonic() < end, "no picture beside the pointer"
    raise AssertionError("nowhere to point at")


def state(page: Page) -> dict[str, str]:
    """What the address says of all props."""
    return page.evaluate("Object.fromEntries(new URLSearchParams(location.hash.slice(1)))")


def addressed(page: Page, name: str) -> str | None:
    """What the address says of a prop, once it does."""
    page.wait_for_function(f"() => new URLSearchParams(location.hash.slice(1)).has('{name}')")
    return page.evaluate(f"new URLSearchParams(location.hash.slice(1)).get('{name}')")


def open_anew(page: Page, address: str) -> None:
    """Open an address of the page from nothing: a page that is there might write its own first."""
    page.goto("about:blank")
    page.goto(address)


def inked(page: Page, selector: str) -> float:
    """The share of an element's pixels that differ from the colour of its corner."""
    pixels = np.asarray(Image.open(io.BytesIO(page.locator(selector).screenshot())).convert("RGB"))
    return float((np.abs(pixels.astype(int) - pixels[0, 0]).sum(axis=2) > 30).mean())


def pixels_of(points: dict, box: dict) -> np.ndarray:
    """Where the points of an embedding lie in a box that shows the whole map, [n, 2]."""
    x, y = array(points["x"]).astype(float), array(points["y"]).astype(float)
    scale = min(box["width"] / np.ptp(x), box["height"] / np.ptp(y)) / 1.08
    left = box["width"] / 2 + (x - (x.min() + x.max()) / 2) * scale
    top = box["height"] / 2 - (y - (y.min() + y.max()) / 2) * scale
    return np.stack([left, top], axis=1)


LIT = """([canvas, box, places]) => {
    const over = document.querySelector(canvas);
    const own = over.getBoundingClientRect();
    const ratio = over.width / own.width;
    const { data, width } = over.getContext("2d").getImageData(0, 0, over.width, over.height);
    return places.map(([x, y]) => {
        const left = Math.round((box.x - own.left + x) * ratio);
        const top = Math.round((box.y - own.top + y) * ratio);
        return data[4 * (top * width + left) + 3] > 0;
    });
}"""


def lit(page: Page, canvas: str, box: Locator, at: np.ndarray) -> np.ndarray:
    """Whether a canvas above maps has a highlight at each of the pixels [n, 2] of a box."""
    return np.array(page.evaluate(LIT, [canvas, box.bounding_box(), at.tolist()]), dtype=bool)


def highlighted(page: Page, layer: int, at: np.ndarray) -> np.ndarray:
    """The same of the map of a layer in the strip."""
    return lit(page, ".strip canvas.over", page.locator(f'[data-layer="{layer}"].cell-map'), at)


def drag(page: Page, corners: list[tuple[float, float]]) -> None:
    """Press, draw through the corners and let go."""
    page.mouse.move(*corners[0])
    page.mouse.down()
    for corner in corners[1:]:
        page.mouse.move(*corner, steps=4)
    page.mouse.up()


@contextmanager
def expected(complaints: list[str], pattern: str) -> Iterator[None]:
    """What a test provokes on purpose, such as a refused request, is no complaint."""
    yield
    complaints[:] = [line for line in complaints if not re.search(pattern, line)]


def own_reply(route: Route, url: str | None = None) -> APIResponse:
    """What the server itself answers, at the address asked for or another.

    The server closes a connection that has idled, maybe just as it is used again. A browser then
    asks once more over a new one; here that has to be said.
    """
    return route.fetch(url=url, max_retries=3)


def stands_in(page: Page, other: str, run: str) -> None:
    """What is asked of the other run, which there is not, is answered of a run that there is."""

    def answer(route: Route) -> None:
        route.fulfill(response=own_reply(route, route.request.url.replace(other, run)))

    page.route(re.compile(rf"/api/runs/.*{other}"), answer)


def look(page: Page, shots: Path, name: str, selector: str = "", rest: int = 0) -> None:
    """Leave a picture at both sizes and in both themes, with an element in view.

    rest: milliseconds in which what is drawn anew gets there.
    """
    for size in (PHONE, DESK):
        for theme in ("dark", "light"):
            page.set_viewport_size(size)
            page.emulate_media(color_scheme=theme)
            if selector:
                page.locator(selector).evaluate("element => element.scrollIntoView(true)")
            page.wait_for_timeout(rest)
            page.screenshot(path=shots / f"{name}-{theme}-{size['width']}.png")
