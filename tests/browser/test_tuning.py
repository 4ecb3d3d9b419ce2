"""Does the page tell which gratings a unit prefers, and show thousands of units at once?"""

import json
import re
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, Route, expect

from backend.analysis.shuffles import shuffled
from backend.api.arrays import typed
from backend.jobs.analyse import analyse
from backend.runs.results import Results
from models.data import load
from tests.browser.conftest import ROOT, reply_of, served
from tests.browser.seen import DESK, PHONE, own_reply
from tests.wire import array

RUN, LAYER, MANY = "tuned", 3, 3200
OF_ONE = re.compile(r"layers/5/units/(\d+)")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the demo run: its last epoch has all analyses, its first lacks gratings."""
    home = tmp_path_factory.mktemp("tuned")
    run = home / "runs" / RUN
    shutil.copytree(ROOT / "models" / "pretrained" / "clapp-photos", run)
    about = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps(about | {"id": RUN, "name": "tuned"}))
    ended = {"state": "finished", "error": None, "attempt": 1}  # or it would be trained on
    (run / "result.json").write_text(json.dumps(ended))
    results = Results(run)
    first, last = results.epochs()[0], results.epochs()[-1]
    list(analyse(run, load("photos", home), [last], "cpu", ["tuning"]))
    for layer in range(1, 7):
        results.path("tuning", first, layer).unlink(missing_ok=True)
        kept, found = (results.read(n, last, layer) for n in ("responses", "selectivity"))
        responses = kept["offset"] + kept["scale"] * kept["level"].T
        found |= shuffled(responses, results.labels(last), found["dprime"].shape[1], 0)
        results.write("selectivity", last, layer, found)
    return home


@pytest.fixture(scope="module")
def server(home: Path) -> Iterator[str]:
    with served(home) as address:
        while RUN not in [run["id"] for run in reply_of(address, "runs")["runs"]]:
            time.sleep(0.1)  # it is taken up once nothing more is written into it
        yield address


def test_the_card_tells_what_gratings_excite_a_unit(
    visit: Callable[..., Page], home: Path, server: str, shots: Path
) -> None:
    path = f"runs/{RUN}/layers/{LAYER}/units"
    units = reply_of(server, path)
    page = visit(f"#run={RUN}&layer={LAYER}&tab=units&sort=osi", server=server)
    tile = page.locator("#neurons .tile[data-unit]").first
    best = int(np.nanargmax(array(units["osi"])))
    expect(tile).to_have_attribute("data-unit", str(best))
    tile.click()
    card, block = page.locator("#unit"), page.locator("#gratings")
    expect(card).to_have_attribute("data-unit", f"{LAYER}/{best}")
    found = reply_of(server, f"{path}/{best}")
    tuning = found["tuning"]
    expect(block).to_contain_text(f"{tuning['orientation']:.0f}°")
    expect(block).to_contain_text(f"{tuning['osi']:.2f}")
    said = block.locator("svg.polar").get_attribute("aria-label") or ""
    assert f"orientation selectivity {tuning['osi']:.2f}" in said
    block.get_by_text("As text").click()
    expect(block.locator("tbody tr")).to_have_count(len(tuning["orientations"]))
    expect(block.locator("tbody tr").first.locator("td")).to_have_count(len(tuning["frequencies"]))
    block.get_by_text("As text").click()
    expect(card.locator(".class-bar .band")).to_have_count(len(found["dprime"]))
    expect(card).to_contain_text(f"(null ≤ {found['shuffled']['best']:.2f})")
    for size, dark in ((DESK, False), (DESK, True), (PHONE, True), (PHONE, False)):
        page.set_viewport_size(size)
        page.emulate_media(color_scheme="dark" if dark else "light")
        # At once, since another theme draws the card anew.
        page.evaluate("document.querySelector('#gratings').scrollIntoView({ block: 'center' })")
        look = "dark" if dark else "light"
        page.screenshot(path=shots / f"gratings-{look}-{size['width']}.png")
    page.set_viewport_size(DESK)
    deaf = next(
        (unit, layer)
        for layer in (6, 5, 4)
        for unit in np.flatnonzero(np.isnan(array(osi_of(server, layer))))
    )
    page.evaluate(f"location.hash = '#run={RUN}&layer={deaf[1]}&unit={deaf[0]}'")
    expect(block).to_contain_text("No grating excites this unit.")
    first = Results(home / "runs" / RUN).epochs()[0]
    page.evaluate(f"location.hash = '#run={RUN}&layer={LAYER}&unit=0&epoch={first}&tab=units'")
    expect(block).to_contain_text(f"saccade analyse {RUN}")
    expect(page.locator("#sort:not(:has([value=osi]))")).to_be_visible()
    assert "NaN" not in page.inner_text("body")


def osi_of(server: str, layer: int) -> dict:
    return reply_of(server, f"runs/{RUN}/layers/{layer}/units")["osi"]


def many(route: Route) -> None:
    """The layer's units, again and again until there are 3,200."""
    reply = own_reply(route)
    units = reply.json()

    def longer(encoded: dict) -> dict:
        values = array(encoded).reshape(units["units"], -1)
        rows = np.arange(MANY) % len(values)
        return dict(typed(values[rows].ravel()))

    body = {k: longer(v) if isinstance(v, dict) and "bdata" in v else v for k, v in units.items()}
    body["top"] = {name: longer(values) for name, values in units["top"].items()}
    route.fulfill(response=reply, body=json.dumps(body | {"units": MANY}))


def one(route: Route) -> None:
    """What is asked of a unit that is there as another only."""
    url = OF_ONE.sub(lambda found: f"layers/5/units/{int(found[1]) % 64}", route.request.url)
    route.continue_(url=url)


def test_of_thousands_of_units_those_in_view_are_tiles(
    visit: Callable[..., Page], server: str
) -> None:
    page = visit("#tab=map", server=server)
    page.route("**/layers/5/units?*", many)
    page.route(OF_ONE, one)
    page.evaluate(f"location.hash = '#run={RUN}&layer=5&tab=units&sort=number'")
    grid, tiles = page.locator("#neurons .tiles"), page.locator("#neurons .tile[data-unit]")
    expect(tiles.first).to_have_attribute("data-unit", "0")
    expect(page.locator("#neurons")).to_contain_text("3,200 units")
    expect(tiles.first).to_have_attribute("aria-setsize", str(MANY))
    assert tiles.count() < 300
    grid.evaluate("element => { element.scrollTop = element.scrollHeight; }")
    last = page.locator(f"#unit-{MANY - 1}")
    expect(last).to_be_in_viewport()
    expect(last.locator("svg.columns")).to_have_count(1)
    assert tiles.count() < 300 and page.locator("#unit-0").count() == 0
    last.focus()
    page.keyboard.press("Home")
    expect(page.locator("#unit-0")).to_be_focused()
    page.keyboard.press("End")
    expect(last).to_be_focused()
    for _ in range(12):
        page.keyboard.press("ArrowUp")
    columns = len(grid.evaluate("e => getComputedStyle(e).gridTemplateColumns").split())
    reached = MANY - 1 - 12 * columns
    expect(page.locator(f"#unit-{reached}")).to_be_focused()
    page.wait_for_function(f"() => location.hash.includes('unit={reached}&')")
    page.evaluate("location.hash = location.hash.replace(/unit=\\d+/, 'unit=1600')")
    expect(page.locator("#unit-1600.on")).to_be_in_viewport()
