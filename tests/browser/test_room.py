"""Does all that a window shows fit into it, on a laptop and a projector as on a desk?"""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.seen import DESK, maps_drawn

Visit = Callable[..., Page]
LAPTOP, PROJECTOR = {"width": 1366, "height": 768}, {"width": 1280, "height": 720}
NARROW = {"width": 1200, "height": 800}
# Words that are cut, and what of the cards reaches beyond the column or breaks into a second line.
CUT = """() => [...document.querySelectorAll(
        ".cell-title > *, .cell-facts .pair > *, .facts dd > span, .tile-name > span")]
    .filter((e) => e.checkVisibility() && e.scrollWidth > e.clientWidth && e.clientWidth)
    .map((e) => e.textContent)"""
BEYOND = """() => [...document.querySelectorAll(".detail .tile, .detail .tile-name > *")]
    .filter((e) => e.getBoundingClientRect().right > innerWidth - 16)
    .map((e) => e.textContent)"""
BROKEN = """() => [...document.querySelectorAll(".facts dd")]
    .filter((e) => !e.querySelector("br")).filter((e) => {
        const words = document.createRange();
        words.selectNodeContents(e);
        return words.getBoundingClientRect().height > 24;
    })
    .map((e) => e.textContent)"""


def ids_of(size: dict) -> str:
    return f"{size['width']}"


@pytest.mark.parametrize("size", [DESK, LAPTOP, PROJECTOR, NARROW], ids=ids_of)
def test_names_and_numbers_of_layers_show_whole(visit: Visit, size: dict) -> None:
    page = visit("#layer=6", size=size)
    maps_drawn(page)
    expect(page.locator(".detail .tile")).to_have_count(8)
    short = size is not DESK
    titles = page.locator(".cell-title b").evaluate_all(
        """(all) => all.map((b) => getComputedStyle(b, "::before").content.replaceAll('"', "")
            .replace("none", b.textContent))"""
    )
    assert titles == ["Input", *(f"{'L' if short else 'Layer '}{n}" for n in range(1, 7))]
    assert (page.evaluate(CUT), page.evaluate(BEYOND), page.evaluate(BROKEN)) == ([], [], [])
    ground = page.locator(".strip .ground").bounding_box()
    last = page.locator(".cell-map").last.bounding_box()
    assert ground and last
    assert ground["x"] + ground["width"] >= last["x"] + last["width"], "no map is cut"
    page.locator(".detail .tile").first.click()
    expect(page.locator("#unit .null")).to_be_visible()
    assert (page.evaluate(CUT), page.evaluate(BROKEN)) == ([], [])
