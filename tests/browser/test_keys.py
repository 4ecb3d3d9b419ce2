"""Is everything reached and done by keys alone, and does the page say where the cursor is?"""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
from playwright.sync_api import Page, expect

from tests.browser.seen import CLIPBOARD, addressed, map_drawn, pixels_of, state
from tests.wire import array

Visit = Callable[..., Page]
FOCUSED = "e => document.activeElement.matches(e) || !!document.activeElement.closest(e)"
RINGED = "getComputedStyle(document.activeElement).outlineStyle"


def tab_to(page: Page, selector: str, key: str = "Tab") -> None:
    """Press Tab until the focus is there; all that it passes shows where it is."""
    for _ in range(60):
        page.keyboard.press(key)
        on_page = page.evaluate("document.activeElement !== document.body")
        assert not on_page or page.evaluate(RINGED) != "none"
        if page.evaluate(FOCUSED, selector):
            return
    raise AssertionError(f"Tab does not come to {selector}")


def press(page: Page, *keys: str) -> None:
    """Keys, "6 Shift+ArrowUp" for one that is pressed six times."""
    for key in filter(None, keys):
        times, _, name = key.rpartition(" ")
        for _ in range(int(times or 1)):
            page.keyboard.press(name)


def selected(page: Page) -> int:
    return int(page.locator(".chosen").get_attribute("data-selected") or 0)


def a_rectangle_is_spanned_by_keys(page: Page, at: np.ndarray, middle: tuple) -> None:
    """The cursor stands in the middle of a map of points at those pixels, [n, 2]."""
    says = page.locator(".cursor-says")

    def within(left: int, right: int, top: int, bottom: int) -> np.ndarray:
        x, y = (at - middle).T
        return (x > left) & (x < right) & (y > top) & (y < bottom)

    def told() -> int:
        return int(re.match(r"\d+", says.inner_text())[0])

    press(page, "6 ArrowLeft", "12 Shift+ArrowRight", "8 Shift+ArrowUp")
    expect(says).to_contain_text("in the rectangle")
    assert 0 < within(-95, 95, -127, -1).sum() <= told() <= within(-97, 97, -129, 1).sum() < len(at)
    above = told()
    page.keyboard.press("Enter")
    expect(says).to_contain_text(f"{above} images selected")
    page.locator("#theme").dispatch_event("click")  # the map is drawn anew
    page.evaluate("new Promise((next) => requestAnimationFrame(() => requestAnimationFrame(next)))")
    assert f"{above} images selected" in says.inner_text()
    expect(page.locator(".chosen")).to_have_attribute("data-selected", f"{above}")

    press(page, "8 ArrowDown", "12 Shift+ArrowLeft", "8 Shift+ArrowDown")
    below = told()
    assert below > 0
    page.keyboard.press("Shift+Enter")
    both = selected(page)
    assert max(above, below) < both <= above + below
    press(page, "12 Shift+ArrowRight", "Alt+Enter")
    assert selected(page) == both
    press(page, "12 Shift+ArrowLeft", "8 Shift+ArrowUp", "Alt+Enter")
    assert 0 < selected(page) < both
    press(page, "Shift+ArrowRight", "Escape")
    assert selected(page) > 0
    expect(says).not_to_contain_text("rectangle;")


def the_words_follow_the_zoom(page: Page, at: np.ndarray, ids: np.ndarray, start: tuple) -> None:
    """The cursor stands at `start` on a map of points at those pixels, [n, 2], with those ids."""
    grid = np.array([(x, y) for x in range(-60, 61, 2) for y in range(-60, 61, 2)])
    away = np.linalg.norm(at[None] - (start + grid)[:, None], axis=2)  # [spot, point]
    # Within reach of a point, 12 pixels, at first; no longer after two steps of a quarter each.
    spot = int(np.argmin(np.abs(away.min(axis=1) - 8.6)))
    assert 8.2 < away[spot].min() < 9.2
    right, down = grid[spot] // 2
    press(page, f"{abs(right)} Control+Arrow{'Right' if right > 0 else 'Left'}" if right else "")
    press(page, f"{abs(down)} Control+Arrow{'Down' if down > 0 else 'Up'}" if down else "")
    says = page.locator(".cursor-says")
    named = f"Image {ids[away[spot].argmin()]}, "
    expect(says).to_contain_text(named)
    press(page, "+")
    page.wait_for_function("() => location.hash.includes('view=')")
    expect(says).to_contain_text(named)
    press(page, "+")
    expect(says).to_contain_text("Arrows move")
    press(page, "-")
    expect(says).to_contain_text(named)


def test_the_page_is_used_by_keys_alone(visit: Visit) -> None:
    page = visit()
    page.wait_for_selector(".map[data-drawn]")
    page.keyboard.press("ArrowDown")
    assert state(page)["layer"] == "5"
    page.keyboard.press("2")
    order = page.locator("#neurons .tile[data-unit]")
    expect(order.first).to_be_visible()
    for place in (0, 1):
        page.keyboard.press("ArrowRight")
        unit = order.nth(place).get_attribute("data-unit")
        expect(page.locator("#unit")).to_have_attribute("data-unit", f"5/{unit}")
    page.keyboard.press("?")
    expect(page.locator("dialog#keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("dialog#keys")).to_be_hidden()
    page.keyboard.press("Escape")
    expect(page.locator("#unit")).to_be_hidden()
    page.keyboard.press(",")
    page.wait_for_function("() => location.hash.includes('epoch=')")


def test_a_map_that_was_clicked_leaves_the_arrows_to_the_page(visit: Visit) -> None:
    page = visit("#layer=4")
    page.wait_for_selector(".map[data-drawn]")
    box = page.locator(".surface").bounding_box()
    page.mouse.click(box["x"] + 5, box["y"] + 5)
    expect(page.locator(".surface")).to_be_focused()
    page.keyboard.press("?")
    expect(page.locator("dialog#keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".surface")).to_be_focused()
    expect(page.locator(".cursor-says")).to_be_hidden()
    page.keyboard.press("ArrowDown")
    page.wait_for_function("() => location.hash.includes('layer=3')")


def test_everything_is_reached_and_done_by_keys_alone(
    visit: Visit, ask: Callable[[str], dict], shots: Path
) -> None:
    page = visit()
    page.wait_for_selector(".map[data-drawn]")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    assert page.evaluate(FOCUSED, "#main")

    tab_to(page, ".cell-title")
    page.keyboard.press("Home")
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    assert state(page)["layer"] == "3"
    tab_to(page, "[role=tab]")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#tab-units")).to_be_focused()
    expect(page.locator("#neurons .tile[data-unit]").first).to_be_visible()
    tab_to(page, ".tile[data-unit]")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    unit = page.evaluate("document.activeElement.dataset.unit")
    expect(page.locator("#unit")).to_have_attribute("data-unit", f"3/{unit}")

    tab_to(page, "#epoch")
    page.keyboard.press("ArrowLeft")
    run, epoch = addressed(page, "run"), addressed(page, "epoch")
    page.keyboard.press("1")
    map_drawn(page, f"{run}@{epoch}/3")
    tab_to(page, ".surface")
    box = page.locator(".surface").bounding_box()
    at = pixels_of(ask(f"runs/{run}/layers/3/embedding?epoch={epoch}"), box)
    a_rectangle_is_spanned_by_keys(page, at, (box["width"] / 2, box["height"] / 2))
    ids = array(ask(f"runs/{run}/layers?epoch={epoch}")["ids"])
    start = (round(box["width"] / 2) - 80, round(box["height"] / 2))
    the_words_follow_the_zoom(page, at, ids, start)
    page.screenshot(path=shots / "cursor.png")
    tab_to(page, "#separate", "Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".separating-tile").first).to_be_visible()
    tab_to(page, ".separating-tile", "Shift+Tab")
    unit = page.evaluate("document.activeElement.dataset.unit")
    page.keyboard.press("Enter")
    expect(page.locator("#unit")).to_have_attribute("data-unit", re.compile(f"/{unit}$"))
    tab_to(page, "#separators .quiet", "Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#separators")).to_be_hidden()

    tab_to(page, ".class-row", "Shift+Tab")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("s")
    row = page.locator(".class-row").nth(1)
    expect(row).to_contain_text(re.compile(r"[1-9]\d*/\d"))
    alone = int(page.locator(".chosen").get_attribute("data-selected") or 0)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Shift+S")
    expect(page.locator(".class-row").nth(2)).to_contain_text(re.compile(r"[1-9]\d*/\d"))
    assert int(page.locator(".chosen").get_attribute("data-selected") or 0) > alone > 0
    expect(page.locator(".class-row").nth(2)).to_be_focused()

    page.evaluate(CLIPBOARD)
    tab_to(page, "#copy-link")
    page.keyboard.press("Enter")
    assert "selection=" in page.wait_for_function("() => window.copied[0]").json_value()

    page.keyboard.press("Control+z")
    expect(page.locator(".chosen")).to_have_attribute("data-selected", f"{alone}")
    page.keyboard.press("Control+Shift+z")
    page.keyboard.press("Control+z")
    page.keyboard.press("Escape")
    expect(page.locator(".chosen")).to_have_attribute("data-selected", "0")
    page.keyboard.press("Escape")
    expect(page.locator("#unit")).to_be_hidden()
    page.keyboard.press("Control+z")
    expect(page.locator(".chosen")).to_have_attribute("data-selected", f"{alone}")
