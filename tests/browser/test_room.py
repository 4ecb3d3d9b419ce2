"""Does all that a window shows fit into it, on a laptop and a projector as on a desk?"""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.seen import DESK, PHONE, addressed, map_drawn, maps_drawn

Visit = Callable[..., Page]
LAPTOP, PROJECTOR = {"width": 1366, "height": 768}, {"width": 1280, "height": 720}
NARROW, SMALL = {"width": 1200, "height": 800}, {"width": 1024, "height": 700}
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


# How many classes a person sees whole, and how much of the legend lies below what is in view.
SEEN = """() => {
    const { left, top, right, bottom } = document.querySelector(".legend").getBoundingClientRect();
    return [...document.querySelectorAll("[data-class].class-row")].filter((row) => {
        const own = row.getBoundingClientRect();
        const name = row.querySelector(".name");
        return own.top >= top && own.bottom <= Math.min(bottom, innerHeight) && own.left >= left - 1
            && own.right <= right && name.scrollWidth <= name.clientWidth;
    }).length;
}"""
BELOW = """() => {
    const legend = document.querySelector(".legend");
    return legend.scrollHeight - legend.clientHeight;
}"""
STATES = {
    "": 0,
    "&unit=117&colour=unit": 0,
    "&lost=marked": 0,
    "&unit=117&colour=unit&lost=marked": 0,
    "&colour=right&lost=marked": 40,
}


@pytest.mark.parametrize("size", [DESK, LAPTOP, PROJECTOR, SMALL], ids=ids_of)
def test_all_ten_classes_are_in_view_whatever_the_points_are_coloured_by(
    visit: Visit, size: dict, shots: Path
) -> None:
    page = visit("#layer=6", size=size)
    maps_drawn(page)
    for number, (more, below) in enumerate(STATES.items()):
        page.evaluate("hash => { location.hash = hash; }", f"layer=6{more}")
        expect(page.locator(".scale .ramp")).to_have_count(int("unit" in more))
        expect(page.locator("[data-category].class-row")).to_have_count(2 * ("right" in more))
        expect(page.locator("#lost-says")).to_have_count(int("lost" in more))
        assert page.evaluate(SEEN) == 10, more
        page.screenshot(path=shots / f"legend-{number}-{size['width']}.png")
        if size is DESK:
            assert page.evaluate(BELOW) <= below, more
    assert not page.locator("#legend-colour").is_visible(), "one choice of colour is in view"


def test_a_phone_has_the_choice_of_colours_beside_the_classes(visit: Visit) -> None:
    page = visit("#layer=6", size=PHONE)
    maps_drawn(page)
    assert not page.locator("#colour").is_visible()
    page.select_option("#legend-colour", "right")
    expect(page.locator("[data-category].class-row")).to_have_count(2)


def test_a_map_that_was_zoomed_has_a_button_for_the_whole(visit: Visit) -> None:
    page = visit("#layer=6")
    map_drawn(page)
    whole = page.get_by_role("button", name="Whole map")
    expect(whole).to_be_hidden()
    page.locator(".surface").hover()
    page.mouse.wheel(0, -400)
    addressed(page, "view")
    whole.click()
    expect(whole).to_be_hidden()
    page.wait_for_function("() => !location.hash.includes('view=')")
    page.locator(".surface").hover()
    page.mouse.wheel(0, -400)
    whole.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".surface")).to_be_focused()
