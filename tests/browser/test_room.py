"""Does all that a window shows fit into it, on a laptop and a projector as on a desk?"""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.seen import DESK, PHONE, addressed, map_drawn, maps_drawn, own_reply, pixels_of

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


# What of an element a person sees between the header and the footer of the page, pixels.
IN_SIGHT = """(e) => {
    const { top, bottom } = e.getBoundingClientRect();
    const head = document.querySelector(".header").getBoundingClientRect().bottom;
    const foot = document.querySelector(".footer").getBoundingClientRect().top;
    return Math.min(bottom, foot) - Math.max(top, head);
}"""


def in_sight(page: Page, selector: str) -> float:
    return page.locator(selector).first.evaluate(IN_SIGHT)


def comes_in_sight(page: Page, selector: str, least: float) -> None:
    """The page scrolls once what it shows is there, a frame or two later."""
    shown = f"([all, least]) => ({IN_SIGHT})(document.querySelector(all)) > least"
    page.wait_for_function(shown, arg=[selector, least], timeout=5000)


@pytest.mark.parametrize("size", [SMALL, PHONE], ids=ids_of)
def test_a_card_below_the_maps_comes_into_view_and_its_way_there_stays(
    visit: Visit, size: dict
) -> None:
    page = visit("#layer=6&tab=units", size=size)
    tile = page.locator("#neurons .tile[data-unit]").nth(4)
    tile.click()
    expect(page.locator("#unit .walk")).to_be_visible()
    comes_in_sight(page, "#unit", 150)
    assert in_sight(page, "#neurons .tiles") > 150, "the grid is not taken away"
    expect(tile).to_be_focused()
    before = page.evaluate("scrollY")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#unit .soft.small").first).to_contain_text("6 of")
    assert page.evaluate("scrollY") == before, "the card is in view already"


@pytest.mark.parametrize("size", [SMALL, PHONE], ids=ids_of)
def test_an_image_that_is_clicked_on_the_map_comes_into_view(
    visit: Visit, ask: Callable[[str], dict], size: dict
) -> None:
    page = visit("#layer=6&points=dots", size=size)
    map_drawn(page)
    surface = page.locator("#map .surface")
    surface.scroll_into_view_if_needed()
    box = surface.bounding_box()
    assert box
    x, y = pixels_of(ask("runs/clapp-photos/layers/6/embedding"), box)[0]
    page.mouse.click(box["x"] + x, box["y"] + y)
    expect(page.locator("#image .portrait")).to_be_visible()
    comes_in_sight(page, "#image .portrait img", 60)
    assert page.evaluate("document.activeElement.closest('.detail')") is None


@pytest.mark.parametrize("size", [DESK, PROJECTOR, SMALL], ids=ids_of)
def test_what_a_cell_of_the_confusion_matrix_opens_is_in_view(visit: Visit, size: dict) -> None:
    page = visit("#layer=6&tab=probes", size=size)
    cell = page.locator('.confusion [data-cell="0,7"]')
    cell.click()
    expect(page.locator("#mixup .tile img").first).to_be_attached()
    box = page.locator(".tab-body.probes-body").bounding_box()
    head = page.locator("#mixup .compare-head").bounding_box()
    images = page.locator("#mixup .thumb").first.bounding_box()
    assert box and head and images
    assert head["y"] >= box["y"] and images["y"] + 20 <= box["y"] + box["height"]
    comes_in_sight(page, "#mixup .thumb", 20)
    if size is DESK:
        assert cell.evaluate(IN_SIGHT) > 20 and cell.bounding_box()["y"] >= box["y"]
    ring = page.locator(".confusion thead th span").nth(7).bounding_box()
    assert ring and ring["y"] + ring["height"] + 4 <= cell.bounding_box()["y"], "no name is cut"


def test_a_class_that_is_never_named_rightly_has_a_nought(visit: Visit) -> None:
    page = visit("#layer=6")

    def none(route: Route) -> None:
        told = own_reply(route).json()
        for layer in told["layers"]:
            first = layer["confusion"][0]
            layer["confusion"][0] = [0, sum(first), *[0] * (len(first) - 2)]
        route.fulfill(json=told)

    page.route("**/probes?**", none)
    page.get_by_role("tab", name="Probes").click()
    row = page.locator(".confusion tbody tr").first.locator("td")
    expect(row).to_have_text(["0", "100", *[""] * 8])


def test_units_that_separate_are_offered_from_two_images_on_and_go_with_them(
    visit: Visit,
) -> None:
    page = visit("#layer=6&image=2010&selection=b1ls._____________w")
    page.locator("#separate").click()
    tile = page.locator('#separators [data-layer="6"] .separating-tile').first
    expect(tile.locator("b")).to_have_text(tile.get_attribute("data-unit") or "")
    page.locator("#clear").click()
    expect(page.locator("#separators")).to_be_hidden()
    page.locator('[data-class="1"].take').dispatch_event("click")
    expect(page.locator("#separate")).to_have_attribute("aria-pressed", "false")
    expect(page.locator("#separators")).to_be_hidden()
    page = visit("#layer=6&separate=yes&selection=b22s.AQ")
    expect(page.locator(".chosen")).to_contain_text("1 image selected")
    expect(page.locator("#separate")).to_have_count(0)
    expect(page.locator("#separators")).to_be_hidden()


def test_the_ticks_of_the_epochs_stay_when_a_selection_appears(visit: Visit) -> None:
    for size in (DESK, PROJECTOR, SMALL):
        page = visit("#layer=6", size=size)
        maps_drawn(page)
        expect(page.locator(".chosen")).to_contain_text("Draw around points")
        before = page.locator("#epoch").bounding_box()
        page.locator('[data-class="1"].take').dispatch_event("click")
        expect(page.locator("#separate")).to_be_visible()
        after = page.locator("#epoch").bounding_box()
        assert before and after and (before["x"], before["width"]) == (after["x"], after["width"])
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]


def test_the_picture_beside_the_pointer_stays_in_the_window(visit: Visit) -> None:
    page = visit("#layer=6", size=PHONE)
    maps_drawn(page)
    last = page.locator(".strip .cell-map").last
    last.scroll_into_view_if_needed()
    box, tip = last.bounding_box(), page.locator(".tip")
    assert box
    found = 0
    for x in range(250, 262, 2):
        for y in range(8, int(box["height"]), 8):
            page.mouse.move(x, box["y"] + y)
            if own := tip.bounding_box() if tip.is_visible() else None:
                found += 1
                assert own["x"] >= 0 and own["x"] + own["width"] <= PHONE["width"]
    assert found > 5


def test_the_compare_tab_ends_where_it_ends_and_the_page_with_it(visit: Visit) -> None:
    page = visit("#layer=6&tab=compare&versus=clapp-photos&versus_epoch=0")
    rows = page.locator("#pair tbody tr")
    expect(rows).to_have_count(6)
    expect(page.locator("#pair .sample")).to_have_text(
        ["CLAPP demo, epoch 100", "random encoder", "raw pixels", "CLAPP demo, epoch 0"]
    )
    table = page.locator(".probe-table:has(.rules)")
    expect(table.locator("th").get_by_text("neighb. L6")).to_be_visible()
    assert table.evaluate("(e) => e.scrollWidth - e.clientWidth") == 0
    rows = table.locator("tbody tr").evaluate_all("(all) => all.map((row) => row.offsetHeight)")
    assert max(rows) < 45, "a row has two lines"
    assert page.evaluate("document.documentElement.scrollHeight") == DESK["height"]


def test_the_baselines_of_the_bench_that_ships_are_in_view_below_its_chart(visit: Visit) -> None:
    page = visit("#tab=compare&bench=clapp-stl10-300")
    page.wait_for_selector("#compare .bench .chart .main-svg")
    tab = page.locator("#compare").bounding_box()
    for rule in ("pixels", "random"):
        row = page.locator(f'#compare tr[data-rule="{rule}"]').bounding_box()
        assert tab and row and row["y"] + row["height"] <= tab["y"] + tab["height"], rule


def test_the_list_of_keys_tells_what_the_pointer_does(visit: Visit) -> None:
    page = visit("#dialog=keys")
    for what in ("zoom at the pointer", "a double-click shows it alone"):
        expect(page.locator("dialog#keys")).to_contain_text(what)
