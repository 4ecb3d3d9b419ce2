"""Can pictures, tables and images be saved from the page, by the keyboard too?"""

import csv
import io
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.seen import PHONE, maps_drawn

Visit = Callable[..., Page]


def saved(page: Page, name: str) -> tuple[str, bytes]:
    """Press a button of the dialog; the name and the bytes of the file."""
    with page.expect_download() as waiting:
        page.get_by_role("button", name=name, exact=True).click()
    return waiting.value.suggested_filename, Path(waiting.value.path()).read_bytes()


def test_what_is_shown_can_be_saved(visit: Visit, shots: Path, ask: Callable) -> None:
    page = visit("#tab=probes&layer=6")
    maps_drawn(page)
    page.wait_for_selector("#probes .js-plotly-plot")
    ids = page.evaluate("() => [...document.querySelectorAll('.strip')].length")
    assert ids == 1
    page.keyboard.press("e")
    expect(page.locator("#export")).to_be_visible()
    page.screenshot(path=shots / "export-light.png")

    name, svg = saved(page, "Map of Layer 6 as SVG")
    assert name == "clapp-photos-Layer-6-epoch-100-map.svg"
    assert svg.count(b"<path") > 800 and b"Layer 6" in svg
    (shots / "export-map.svg").write_bytes(svg)
    name, png = saved(page, "Map of Layer 6 as PNG")
    (shots / "export-map.png").write_bytes(png)
    picture = np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)
    assert picture.shape[1] > 1800
    assert (np.abs(picture - picture[0, 0]).sum(axis=2) > 30).mean() > 0.01
    charts = page.locator("#export .carried", has_text="a chart of this tab")
    assert charts.count() >= 1
    for kind, head in (("SVG", b"<svg"), ("PNG", b"\x89PNG")):
        with page.expect_download() as waiting:
            charts.first.get_by_role("button", name=kind).click()
        data = Path(waiting.value.path()).read_bytes()
        assert head in data[:200]
        (shots / f"export-chart.{kind.lower()}").write_bytes(data)
        if kind == "SVG":
            words = {*re.findall(r">([^<]+)<", data.decode())}
            assert {"learned", "random encoder", "chance"} <= words, "its key"

    name, table = saved(page, "Coordinates as CSV")
    assert name == "clapp-photos-epoch-100-coordinates.csv"
    rows = list(csv.reader(io.StringIO(table.decode().partition("\n")[2])))
    assert (len(rows) - 1, rows[0][:3]) == (800, ["image", "class", "split"])
    assert saved(page, "Coordinates as NPZ")[1][:2] == b"PK"
    assert saved(page, "Units as CSV")[1].count(b"\n") > 800
    assert saved(page, "Probes as CSV")[1].count(b"\n") > 7
    page.keyboard.press("Escape")
    expect(page.locator("#export")).to_be_hidden()
    page.wait_for_function("() => !location.hash.includes('dialog')")

    first = int(rows[1][0])
    packed = page.evaluate(
        "async (id) => (await import('/static/selection.js')).packed([id, id + 1, id + 2])", first
    )
    page.evaluate("text => { location.hash = `#selection=${text}`; }", packed)
    expect(page.locator(".chosen")).to_have_attribute("data-selected", "3")
    page.locator("#show-export").click()
    name, album = saved(page, "Images as ZIP")
    with zipfile.ZipFile(io.BytesIO(album)) as opened:
        assert len(opened.namelist()) == 4
    assert saved(page, "Ids as CSV")[1].count(b"\n") == 4

    small = visit("#dialog=export", size=PHONE, dark=True)
    maps_drawn(small)
    expect(small.locator("#export")).to_be_visible()
    assert small.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    small.screenshot(path=shots / "export-dark-390.png")
