"""Can the page be used by people who see, point or move otherwise?"""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.seen import DESK, PHONE, maps_drawn

Visit = Callable[..., Page]
AXE = Path(__file__).resolve().parents[2] / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
SMALL = {"width": 1024, "height": 768}
FINDINGS = """async (only) => {
    const { violations } = await axe.run(document, { resultTypes: ["violations"], ...only });
    return violations.filter(({ impact }) => impact === "serious" || impact === "critical")
        .flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html.slice(0, 160)}`));
}"""
# What of each tab, and of what else an address opens, is there last.
LAST = {
    "map": ".map[data-drawn]",
    "units": "#neurons .tile[data-unit] img",
    "probes": "#probes .by-epoch .main-svg",
    "learning": '#learning [data-line="cosine"] .main-svg',
    "compare": "#compare :is(.rules, .command)",
}
ADDRESSES = {
    "layer=3&unit=5&colour=unit&image=2010&selection=b1ls._____________w&tab=map&hidden=1": (
        '#alike[data-unit="3/5"]'
    ),
    "layer=3&unit=5&tab=units&hidden=1.2": LAST["units"],
    "layer=3&tab=probes": LAST["probes"],
    "layer=3&tab=learning": LAST["learning"],
    "layer=3&tab=compare": LAST["compare"],
    "dialog=new": "#start-run",
    "dialog=images": "#images-files",
    "dialog=keys": "dialog#keys",
}
MOVING = """() => document.getAnimations().filter((a) => a.playState === "running").length"""
# WCAG 2.2 lets a target be smaller where nothing else is within the 24 pixels around its middle,
# and where it stands in a sentence.
TOO_SMALL = """() => [...document.querySelectorAll("button, select, summary, [role=option], input")]
    .filter((e) => e.checkVisibility() && !e.closest(".unseen, table") && !e.matches(".unseen"))
    .map((e) => [e, (e.closest("label") ?? e).getBoundingClientRect()])
    .filter(([e, box]) => box.width && (box.width < 24 || box.height < 24))
    .map(([e, box]) => `${e.id} ${e.className} ${e.textContent.slice(0, 20)}
        ${Math.round(box.width)} x ${Math.round(box.height)}`)"""

# What a person cannot see and click where it stands: cut off, scrolled away or under something.
OUT_OF_VIEW = """() => [...document.querySelectorAll(
        ".legend :is(button, input, select, #lost-says), .caption, .map .as-text summary")]
    .filter((e) => e.checkVisibility() && !e.closest(".listed"))
    .filter((e) => {
        const { left, right, top, bottom } = e.getBoundingClientRect();
        return [top + 2, bottom - 2].some((y) => {
            const hit = document.elementFromPoint((left + right) / 2, y);
            return !hit || !(e.contains(hit) || hit.contains(e) && hit.matches("label, .tool"));
        });
    })
    .map((e) => e.outerHTML.slice(0, 90))"""


def test_no_tab_and_no_dialog_has_a_serious_barrier_in_either_theme(visit: Visit) -> None:
    if not AXE.is_file():
        reason = "axe-core is not here; npm ci in frontend brings it"
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
    page = visit()
    maps_drawn(page)
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = []
    for dark in (False, True):
        page.emulate_media(color_scheme="dark" if dark else "light")
        expect(page.locator("html")).to_have_attribute("data-theme", "dark" if dark else "light")
        for address, last in ADDRESSES.items():
            page.evaluate("hash => { location.hash = hash; }", address)
            expect(page.locator(last).first).to_be_visible()
            if "tab=" in address:
                page.evaluate("for (const d of document.querySelectorAll('.as-text')) d.open = 1")
            told = page.evaluate(FINDINGS, {"runOnly": ["color-contrast"]} if dark else {})
            found += [f"{'dark' if dark else 'light'} {address}: {line}" for line in told]
    assert found == []


def test_who_wants_no_motion_sees_none_and_epochs_still_play(visit: Visit) -> None:
    page = visit()
    page.emulate_media(reduced_motion="reduce")
    maps_drawn(page)
    page.keyboard.press(" ")
    page.wait_for_function("() => location.hash.includes('epoch=')")
    assert page.evaluate(MOVING) == 0
    page.keyboard.press(" ")
    page.keyboard.press("2")
    expect(page.locator("#neurons .tile[data-unit]").first).to_be_visible()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#unit")).to_be_visible()
    assert page.evaluate(MOVING) == 0


def test_the_whole_map_with_its_legend_is_in_view_before_anything_is_scrolled(
    visit: Visit, shots: Path
) -> None:
    page = visit("#layer=6&unit=117&colour=unit&lost=marked")
    maps_drawn(page)
    expect(page.locator(".ramp")).to_be_visible()
    for size in (DESK, SMALL):
        page.set_viewport_size(size)
        if size is SMALL:
            page.evaluate("location.hash = 'layer=6'")
            expect(page.locator(".ramp")).to_have_count(0)
        expect(page.locator(".class-row")).to_have_count(10)
        page.screenshot(path=shots / f"legend-{size['width']}.png")
        assert page.evaluate(OUT_OF_VIEW) == []
        assert page.evaluate("document.querySelector('.listed').clientHeight") > 120


@pytest.mark.parametrize("size", [PHONE, SMALL], ids=["390", "1024"])
def test_a_small_window_scrolls_down_alone_and_is_hit_by_a_finger(
    visit: Visit, size: dict, shots: Path
) -> None:
    page = visit("#layer=3&image=2010&selection=b1ls._____________w", size=size)
    maps_drawn(page)
    small = []
    for tab, last in LAST.items():
        page.evaluate("tab => document.getElementById(`tab-${tab}`).click()", tab)
        expect(page.locator(last).first).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
        page.screenshot(path=shots / f"{tab}-light-{size['width']}.png", full_page=True)
        small += page.evaluate(TOO_SMALL)
    if size is PHONE:
        assert sorted(set(small)) == []
