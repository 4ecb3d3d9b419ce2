"""Is what is wrong told in its place, while the rest goes on?"""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.conftest import ROOT, headers, served
from tests.browser.seen import expected, maps_drawn

Visit = Callable[..., Page]
REFUSED = r"Failed to load resource|ERR_|EventSource|asked for"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with two copies of the run that ships: one whole, one with arrays gone."""
    home = tmp_path_factory.mktemp("wrong")
    for run in ("gone-0001", "holes-0001"):
        folder = home / "runs" / run
        shutil.copytree(ROOT / "models" / "pretrained" / "clapp-photos", folder)
        about = json.loads((folder / "run.json").read_text())
        (folder / "run.json").write_text(json.dumps(about | {"id": run, "name": run}))
        (folder / "result.json").write_text(
            json.dumps({"state": "finished", "attempt": 1, "error": None})
        )
    last = sorted((home / "runs" / "holes-0001" / "analysis").glob("epoch-*"))[-1]
    for name in ("embedding-3", "selectivity-2", "neighbours-4", "probe-5"):
        (last / f"{name}.npz").unlink()
    return home


def test_an_address_with_what_does_not_exist_says_so_in_each_place(
    visit: Visit, shots: Path
) -> None:
    with expected(visit.complaints, REFUSED):
        page = visit("#layer=3&unit=9999&image=5&epoch=77&selection=b1.Bw")
        maps_drawn(page)
        expect(page.locator("#unit")).to_contain_text("layer 3 has no unit 9999")
        expect(page.locator("#image")).to_contain_text(
            "Image 5 is not among those that this run was analysed on"
        )
        expect(page.locator(".epochs .note")).to_contain_text("There is no analysed epoch 77")
        expect(page.locator(".chosen")).to_contain_text("3 not among the images of this run")
        expect(page.locator(".lacking-layer")).to_be_hidden()
        page.evaluate("location.hash = 'layer=42&tab=units'")
        expect(page.locator(".lacking-layer")).to_contain_text("no layer 42")
        expect(page.locator(".lacking-layer")).to_contain_text("its top one, Layer 6")
        expect(page.locator("#neurons .tile[data-unit]").first).to_be_visible()
        page.screenshot(path=shots / "lacking-layer.png")
        page.locator('[data-map="2"] .cell-title').click()
        expect(page.locator(".lacking-layer")).to_be_hidden()
        page.evaluate("location.hash = 'run=nobody'")
        expect(page.locator(".wait .notice")).to_contain_text("There is no run nobody")
        page.go_back()  # to the run that was in view: it has to be asked for again
        expect(page.locator(".wait")).to_be_hidden()
        page.evaluate("location.hash = 'run=nobody'")
        expect(page.locator(".wait")).to_be_visible()
        page.locator(".run-open").first.click()
        maps_drawn(page)


def test_what_is_missing_of_a_layer_and_a_run_deleted_elsewhere_are_told_in_place(
    visit: Visit, home: Path, shots: Path
) -> None:
    with expected(visit.complaints, REFUSED), served(home) as server:
        page = visit("#run=holes-0001&layer=3&image=2010", server=server)
        maps_drawn(page)
        expect(page.locator("#map")).to_contain_text("The map of Layer 3 is missing.")
        expect(page.locator("#map")).to_contain_text("saccade analyse holes-0001")
        expect(page.locator('[data-map="3"]')).to_contain_text("missing")
        expect(page.locator('#image .neighbour-row[data-layer="3"] .thumb').first).to_be_visible()
        expect(page.locator("#image")).to_contain_text("neighbours-4.npz")
        page.locator('[data-map="2"] .cell-title').click()
        page.wait_for_selector('.map[data-drawn$="/2"]')
        expect(page.locator("#map .pending")).to_be_hidden()
        page.keyboard.press("2")
        expect(page.locator("#neurons")).to_contain_text("saccade analyse holes-0001")
        page.screenshot(path=shots / "lacking.png")

        page.evaluate("location.hash = 'run=gone-0001&tab=units&layer=3'")
        expect(page.locator("#neurons .tile[data-unit]").first).to_be_visible()
        with urlopen(
            Request(f"{server}api/runs/gone-0001", method="DELETE", headers=headers[server])
        ):
            pass
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        expect(page.locator(".wait .notice")).to_contain_text("There is no run gone-0001")
        page.locator('[data-run="clapp-photos"] .run-open').click()
        maps_drawn(page)
        page.close()


def test_a_map_that_cannot_be_read_hides_no_other_of_a_comparison(
    visit: Visit, home: Path, shots: Path
) -> None:
    with expected(visit.complaints, REFUSED), served(home) as server:
        page = visit("#run=clapp-photos&tab=compare&layer=3&versus=holes-0001", server=server)
        page.wait_for_selector('.maps-row.large[data-drawn*="holes-0001"]')
        lacking = page.locator("#two-maps .cell-title span[title]")
        expect(lacking).to_have_text(["no map", "no map"])  # beside the one in view, and among all
        expect(lacking.last).to_have_attribute("title", re.compile("saccade analyse holes-0001"))
        page.locator("#two-maps").scroll_into_view_if_needed()
        page.screenshot(path=shots / "compare-one-map-lacking.png")
        page.close()


def test_a_server_that_goes_and_comes_back_is_told_and_the_page_goes_on(
    visit: Visit, shots: Path
) -> None:
    page = visit("#layer=3")
    maps_drawn(page)
    page.wait_for_load_state("networkidle")
    expect(page.locator(".layer-card .tile").first).to_be_visible()  # the units are there
    with expected(visit.complaints, REFUSED):
        page.route("**/api/**", lambda route: route.abort())
        page.keyboard.press("2")
        page.evaluate("location.hash = 'layer=3&tab=units&unit=7'")
        expect(page.locator(".silence")).to_contain_text("The server does not answer")
        expect(page.locator("#unit")).to_contain_text("The server does not answer")
        expect(page.locator("#neurons .tile[data-unit]").first).to_be_visible()
        page.screenshot(path=shots / "silence.png")
        page.unroute("**/api/**")
        expect(page.locator("#unit")).to_have_attribute("data-unit", "3/7")
        expect(page.locator(".silence")).to_contain_text("answers again")
        expect(page.locator(".silence")).to_be_hidden()


def test_a_file_that_is_no_image_or_too_large_a_one_is_named_with_its_reason(
    visit: Visit, tmp_path: Path
) -> None:
    (tmp_path / "words.png").write_text("no image at all")
    Image.new("L", (10_000, 10_000)).save(tmp_path / "huge.png")
    Image.new("RGB", (96, 96), "red").save(tmp_path / "good.png")
    page = visit("#dialog=images")
    files = [tmp_path / name for name in ("words.png", "huge.png", "good.png")]
    page.set_input_files("#images-files", files)
    refused = page.locator("#images-form .refused")
    expect(refused).to_contain_text("words.png")
    expect(refused).to_contain_text("has far more than the 40 megapixels that are read")
    expect(page.locator("#images-form [data-upload]")).to_be_visible()
