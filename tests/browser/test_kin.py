"""Can a person walk from a unit to those alike, to its past and to what was predicted of it?"""

import json
import re
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from backend.runs.store import Store
from tests.browser.conftest import reply_of, served
from tests.browser.seen import addressed, look
from tests.browser.test_layers import saccade
from tests.wire import array

Visit = Callable[..., Page]
TWIN = "twin-0000"


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Noisy stripes in two directions: 24 images to train on and 14 to test with."""
    folder, draw = tmp_path_factory.mktemp("stripes"), np.random.default_rng(0)
    y, x = np.mgrid[:96, :96]
    for number in range(38):
        part = folder / ("train" if number < 24 else "test") / f"{number % 2}"
        part.mkdir(parents=True, exist_ok=True)
        wave = 60 * np.sin((x, y)[number % 2] / draw.uniform(3, 6)) + draw.normal(128, 25, (96, 96))
        Image.fromarray(np.clip(wave, 0, 255).astype(np.uint8)).save(part / f"{number}.png")
    return folder


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, images: Path) -> Path:
    """A home with a small analysed run and the same again under another name."""
    home = tmp_path_factory.mktemp("kin")
    small = ["--encoder", "vgg6-tiny", "--epochs", "1", "--batch", "12", "--learning-rate", "0.01"]
    saccade("train", "--data", str(images), "--home", str(home), *small, "--device", "cpu")
    (run,) = (home / "runs").iterdir()
    shutil.copytree(run, home / "runs" / TWIN)
    about = json.loads((run / "run.json").read_text()) | {"id": TWIN, "name": "twin"}
    (home / "runs" / TWIN / "run.json").write_text(json.dumps(about))
    store = Store(home / "saccade.db")
    store.add(TWIN, about["created"], "finished", 1, time.time())
    store.close()
    return home


@pytest.fixture(scope="module")
def server(home: Path) -> Iterator[str]:
    with served(home) as address:
        yield address


@pytest.mark.slow
def test_a_walk_over_what_is_akin_to_a_unit(
    visit: Visit, server: str, home: Path, images: Path, shots: Path
) -> None:
    run = next(path.name for path in (home / "runs").iterdir() if path.name != TWIN)
    unit = answering(server, run, 3)
    page = visit(f"#run={run}&layer=3&unit={unit}&tab=units&versus={TWIN}", server=server)
    the_units_alike_are_those_of_the_server(page, server, run, unit, shots)
    the_prediction_is_drawn_by_k(page, server, run, unit, shots)
    the_grid_sorts_by_likeness_and_by_change(page, server, run, unit, shots)
    arrows_walk_the_units_while_the_card_is_scrolled(page)
    an_example_names_the_units_it_excites(page, images, shots)
    a_unit_of_the_compared_run_brings_that_run_into_view(page, run, unit)


def answering(server: str, run: str, layer: int) -> int:
    reply = reply_of(server, f"runs/{run}/layers/{layer}/units")
    return int(np.nanargmax(array(reply["change"])))


def the_units_alike_are_those_of_the_server(
    page: Page, server: str, run: str, unit: int, shots: Path
) -> None:
    card = page.locator("#alike")
    expect(card).to_have_attribute("data-unit", f"3/{unit}")
    told = reply_of(server, f"runs/{run}/layers/3/units/{unit}/alike?versus={TWIN}")
    rows = [*told["layers"], *told["versus"]]
    expect(card.locator(".unit-row")).to_have_count(len(rows))
    assert [row["layer"] for row in rows] == [3, 2, 4, 1, 2, 3, 4, 5, 6]
    for place, row in enumerate(rows):
        tiles = card.locator(".unit-row").nth(place).locator(".unit-tile")
        wanted = [f"{one['unit']}{one['r']:.2f}".replace("-", "−") for one in row["units"][:5]]
        assert tiles.all_text_contents() == wanted
    same = card.locator(".unit-row").nth(5).locator(".unit-tile").first
    expect(same).to_have_attribute("aria-label", f"Unit {unit} of Layer 3, r 1.00")
    expect(card).to_contain_text("correlation of two units' mean responses to the 14 images")
    overflow = "document.scrollingElement.scrollHeight - innerHeight"
    assert page.evaluate(overflow) <= 0
    look(page, shots, "alike", "#alike", rest=100)


def the_prediction_is_drawn_by_k(page: Page, server: str, run: str, unit: int, shots: Path) -> None:
    card = page.locator("#prediction")
    expect(card).to_have_attribute("data-unit", f"3/{unit}")
    steps = reply_of(server, f"runs/{run}/layers/3/units/{unit}/prediction")["steps"]
    card.get_by_role("button", name="3", exact=True).click()
    told = f"{steps[2]['true_r']:.2f}".replace("-", "−")
    expect(card.locator("[data-figure=true_r]")).to_have_text(told)
    wrong = f"{steps[2]['wrong_r']:.2f}".replace("-", "−")
    says = f"r of prediction and response {told} for true futures, {wrong} for wrong ones."
    expect(card.get_by_role("img")).to_have_attribute("aria-label", f"Unit {unit} at k = 3: {says}")
    pairs = len(array(steps[2]["prediction"]))
    for which in ("true", "wrong"):
        expect(card.locator(f"circle.{which}")).to_have_count(pairs)
    places = card.locator("circle.true").evaluate_all(
        "marks => marks.map((mark) => [+mark.getAttribute('cx'), -mark.getAttribute('cy')])"
    )
    x, y = np.array(places).T
    assert np.corrcoef(x, array(steps[2]["prediction"]))[0, 1] == pytest.approx(1, abs=1e-3)
    assert np.corrcoef(y, array(steps[2]["true"]))[0, 1] == pytest.approx(1, abs=1e-3)
    card.get_by_text("r at every k").click()
    expect(card.locator("tbody tr")).to_have_count(5)
    look(page, shots, "prediction", "#prediction", rest=100)


def the_grid_sorts_by_likeness_and_by_change(
    page: Page, server: str, run: str, unit: int, shots: Path
) -> None:
    page.get_by_role("button", name="Sort by this").click()
    expect(page.locator("#sort option:checked")).to_have_text(f"similarity to unit {unit}")
    r = array(reply_of(server, f"runs/{run}/layers/3/units/{unit}/alike")["r"])
    assert drawn(page) == falling(r) and drawn(page)[0] == unit
    page.locator("#sort").select_option("change")
    expect(page.locator("#sort option:checked")).to_have_text("change since epoch 0")
    change = array(reply_of(server, f"runs/{run}/layers/3/units")["change"])
    assert drawn(page) == falling(change)
    look(page, shots, "change", "#neurons", rest=100)


def drawn(page: Page) -> list[int]:
    script = "tiles => tiles.map((tile) => +tile.dataset.unit)"
    return page.locator("#neurons .tile").evaluate_all(script)


def falling(values: np.ndarray) -> list[int]:
    """Units by value, the largest first, those without one last, equal ones by number."""
    return np.argsort(-np.nan_to_num(values, nan=-np.inf), kind="stable").tolist()


def arrows_walk_the_units_while_the_card_is_scrolled(page: Page) -> None:
    order = drawn(page)
    page.locator("#prediction").get_by_role("button", name="2", exact=True).focus()
    before = page.evaluate("document.querySelector('.detail').scrollTop")
    assert before > 500
    page.keyboard.press("ArrowRight")
    expect(page.locator("#unit")).to_have_attribute("data-unit", f"3/{order[1]}")
    expect(page.locator("#prediction")).to_have_attribute("data-unit", f"3/{order[1]}")
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#prediction")).to_have_attribute("data-unit", f"3/{order[0]}")
    focus = page.evaluate(
        """() => {
            const at = document.activeElement, box = at.getBoundingClientRect();
            return { text: at.textContent, shown: box.top > 0 && box.bottom < innerHeight,
                outline: getComputedStyle(at).outlineStyle };
        }"""
    )
    assert focus == {"text": "2", "shown": True, "outline": "solid"}


def an_example_names_the_units_it_excites(page: Page, images: Path, shots: Path) -> None:
    page.locator("#example-file").set_input_files(images / "test" / "1" / "25.png")
    card = page.locator("#example")
    expect(card).to_have_attribute("data-status", "found")
    rows = card.locator("[data-ranked] .unit-row")
    expect(rows).to_have_count(6)
    expect(rows.nth(1).locator(".unit-tile").first).to_have_attribute(
        "aria-label", re.compile(r"^Unit \d+ of Layer 2, response above those to \d+ %$")
    )
    look(page, shots, "ranked", "[data-ranked]", rest=100)
    tile = rows.nth(1).locator(".unit-tile").first
    unit = tile.get_attribute("data-unit")
    tile.click()
    expect(page.locator("#unit")).to_have_attribute("data-unit", f"2/{unit}")


def a_unit_of_the_compared_run_brings_that_run_into_view(page: Page, run: str, unit: int) -> None:
    page.evaluate(f"location.hash = 'run={run}&layer=3&unit={unit}&versus={TWIN}'")
    expect(page.locator("#alike")).to_have_attribute("data-unit", f"3/{unit}")
    tile = page.locator(f'#alike [data-run="{TWIN}"][data-layer="5"] .unit-tile').first
    other = tile.get_attribute("data-unit")
    tile.click()
    expect(page.locator("#unit")).to_have_attribute("data-unit", f"5/{other}")
    expect(page.locator("#alike h3")).to_contain_text("In ")
    assert (addressed(page, "run"), addressed(page, "versus")) == (TWIN, run)
