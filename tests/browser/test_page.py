"""Does the page hold what it promises: Back, themes, small screens, from a point to a unit?"""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.seen import (
    BY_THE_CLOCK,
    PHONE,
    drag,
    inked,
    map_drawn,
    maps_drawn,
    pictured,
    pixels_of,
    state,
)
from tests.wire import array

Visit = Callable[..., Page]


# The thumbnails, and the maps of all layers at every checkpoint that the slider has.
FETCHED_AHEAD = """() => {
    const asked = performance.getEntriesByType("resource").map((entry) => entry.name);
    const maps = asked.filter((name) => name.includes("/embedding?")).length;
    const checkpoints = document.querySelectorAll(".epochs .ticks i").length;
    return checkpoints > 1 && maps === 7 * checkpoints && asked.some((n) => n.includes("/atlas?"));
}"""


def test_back_undoes_a_step_and_a_link_shows_the_same(visit: Visit) -> None:
    page = visit()
    maps_drawn(page)
    page.locator('[data-map="2"] .cell-title').click()
    page.get_by_role("tab", name="Neurons").click()
    page.locator("#neurons .tile[data-unit]").first.click()
    expect(page.locator("#unit")).to_be_visible()
    whole = state(page)
    assert {"layer", "tab", "unit", "colour"} <= set(whole)

    page.go_back()
    expect(page.locator("#unit")).to_be_hidden()
    page.go_back()
    expect(page.locator("#map")).to_be_visible()
    page.go_back()
    assert "layer" not in state(page)
    page.go_forward()
    expect(page.locator('[data-map="2"]')).to_have_class(re.compile(r"\bon\b"))

    again = visit("#" + "&".join(f"{key}={value}" for key, value in whole.items()))
    expect(again.locator("#unit")).to_have_attribute("data-unit", f"2/{whole['unit']}")
    expect(again.get_by_role("tab", name="Neurons")).to_have_attribute("aria-selected", "true")


def test_an_address_without_a_run_still_knows_the_top_layer(visit: Visit) -> None:
    page = visit("#layer=2")
    maps_drawn(page)
    expect(page.locator(".layer-card h2").last).to_have_text("Layer 2")
    for hash in ("#tab=probes", "#tab=map&epoch=0", "#"):
        page.evaluate("hash => { location.hash = hash; }", hash)
        expect(page.locator(".layer-card h2").last).to_have_text("Layer 6")
        page.locator('.cell[data-map="2"] .cell-title').click()
        expect(page.locator(".layer-card h2").last).to_have_text("Layer 2")


def test_what_a_class_of_the_demo_is_stands_beside_its_accuracy(visit: Visit) -> None:
    page = visit()
    expect(page.locator(".layer-card #about-data")).to_have_text(
        "photos: 10 classes, each one photograph; test crops come from a part of it that no "
        "training crop touches."
    )
    page.get_by_role("tab", name="Probes").click()
    expect(page.locator("#probes")).to_contain_text("each one photograph")


def test_patches_without_an_answer_do_not_hide_the_others_in_the_histogram(
    visit: Visit, ask: Callable[[str], dict]
) -> None:
    page = visit("#layer=6&unit=174")
    unit = ask("runs/clapp-photos/layers/6/units/174")
    counts = unit["histogram"]["counts"]
    zeros = sum(counts) - round(unit["active"] * sum(counts))
    assert 0.8 * sum(counts) < zeros < counts[0]
    told = f"{zeros:,} of {sum(counts):,} patches, {zeros / sum(counts):.1%}".replace("%", " %")
    expect(page.locator("#unit #zeros")).to_contain_text(told)
    tall = page.locator("#unit .histogram rect").evaluate_all(
        "bars => bars.map(bar => Number(bar.getAttribute('height')))"
    )
    assert max(tall) == 56 and sum(height > 5 for height in tall) >= 8


def test_a_selection_survives_a_reload(visit: Visit) -> None:
    page = visit("#tab=map")
    maps_drawn(page)
    page.wait_for_selector(".map[data-drawn]")
    box = page.locator(".surface").bounding_box()
    assert box
    x, y, side = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, 60
    drag(page, [(x - side, y - side), (x + side, y - side), (x + side, y + side), (x - side, y)])
    taken = page.locator(".chosen").get_attribute("data-selected")
    assert int(taken or 0) > 0
    page.reload()
    maps_drawn(page)
    expect(page.locator(".chosen")).to_have_attribute("data-selected", taken or "")


def test_the_maps_answer_before_the_rest_of_the_page_is_there(visit: Visit) -> None:
    page, held = visit(), []
    maps_drawn(page)
    page.route("**/script/later.js", lambda route: held.append(route))
    with page.expect_request("**/script/later.js"):
        page.reload()
    maps_drawn(page)
    box = page.locator('[data-layer="3"].cell-map').bounding_box()
    assert box
    x, y = box["x"], box["y"]
    drag(page, [(x, y), (x + 99, y), (x + 99, y + 99), (x, y + 99)])
    expect(page.locator(".strip .cell").first).to_have_attribute(
        "data-selected", re.compile("^[1-9]")
    )
    page.locator("#tab-units").click()
    page.keyboard.press("/")
    assert len(held) == 1 and page.locator("#neurons, #search").count() == 0
    assert not page.evaluate("'Plotly' in window")
    held[0].continue_()
    expect(page.locator("#search")).to_be_focused()
    page.wait_for_selector("#neurons .tile[data-unit]")


def test_hovering_shows_the_image_without_a_request(visit: Visit) -> None:
    page = visit()
    page.wait_for_selector(".map[data-drawn]")
    page.wait_for_function(FETCHED_AHEAD)
    expect(page.locator(".layer-card .tile").first).to_be_visible()  # with pictures, asked for
    asked: list[str] = []
    page.on("request", lambda r: r.url.startswith("http") and asked.append(r.url))
    box = page.locator(".surface").bounding_box()
    assert box
    left, top = box["x"] + box["width"] * 0.3, box["y"] + box["height"] * 0.5
    pictured(page, [(left + box["width"] * step / 100, top) for step in range(40)])
    expect(page.locator(".tip .sprite")).to_have_css("background-image", re.compile("^url"))
    assert [url for url in asked if not url.endswith(BY_THE_CLOCK)] == []


def test_two_clicks_lead_from_a_point_to_a_unit_of_layer_4_that_likes_its_image(
    visit: Visit, ask: Callable[[str], dict], shots: Path
) -> None:
    page = visit("#tab=map")
    map_drawn(page)
    box = page.locator(".surface").bounding_box()
    points = ask("runs/clapp-photos/layers/6/embedding")
    x, y = pixels_of(points, box)[7]
    page.mouse.click(box["x"] + x, box["y"] + y)
    liked = page.locator('#image .unit-row[data-layer="4"] .unit-tile')
    expect(liked.first).to_be_visible()
    liked.first.evaluate("(tile) => tile.scrollIntoView({ block: 'nearest' })")
    page.screenshot(path=shots / "liked-light-1440.png")
    found = ask(f"runs/clapp-photos/layers/4/neighbours/{state(page)['image']}")["units"]
    assert liked.evaluate_all("all => all.map((e) => Number(e.dataset.unit))") == [
        one["unit"] for one in found[:5]
    ]
    liked.first.click()
    expect(page.locator("#unit")).to_have_attribute("data-unit", f"4/{found[0]['unit']}")
    expect(page.locator("#unit .patch")).not_to_have_count(0)


def test_the_rows_of_an_image_stay_while_other_things_change(
    visit: Visit, ask: Callable[[str], dict]
) -> None:
    image = array(ask("runs/clapp-photos/layers")["ids"])[7]
    page = visit(f"#tab=map&image={image}&layer=6")
    maps_drawn(page)
    asked: list[str] = []
    page.on("request", lambda r: "/neighbours/" in r.url and asked.append(r.url))
    rows = page.locator("#image .neighbour-row")
    tile = page.locator('#image .neighbour-row[data-layer="2"] .thumb').first
    expect(tile).to_have_css("background-image", re.compile("^url"))  # with the sheet they change
    tile.focus()
    first = tile.element_handle()
    asked.clear()
    page.locator('.cell[data-map="2"] .cell-title').dispatch_event("click")
    expect(rows.nth(2)).to_have_class(re.compile(r"\bon\b"))
    expect(rows.nth(6)).not_to_have_class(re.compile(r"\bon\b"))
    page.get_by_label("Use the dark theme").dispatch_event("click")
    expect(page.get_by_label("Use the light theme")).to_be_visible()
    assert first.evaluate("(tile) => tile.isConnected && tile === document.activeElement")
    assert asked == []


def test_a_hidden_class_is_never_selected(visit: Visit) -> None:
    page = visit()
    page.wait_for_selector(".map[data-drawn]")
    box = page.locator(".surface").bounding_box()
    assert box
    page.locator(".class-row").first.click()
    edges = (box["x"] + 2, box["y"] + 2, box["x"] + box["width"] - 2, box["y"] + box["height"] - 2)
    left, top, right, bottom = edges
    drag(page, [(left, top), (right, top), (right, bottom), (left, bottom)])
    expect(page.locator(".class-row").first).to_contain_text(re.compile(r"\D0/\d"))
    expect(page.locator(".class-row").nth(1)).not_to_contain_text(re.compile(r"\D0/\d"))
    page.locator(".class-row").nth(1).dblclick()
    expect(page.locator(".class-row.off")).to_have_count(page.locator(".class-row").count() - 1)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("tab", ["map", "units", "probes"])
def test_each_tab_in_both_themes_and_both_sizes(
    visit: Visit, shots: Path, tab: str, dark: bool
) -> None:
    tone = "dark" if dark else "light"
    page = visit(f"#tab={tab}&layer=3", dark=dark)
    maps_drawn(page)
    expect(page.locator("html")).to_have_attribute("data-theme", tone)
    page.wait_for_load_state("networkidle")
    page.screenshot(path=shots / f"{tab}-{tone}-1440.png")
    small = visit(f"#tab={tab}&layer=3", size=PHONE, dark=dark)
    maps_drawn(small)
    small.wait_for_load_state("networkidle")
    assert small.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    small.screenshot(path=shots / f"{tab}-{tone}-390.png", full_page=True)


def test_the_theme_is_kept_and_the_maps_follow_it(visit: Visit) -> None:
    page = visit()
    page.wait_for_selector(".map[data-drawn]")
    page.locator("#theme").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.reload()
    maps_drawn(page)
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    assert inked(page, '[data-layer="6"].cell-map') > 0.01
