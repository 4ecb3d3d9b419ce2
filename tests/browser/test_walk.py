"""Can a newcomer go the whole way in the browser, from the demo run to a run of their own?"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from tests.browser.seen import addressed, drag, highlighted, inked, maps_drawn, pixels_of
from tests.wire import array

FIVE_MINUTES = 300_000


@pytest.mark.slow
def test_the_whole_way_from_the_demo_run_to_a_run_of_ones_own(
    visit: Callable[..., Page], ask: Callable[[str], dict], shots: Path
) -> None:
    page = visit()
    maps_drawn(page)
    run = addressed(page, "run")
    for layer in range(7):
        assert inked(page, f'[data-layer="{layer}"].cell-map') > 0.01
    page.wait_for_selector(".map[data-drawn]")
    page.screenshot(path=shots / "map.png")

    the_lasso_selects_the_same_images_in_all_maps(page, ask, run)
    page.screenshot(path=shots / "selection.png")
    page.keyboard.press("Escape")
    expect(page.locator(".chosen")).to_have_attribute("data-selected", "0")

    the_best_unit_of_layer_3_opens(page, ask, run)
    page.screenshot(path=shots / "neurons.png")

    page.get_by_role("tab", name="Probes").click()
    expect(page.locator("#probes tbody tr").first).to_be_visible()
    page.wait_for_selector("#probes .chart .main-svg")
    page.screenshot(path=shots / "probes.png")

    own = a_run_starts_and_shows_its_progress(page, shots)
    row = page.locator(f'[data-run="{own}"]')
    expect(row).to_have_attribute("data-state", "finished", timeout=2 * FIVE_MINUTES)
    page.get_by_role("tab", name="Map").click()
    maps_drawn(page, f"{own}@2")
    for layer in range(7):
        assert inked(page, f'[data-layer="{layer}"].cell-map') > 0.01
    page.screenshot(path=shots / "own-run.png")
    row.get_by_role("button", name="Delete").click()
    row.get_by_role("button", name="Delete").click()
    expect(row).to_have_count(0)


def the_lasso_selects_the_same_images_in_all_maps(page: Page, ask, run: str) -> None:
    layers = ask(f"runs/{run}/layers")
    ids = array(layers["ids"])
    box = page.locator(".surface").bounding_box()
    assert box
    at = pixels_of(ask(f"runs/{run}/layers/6/embedding"), box)
    left, top, right, bottom = (
        box["width"] * 0.3,
        box["height"] * 0.3,
        box["width"] * 0.5,
        box["height"] * 0.6,
    )
    corners = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)]
    drag(page, [(box["x"] + x, box["y"] + y) for x, y in corners])

    def within(air: float) -> np.ndarray:
        x, y = at.T
        return (x > left - air) & (x < right + air) & (y > top - air) & (y < bottom + air)

    surely, perhaps = within(-1.5), within(1.5)
    expect(page.locator(".chosen")).not_to_have_attribute("data-selected", "0")
    taken = int(page.locator(".chosen").get_attribute("data-selected") or 0)
    assert 0 < surely.sum() <= taken <= perhaps.sum() < len(ids)
    for layer in range(7):
        cell = page.locator(f'[data-layer="{layer}"].cell-map').bounding_box()
        assert cell
        spots = pixels_of(ask(f"runs/{run}/layers/{layer}/embedding"), cell)
        assert highlighted(page, layer, spots[surely]).all()
        distance = np.hypot(*(spots[:, None] - spots[None, perhaps]).transpose(2, 0, 1))
        apart = ~perhaps & (distance.min(axis=1) > 6)
        assert apart.any() and not highlighted(page, layer, spots[apart]).any()


def the_best_unit_of_layer_3_opens(page: Page, ask, run: str) -> None:
    units = ask(f"runs/{run}/layers/3/units")
    best = int(np.nanargmax(array(units["best_dprime"])))
    page.locator('[data-map="3"] .cell-title').click()
    page.get_by_role("tab", name="Neurons").click()
    first = page.locator("#neurons .tile").first
    expect(first).to_have_attribute("data-unit", str(best))
    first.click()
    expect(page.locator("#unit")).to_have_attribute("data-unit", f"3/{best}")
    top = [patch["image"] for patch in ask(f"runs/{run}/layers/3/units/{best}")["patches"]["top"]]
    shown = page.locator('#unit [data-patches="top"] .patch')
    expect(shown).to_have_count(len(top))
    assert [int(shown.nth(i).get_attribute("data-image") or -1) for i in range(len(top))] == top
    page.wait_for_function(
        """() => [...document.querySelectorAll('#unit [data-patches="top"] img')]
            .every(img => img.complete && img.naturalWidth > 0)"""
    )
    expect(page.locator("#colour")).to_have_value("unit")


def a_run_starts_and_shows_its_progress(page: Page, shots: Path) -> str:
    page.get_by_role("button", name="New run").click()
    page.locator("#run-name").fill("the walk")
    page.locator("#set-encoder").select_option("vgg6-tiny")
    page.locator("#set-epochs").fill("2")
    page.get_by_text("More settings").click()
    page.locator("#set-keep").fill("0")
    expect(page.locator(".command")).to_contain_text("--encoder vgg6-tiny --epochs 2 --keep 0")
    page.screenshot(path=shots / "new-run.png")
    page.locator("#start-run").click()
    row = page.locator(".run.on", has_text="the walk")
    expect(row).to_be_visible()
    expect(row.locator(".losses path")).to_have_count(6, timeout=FIVE_MINUTES)
    bar = row.get_by_role("progressbar").first
    page.wait_for_function(
        "bar => Number(bar.getAttribute('aria-valuenow')) > 0", arg=bar.element_handle()
    )
    page.screenshot(path=shots / "progress.png")
    return row.get_attribute("data-run") or ""
