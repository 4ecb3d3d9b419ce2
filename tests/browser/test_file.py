"""Does a run that was exported as one file show all it should, offline and without a request?"""

import asyncio
import json
import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from backend.settings import CHECKOUT, Settings
from backend.standalone.export import export
from tests.browser.conftest import PATIENCE
from tests.browser.seen import DESK, PHONE, drag, inked, maps_drawn, pictured

NAME = "</script><script>window.hacked=1</script><img src=x onerror=window.hacked=1>"
EPOCHS = [0, 100]


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run that ships, under a hostile name and at two of its epochs, as a file."""
    home = tmp_path_factory.mktemp("file")
    shipped = home / "pretrained" / "clapp-photos"
    shutil.copytree(CHECKOUT / "models" / "pretrained" / "clapp-photos", shipped)
    about = json.loads((shipped / "run.json").read_text())
    (shipped / "run.json").write_text(json.dumps(about | {"name": NAME}))
    settings = Settings(home=home, pretrained=home / "pretrained")
    out = home / "run.html"
    with ThreadPoolExecutor(1) as thread:  # this one has the loop of the browser
        thread.submit(
            lambda: asyncio.run(
                export("clapp-photos", out, settings, EPOCHS, True, lambda *_: None)
            )
        ).result()
    return out


def opened(browser: Browser, file: Path, where: str, heard: list[str], **look: object) -> Page:
    page = browser.new_context(offline=True, **look).new_page()
    page.set_default_timeout(PATIENCE)
    page.on("pageerror", lambda error: heard.append(f"error: {error}"))
    page.on("console", lambda m: m.type == "error" and heard.append(f"console: {m.text}"))
    page.on(
        "request",
        lambda r: r.url.startswith(("data:", "blob:")) or heard.append(r.url.partition("#")[0]),
    )
    page.goto(f"{file.as_uri()}{where}")
    maps_drawn(page)
    return page


def test_a_file_shows_a_run_without_a_server_or_a_request(
    browser: Browser, file: Path, shots: Path
) -> None:
    heard: list[str] = []
    page = opened(browser, file, "#layer=5", heard, viewport=DESK)
    page.wait_for_selector(".map[data-drawn]")
    assert inked(page, '[data-layer="5"].cell-map') > 0.01
    expect(page.locator("#about-file")).to_contain_text("asks no server")
    expect(page.locator("#new-run")).to_be_hidden()
    assert page.evaluate("window.hacked") is None
    expect(page.locator(".run-now b")).to_have_text(NAME)

    box = page.locator(".surface").bounding_box()
    assert box
    left, top = box["x"] + box["width"] * 0.3, box["y"] + box["height"] * 0.5
    spot = pictured(page, [(left + box["width"] * step / 100, top) for step in range(40)])
    expect(page.locator(".tip .sprite")).to_have_css("background-image", re.compile("^url"))
    page.mouse.click(*spot)
    expect(page.locator("[id='image'], .detail .thumb").first).to_be_visible()

    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    drag(page, [(x - 90, y - 90), (x + 90, y - 90), (x + 90, y + 90), (x - 90, y + 90)])
    assert int(page.locator(".chosen").get_attribute("data-selected") or 0) > 0

    page.locator("#epoch").focus()
    page.keyboard.press("ArrowLeft")
    maps_drawn(page, "clapp-photos@0")
    page.keyboard.press("ArrowRight")
    maps_drawn(page, "clapp-photos@100")

    page.get_by_role("tab", name="Compare").click()
    page.locator("#versus").select_option("clapp-photos")
    expect(page.locator("#likeness .cka-cell")).to_have_count(36)
    expect(page.locator("#matched")).to_contain_text("256 pairs of Layer 5 and Layer 5, mean r")
    expect(page.locator("#matched .pair-tile")).not_to_have_count(0)

    page.get_by_role("tab", name="Neurons").click()
    page.locator("#neurons .tile[data-unit]").first.click()
    page.wait_for_selector("#unit .patch img")
    loaded = "() => [...document.querySelectorAll('#unit .patch img')].every((i) => i.naturalWidth)"
    page.wait_for_function(loaded)
    page.screenshot(path=shots / "file-unit.png")
    for tab in ("Probes", "Learning", "Compare", "Map"):
        page.get_by_role("tab", name=tab).click()
        expect(page.get_by_role("tab", name=tab)).to_have_attribute("aria-selected", "true")
    page.keyboard.press("e")
    expect(page.locator("#export")).to_contain_text("only in a running Saccade")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Coordinates as CSV").click()
    table = Path(waiting.value.path()).read_text().splitlines()
    assert (table[0], len(table)) == ("# Saccade: run clapp-photos, epoch 100", 802)
    page.keyboard.press("Escape")
    page.keyboard.press("n")
    assert page.locator("dialog[open]").count() == 0
    page.screenshot(path=shots / "file-map.png")
    assert page.evaluate("window.hacked") is None
    assert heard == [file.as_uri()]
    page.context.close()


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_a_file_is_legible_in_the_dark_and_on_a_phone(
    browser: Browser, file: Path, shots: Path, size: dict
) -> None:
    heard: list[str] = []
    where = "#tab=units&layer=4&unit=3&patches=close"
    page = opened(browser, file, where, heard, viewport=size, color_scheme="dark")
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    page.wait_for_selector("#unit")
    page.screenshot(path=shots / f"file-dark-{size['width']}.png", full_page=size is PHONE)
    assert heard == [file.as_uri()]
    page.context.close()
