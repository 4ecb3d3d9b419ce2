"""Do results appear on the page as they are made, and is what was chosen meanwhile kept?"""

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from backend.jobs.analyse import AnalysisProgress, analyse
from backend.jobs.inline import Inline
from backend.jobs.process import pid_of
from backend.jobs.queue import Queue
from backend.runs.store import Store
from models.config import TrainConfig
from models.data import key_of, load
from tests.browser.conftest import reply_of, served
from tests.browser.seen import drag, highlighted, look, maps_drawn, pixels_of
from tests.browser.test_maps import stripes

Visit = Callable[..., Page]


class Run:
    """A run without analyses in a home that is served, to be analysed as far as a test says."""

    def __init__(self, home: Path) -> None:
        self.home, self.pack, self.address = home, home / "stripes.npz", ""
        stripes(self.pack)
        settings = {"data": str(self.pack), "rule": "random", "encoder": "vgg6-tiny"}
        self.config = TrainConfig(**settings, epochs=0, device="cpu").to_dict()
        store = Store(home / "saccade.db")
        queue = Queue(store, home / "runs", home, Inline(analyses=False))
        self.id = queue.submit(self.config, key_of(self.config["data"]), "0", name="stripes")
        queue.tick()
        queue.tick()
        store.close()
        self.folder = home / "runs" / self.id
        self.steps: Iterator[AnalysisProgress] = iter(())

    def begin(self, **wish: Any) -> None:
        self.steps = analyse(self.folder, load(str(self.pack), self.home), device="cpu", **wish)

    def until(self, what: str, layer: int | None) -> None:
        """Go on until that step has ended."""
        while not (step := next(self.steps)).seconds or (step.what, step.layer) != (what, layer):
            pass


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    run = Run(tmp_path_factory.mktemp("pending"))
    with served(run.home) as run.address:
        yield run


def tiles(page: Page) -> list[str]:
    """What stands in place of the map of each layer; "" where there is a map."""
    found = page.locator(".cell-map").evaluate_all(
        "maps => maps.map(map => map.querySelector('[data-pending]')?.dataset.pending ?? '')"
    )
    return [*found]


def come_back(page: Page) -> None:
    """As from another tab: what a terminal has done meanwhile is looked for."""
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


def there(page: Page, maps: int) -> None:
    """So many maps, from the input up, are there, and a mark left in the page is, too."""
    come_back(page)
    expect(page.locator(".cell-map [data-pending]")).to_have_count(7 - maps)
    assert [*map(bool, tiles(page))] == [False] * maps + [True] * (7 - maps)
    assert page.evaluate("window.sameDocument") is True


def test_maps_and_probes_appear_one_by_one_and_what_is_chosen_stays(
    visit: Visit, run: Run, shots: Path
) -> None:
    run.begin()
    run.until("activity", None)
    page = visit(f"#run={run.id}&layer=1&points=dots", server=run.address)
    page.evaluate("window.sameDocument = true")
    expect(page.locator(".cell-map [data-pending]")).to_have_count(7)
    wait = page.locator("#map .pending.large")
    expect(wait).to_contain_text("The map of Layer 1 is missing")
    expect(wait).to_contain_text(f"saccade analyse {run.id}")
    page.click("#tab-units")
    expect(page.locator('#neurons .tile[data-unit="3"] img').first).to_be_visible()
    page.click("#tab-probes")
    expect(page.locator("#probes .pending.large")).to_contain_text("The probe of Layer 1")

    run.until("probes", 2)
    come_back(page)
    expect(page.locator(".probe-table tbody tr:not(.to-come)")).to_have_count(3)
    expect(page.locator("#probes tr.to-come")).to_have_count(4)
    page.click("#tab-map")
    run.until("embedding", 2)
    there(page, 3)
    maps_drawn(page, f"{run.id}@0")
    expect(wait).to_be_hidden()

    box = page.locator('[data-layer="0"].cell-map').bounding_box()
    assert box
    left, top = box["x"] + 2, box["y"] + 2
    right, bottom = box["x"] + box["width"] / 2, box["y"] + box["height"] - 2
    drag(page, [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)])
    page.wait_for_function("() => location.hash.includes('selection=')")
    page.click('[data-map="2"] .cell-title')
    page.click("#tab-units")
    page.locator('#neurons .tile[data-unit="3"]').click()
    page.click("#tab-map")
    page.locator("#map .surface").hover()
    page.mouse.wheel(0, -240)
    page.wait_for_function("() => location.hash.includes('view=')")
    expect(page.locator("#unit")).to_have_attribute("data-unit", "2/3")
    chosen = page.evaluate("location.hash")
    page.screenshot(path=shots / "pending-half.png")

    for maps in (4, 7):
        run.until("embedding", maps - 1)
        there(page, maps)
        assert page.evaluate("location.hash") == chosen
    list(run.steps)
    come_back(page)
    expect(page.locator(".epochs .part")).to_have_count(0)
    maps_drawn(page, f"{run.id}@0")
    left_of = places(page, run, 0)[:, 0] - box["width"] / 2
    inside, near = left_of < -2, left_of < 2
    count = int(page.locator(".chosen").get_attribute("data-selected") or 0)
    assert 0 < inside.sum() <= count <= near.sum() < len(near)
    lit = highlighted(page, 6, places(page, run, 6))
    assert lit[inside].all() and not lit.all()
    assert page.evaluate("location.hash") == chosen


def places(page: Page, run: Run, layer: int) -> np.ndarray:
    """Where the images lie on the map of a layer in the strip: pixels [n, 2]."""
    box = page.locator(f'[data-layer="{layer}"].cell-map').bounding_box()
    assert box
    return pixels_of(reply_of(run.address, f"runs/{run.id}/layers/{layer}/embedding"), box)


def test_maps_that_are_made_anew_replace_the_old_without_a_reload(visit: Visit, run: Run) -> None:
    list(run.steps) or run.begin()
    list(run.steps)
    page = visit(f"#run={run.id}&layer=3", server=run.address)
    page.evaluate("window.sameDocument = true")
    maps_drawn(page, f"{run.id}@0")
    caption = page.locator("#map .caption")
    expect(caption).to_contain_text("perplexity 19.7")
    run.begin(only=["embedding"], perplexity=4)
    run.until("embedding", 2)
    there(page, 3)
    expect(caption).to_be_empty()
    list(run.steps)
    there(page, 7)
    expect(caption).to_contain_text("perplexity 4,")


@pytest.mark.slow
def test_a_run_that_is_started_in_the_page_shows_which_map_is_being_made(
    visit: Visit, run: Run, shots: Path
) -> None:
    page = visit(server=run.address)
    page.evaluate("window.sameDocument = true")
    started = page.evaluate(
        """async (config) => (await (await fetch("/api/runs", { method: "POST",
            headers: { "content-type": "application/json" },
            body: JSON.stringify({ name: "live", config }) })).json()).id""",
        {**run.config, "data": key_of(run.config["data"])},
    )
    page.evaluate(f"location.hash = 'run={started}&layer=3'")
    folder = run.home / "runs" / started
    worker = at_step(folder, "embedding", 0)  # the longest: it is not over before it is held
    try:
        expect(page.locator('.cell-map [data-pending="now"]')).to_have_count(1)
        wait = page.locator("#map .pending.large")
        expect(wait).to_contain_text("The map of Layer 3")
        expect(wait.locator(".doing")).to_contain_text("analysing epoch 0: map")
        expect(wait.get_by_role("button", name="Stop")).to_be_enabled()
        look(page, shots, "pending-live", rest=400)
    finally:
        os.kill(worker, signal.SIGCONT)
    expect(page.locator(".cell-map [data-pending]")).to_have_count(0)
    maps_drawn(page, f"{started}@0")
    expect(page.locator(f'[data-run="{started}"]').first).to_have_attribute(
        "data-state", "finished"
    )
    assert page.evaluate("window.sameDocument") is True


def at_step(folder: Path, what: str, layer: int) -> int:
    """Hold the process of a run when that step has begun; its number."""
    end = time.monotonic() + 120
    while time.monotonic() < end:
        time.sleep(0.01)
        events = folder / "events.jsonl"
        lines = events.read_text().splitlines() if events.is_file() else []
        told = [json.loads(line) for line in lines if line.endswith("}")]
        if any((event.get("what"), event.get("layer")) == (what, layer) for event in told):
            pid = pid_of(json.loads((folder / "process.json").read_text())["handle"])
            os.kill(pid, signal.SIGSTOP)
            return pid
    raise AssertionError(f"the run came to no {what} of layer {layer}")
