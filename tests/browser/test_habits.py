"""Does the page do what fingers expect: Back, links, the search box, drawings as text?"""

import re
from collections.abc import Callable

import numpy as np
from playwright.sync_api import Page, expect

from tests.browser.seen import CLIPBOARD, addressed, maps_drawn, state
from tests.wire import array

Visit = Callable[..., Page]


def seen(page: Page) -> list:
    """What is shown, as a person would compare two windows."""
    return page.evaluate(
        """() => [
            document.querySelector(".strip").dataset.drawn,
            document.querySelector(".cell.on").dataset.map,
            document.querySelector("#unit").dataset.unit,
            document.querySelector("[role=tab][aria-selected=true]").id,
            document.querySelector(".chosen").dataset.selected,
            [...document.querySelectorAll(".class-row")].map((row) => row.textContent),
            [...document.querySelectorAll("#unit .patch")].map((patch) => patch.dataset.image),
        ]"""
    )


def test_back_restores_and_a_link_shows_the_identical_view(
    visit: Visit, ask: Callable[[str], dict]
) -> None:
    page = visit()
    page.wait_for_selector(".map[data-drawn]")
    run = addressed(page, "run")
    best = int(np.nanargmax(array(ask(f"runs/{run}/layers/3/units")["best_dprime"])))
    page.keyboard.press("/")
    expect(page.locator("#search")).to_be_focused()
    page.keyboard.type(f"L3/u{best}")
    expect(page.locator("#matches [role=option]")).to_have_text(re.compile(f"Unit L3 / {best}"))
    page.keyboard.press("Enter")
    expect(page.locator("#unit")).to_have_attribute("data-unit", f"3/{best}")
    page.keyboard.press("/")
    page.keyboard.type("gravel")
    page.keyboard.press("Enter")
    expect(page.locator(".chosen")).not_to_have_attribute("data-selected", "0")
    page.keyboard.press("2")
    expect(page.locator("#neurons .tile[data-unit]").first).to_be_visible()
    page.evaluate(CLIPBOARD)
    page.locator("#copy-link").click()
    link = page.wait_for_function("() => window.copied[0]").json_value()
    page.wait_for_load_state("networkidle")
    whole = seen(page)

    for _ in range(2):
        page.go_back()
    expect(page.locator(".chosen")).to_have_attribute("data-selected", "0")
    assert state(page) == {"run": run, "layer": "3", "unit": f"{best}", "colour": "unit"}
    page.go_back()
    expect(page.locator("#unit")).to_be_hidden()
    for _ in range(3):
        page.go_forward()
    expect(page.locator("#neurons .tile[data-unit]").first).to_be_visible()
    assert seen(page) == whole

    other = visit("#" + link.partition("#")[2])
    expect(other.locator("#neurons .tile[data-unit]").first).to_be_visible()
    maps_drawn(other)
    other.wait_for_selector("#unit .patch")
    assert seen(other) == whole
    other.evaluate("hash => { location.hash = hash; }", f"#/run/{run}/L2/u7@e0")
    expect(other.locator("#unit")).to_have_attribute("data-unit", "2/7")
    maps_drawn(other, f"{run}@0")

    other.evaluate("location.hash = '#tab=map'")
    other.keyboard.press("/")
    other.keyboard.type("nothing like this")
    expect(other.locator("#matches")).to_contain_text("Nothing here has that number or name")
    other.keyboard.press("Escape")
    other.keyboard.press("Escape")
    assert other.evaluate("document.activeElement.id") != "search"


def test_matches_go_where_the_box_is_left_and_come_back_with_it(visit: Visit) -> None:
    page = visit()
    maps_drawn(page)
    box, matches = page.locator("#search"), page.locator("#matches")
    box.fill("gravel")
    for leave in (lambda: page.keyboard.press("Tab"), page.locator(".brand").click):
        expect(matches).to_be_visible()
        expect(box).to_have_attribute("aria-expanded", "true")
        leave()
        expect(matches).to_be_hidden()
        expect(box).to_have_attribute("aria-expanded", "false")
        box.focus()
    expect(matches).to_be_visible()
    matches.locator("[role=option]").first.click()
    expect(page.locator(".chosen")).not_to_have_attribute("data-selected", "0")


def test_what_is_drawn_can_be_read_sorted_and_copied(visit: Visit) -> None:
    page = visit("#tab=map")
    page.wait_for_selector(".map[data-drawn]")
    page.evaluate(CLIPBOARD)
    words = page.locator(".strip > .as-text")
    words.locator("summary").click()
    expect(words).to_contain_text("Read best: Layer")
    column = words.get_by_role("columnheader", name="probe")
    column.get_by_role("button").click()
    expect(column).to_have_attribute("aria-sort", "descending")
    cells = words.locator("tbody td:nth-child(3)").all_inner_texts()
    shares = [float(text.split()[0]) for text in cells]
    assert shares == sorted(shares, reverse=True) and len(shares) == 7
    words.get_by_role("button", name="Copy as CSV").click()
    text = page.wait_for_function("() => window.copied[0]").json_value()
    assert text.startswith("layer,units,probe,") and len(text.splitlines()) == 8
    for tab, plots in (("probes", 2), ("learning", 2)):
        page.evaluate("tab => { location.hash = `tab=${tab}`; }", tab)
        expect(page.locator(f"#body-{tab} .as-text:visible")).to_have_count(plots)
        for plot in page.locator(f"#body-{tab} .as-text:visible").all():
            plot.locator("summary").click()
            expect(plot.locator("tbody tr").first).to_be_visible()
        assert "NaN" not in page.locator(f"#body-{tab}").inner_text()
