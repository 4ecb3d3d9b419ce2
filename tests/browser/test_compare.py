"""Does the Compare tab show the numbers of a bench, and the difference between two runs?"""

import json
import re
import shutil
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.benchrecord import written
from tests.browser.seen import PHONE, addressed, expected, maps_drawn, open_anew, stands_in

Visit = Callable[..., Page]
NAME, OTHER = "made-up-bench", "another-run"


@pytest.fixture
def bench(own: Path) -> Iterator[str]:
    written(own, NAME)
    yield NAME
    shutil.rmtree(own / "benches" / NAME)


def cells(page: Page, rule: str, view: str = "patches-64-grey") -> list[str]:
    """The texts of a row of the table, from its name on."""
    row = page.locator(f'#compare tr[data-rule="{rule}"][data-view="{view}"]')
    return row.locator("th, td").all_inner_texts()


def shown(found: dict) -> str:
    """An accuracy and its interval as the table has them."""
    low, high = 100 * found["low"], 100 * found["high"]
    return f"{100 * found['accuracy']:.1f} %\n{low:.1f}–{high:.1f}"


def together(found: dict) -> str:
    """The same without the break between them, which only a table that is in view has."""
    return shown(found).replace("\n", "")


def test_the_table_has_the_numbers_of_the_bench(
    visit: Visit, ask: Callable[[str], dict], bench: str
) -> None:
    told = ask(f"benches/{bench}")
    page = visit(f"#tab=compare&bench={bench}")
    page.wait_for_selector("#compare .bench .chart .main-svg")
    page.wait_for_load_state("networkidle")  # the table is drawn anew with the list of runs
    for row in told["summary"]:
        texts = cells(page, row["rule"], row["view"])
        found = row["probes"]["fast"]
        if row["rule"] == "pixels":
            assert texts[3] == shown(found[0]) and set(texts[4:9]) == {""}
        else:
            assert texts[3:9] == [shown(each) for each in found]
        assert texts[9] == shown(row["neighbours"][-1])
    headings = page.locator("#compare .rules thead th").all_inner_texts()
    images = headings.index("images")
    assert cells(page, "clapp")[images] == "5,000" and cells(page, "supervised")[images] == "500"
    assert "1 of 2 seeds" in cells(page, "cpc")[0]
    assert page.locator("#compare .rules").inner_text().count(" seeds") == 1
    names = page.locator("#compare .sample").all_inner_texts()
    lines = page.locator("#compare .bench .chart .scatterlayer .trace")
    assert len(names) == len(told["summary"])
    expect(lines).to_have_count(len(names))
    for word in ("raw pixels, grey patches, 64 px", "random encoder, colour images, 96 px", "cpc"):
        assert word in names
    expect(page.locator("#compare")).to_contain_text(told["definitions"]["fast"])
    expect(page.locator("#compare .notice.bad")).to_contain_text("cpc, seed 1 failed")

    page.get_by_role("button", name="linear probe, all-layers").click()
    assert cells(page, "clapp++", "image-96-rgb")[3] == "58.0 %\n56.9–59.1"
    page.locator('#compare tr[data-rule="clapp++"]').hover()  # of a chart without lines
    page.get_by_role("button", name="neighbours, k = 20").click()
    assert cells(page, "supervised")[3:9] == [
        shown(each) for each in told["summary"][-1]["neighbours"]
    ]


def test_a_line_that_is_pointed_at_or_chosen_stands_out(visit: Visit, bench: str) -> None:
    page = visit(f"#tab=compare&bench={bench}")
    rules = page.locator('#compare section[aria-label="Rules"]')
    names, lines = rules.locator(".sample"), rules.locator(".scatterlayer > .trace")
    faint, out = rules.locator(".trace.faint"), rules.locator(".trace.out")
    page.wait_for_selector("#compare .leads")
    assert rules.locator(".leads path").count() == names.count() > 9
    boxes = sorted((box["y"], box["height"]) for box in map(Locator.bounding_box, names.all()))
    apart = [lower[0] - upper[0] - upper[1] for upper, lower in pairwise(boxes)]
    assert min(apart) > -0.5, "names lie on each other"
    place = names.all_inner_texts().index("hinge-cpc")
    expect(faint).to_have_count(0)
    expect(lines.nth(place).locator(".errorbars")).to_have_css("visibility", "hidden")

    names.nth(place).click()
    page.mouse.move(5, 5)
    page.wait_for_function("() => location.hash.includes('line=hinge-cpc')")
    page.reload()
    for _ in range(2):
        expect(out).to_have_count(1)
        expect(faint).to_have_count(lines.count() - 1)
        expect(faint.first).to_have_css("opacity", "0.2")
        expect(lines.nth(place)).to_have_class(re.compile(r"\bout\b"))
        expect(out.locator(".errorbars")).to_have_css("visibility", "visible")
        page.evaluate("document.querySelector('#theme').click()")
    rules.locator('tr[data-rule="supervised"]').hover()
    expect(lines.nth(names.all_inner_texts().index("supervised"))).to_have_class(re.compile("out"))
    names.nth(place).click()
    page.mouse.move(5, 5)
    names.nth(place).blur()
    expect(faint).to_have_count(0)
    page.set_viewport_size(PHONE)
    expect(rules.locator(".leads")).to_have_count(0)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_a_click_sorts_by_a_column_and_the_address_keeps_it(visit: Visit, bench: str) -> None:
    page = visit(f"#tab=compare&bench={bench}")
    first = page.locator("#compare tbody tr").first
    page.locator('#compare [data-column="1"]').click()
    expect(first).to_have_attribute("data-rule", "supervised")
    page.locator('#compare [data-column="1"]').click()
    expect(first).to_have_attribute("data-rule", "random")
    expect(page.locator("#compare tbody tr").last).to_have_attribute("data-rule", "pixels")
    page.wait_for_function("() => location.hash.includes('order=1')")
    page.reload()
    expect(first).to_have_attribute("data-rule", "random")
    expect(page.locator('#compare th[aria-sort="ascending"]')).to_have_text(re.compile("layer 1"))


def test_without_a_bench_the_page_says_how_to_make_one(visit: Visit, shots: Path) -> None:
    page = visit("#tab=map")
    page.route("**/api/benches", lambda route: route.fulfill(json={"benches": []}))
    page.get_by_role("tab", name="Compare").click()
    expect(page.locator("#compare .command").first).to_contain_text("saccade bench rules --data")
    page.screenshot(path=shots / "compare-empty.png")


def test_a_rule_opens_its_run_where_that_is_here(
    visit: Visit, ask: Callable[[str], dict], bench: str, own: Path
) -> None:
    run = ask("runs")["runs"][0]["id"]
    told = json.loads((own / "benches" / bench / "bench.json").read_text())
    for row in told["summary"]:
        row["runs"] = [run if row["rule"] == "clapp" else "gone"]
    written(own, bench, summary=told["summary"])
    page = visit(f"#tab=compare&bench={bench}")
    row = page.locator('#compare tr[data-rule="clapp"]')
    expect(page.locator("#compare .rules tbody button")).to_have_count(1)
    row.get_by_role("button", name="clapp").click()
    expect(page.locator("#map")).to_be_visible()
    assert addressed(page, "run") == run


def test_two_runs_are_told_with_their_difference(
    visit: Visit, ask: Callable[[str], dict], shots: Path
) -> None:
    run = ask("runs")["runs"][0]
    here = ask(f"runs/{run['id']}/probes")
    there = here | {"run": OTHER, "layers": [other(probe) for probe in here["layers"]]}

    def two(route: Route) -> None:
        route.fulfill(json={"runs": [run, run | {"id": OTHER}]})

    page = visit("#tab=map")
    page.route(re.compile(r"/api/runs$"), two)
    stands_in(page, OTHER, run["id"])
    page.route(f"**/api/runs/{OTHER}/probes**", lambda route: route.fulfill(json=there))
    open_anew(page, page.url.split("#")[0] + "#tab=compare")
    page.locator("#versus").select_option(OTHER)
    rows = page.locator("#pair tbody tr")
    expect(rows).to_have_count(2 * len(here["layers"]) + 1)
    for probe, beside in zip(here["layers"], there["layers"], strict=True):
        cells = page.locator(f'#pair tr[data-row="layer {probe["layer"]}"] td')
        expect(cells).to_have_text([together(probe), together(beside), re.compile(r"^\+10\.0")])
        random = page.locator(f'#pair tr[data-row="random, layer {probe["layer"]}"] td')
        expect(random.first).to_have_text(together(probe["random"]))
    expect(page.locator("#pair")).to_contain_text("Protocol fast.")
    page.wait_for_selector("#pair .chart .main-svg")
    for names in ("#pair thead th:not(:first-child)", "#pair .sample"):
        told = page.locator(names).all_inner_texts()
        assert len(told) == len({*told}), "two runs of one name are told apart"
    page.locator("#pair").scroll_into_view_if_needed()
    page.screenshot(path=shots / "compare-two-runs.png")


def test_an_open_choice_stands_through_news_that_change_nothing_of_it(
    visit: Visit, bench: str, ask: Callable[[str], dict]
) -> None:
    run, called = ask("runs")["runs"][0], "another"

    def two(route: Route) -> None:  # what is not complete is asked about again every few seconds
        route.fulfill(json={"runs": [run, run | {"id": OTHER, "name": called, "begun": [999]}]})

    page = visit("#tab=map")
    page.route(re.compile(r"/api/runs$"), two)
    open_anew(page, page.url.split("#")[0] + f"#tab=compare&bench={bench}")
    expect(page.locator("#versus option")).to_have_count(3)
    expect(page.locator("#compare table.rules")).to_have_count(1)
    choices = '["#versus", "#compare table.rules"].map((one) => document.querySelector(one))'
    page.evaluate(f"window.standing = {choices}")
    for _ in range(2):  # the first may have been on its way before
        with page.expect_response(re.compile(r"/api/runs$")):
            pass
    assert page.evaluate("window.standing.map((one) => one.isConnected)") == [True, True]
    called = "of a new name"
    expect(page.locator("#versus")).to_contain_text(called)


def test_a_bench_that_cannot_be_shown_leaves_the_choice(visit: Visit, bench: str) -> None:
    with expected(visit.complaints, r"Failed to load resource"):
        page = visit("#tab=compare&bench=gone")
        expect(page.locator("#compare .notice.bad").first).to_contain_text("gone")
    choice = page.locator("#bench")
    expect(choice.locator("option:checked")).to_have_text("choose a bench")
    choice.select_option(bench)
    page.wait_for_selector("#compare .bench .chart .main-svg")
    expect(choice).to_have_value(bench)
    expect(choice.locator("option[disabled]")).to_have_count(0)


def test_where_the_newest_bench_is_damaged_the_next_is_shown(visit: Visit, bench: str) -> None:
    page = visit("#tab=map")
    listed = page.request.get(page.url.split("#")[0] + "api/benches").json()
    broken = listed["benches"][0] | {"name": "newest"}
    page.route(
        re.compile(r"/api/benches$"),
        lambda route: route.fulfill(json={"benches": [broken, *listed["benches"]]}),
    )
    with expected(visit.complaints, r"Failed to load resource"):
        page.get_by_role("tab", name="Compare").click()
        page.wait_for_selector("#compare .bench .chart .main-svg")
        expect(page.locator("#compare .notice.bad").first).to_contain_text("newest")
    expect(page.locator("#bench")).to_have_value(bench)


def other(probe: dict) -> dict:
    return probe | {name: probe[name] - 0.1 for name in ("accuracy", "low", "high")}


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_tab_in_both_themes_and_both_sizes(
    visit: Visit, bench: str, shots: Path, dark: bool
) -> None:
    tone = "dark" if dark else "light"
    for size, name in ((None, "1440"), (PHONE, "390")):
        more = {"size": size} if size else {}
        page = visit(f"#tab=compare&bench={bench}", dark=dark, **more)
        maps_drawn(page)
        page.wait_for_selector("#compare .bench .chart .main-svg")
        assert page.evaluate("document.documentElement.scrollWidth") <= int(name)
        page.screenshot(path=shots / f"compare-{tone}-{name}.png", full_page=bool(size))
