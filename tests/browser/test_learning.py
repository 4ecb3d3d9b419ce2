"""Does the Learning tab show the server's own figures, at every step k and every epoch?"""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import ROOT, reply_of, served
from tests.browser.seen import PHONE, maps_drawn, open_anew

Visit = Callable[..., Page]


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """A server whose home has one small trained run: (address, run)."""
    home, images = tmp_path_factory.mktemp("learned"), tmp_path_factory.mktemp("images")
    draw = np.random.default_rng(0)
    wave = np.sin(np.arange(64)[None] / draw.uniform(2, 5, (40, 1)))
    for number, row in enumerate(wave):
        folder = images / ("across", "down")[number % 2]
        folder.mkdir(exist_ok=True)
        stripes = np.repeat(row[None], 64, 0) if number % 2 else np.repeat(row[:, None], 64, 1)
        noisy = 127 + 80 * stripes + draw.normal(0, 20, (64, 64))
        grey = Image.fromarray(noisy.clip(0, 255).astype(np.uint8))
        grey.save(folder / f"{number:02}.png")
    command = [sys.executable, "-m", "backend", "train", "--home", str(home), "--data", str(images)]
    small = ["--encoder", "vgg6-tiny", "--epochs", "2", "--batch", "8", "--keep", "0"]
    done = subprocess.run(
        [*command, *small, "--learning-rate", "0.003"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    with served(home) as address:
        yield address, done.stdout.strip()


def shown(page: Page) -> dict[tuple[int, str], str]:
    """Every figure on the cards, by layer and name."""
    cards = page.evaluate(
        """[...document.querySelectorAll("#learning .score-card")].flatMap(card =>
            [...card.querySelectorAll("[data-figure]")].map(dd =>
                [Number(card.dataset.layer), dd.dataset.figure, dd.textContent]))"""
    )
    return {(layer, name): text for layer, name, text in cards}


def agree(page: Page, reply: dict, k: int | None) -> None:
    """The cards show what the server tells of step k."""
    figures = shown(page)
    assert len({layer for layer, _ in figures}) == len(reply["layers"]) == 6
    for layer in reply["layers"]:
        step = next(step for step in layer["steps"] if step["k"] == k)
        told = {
            "loss": (step["loss"], 0.0006),
            "true_gate": (100 * step["true_gate"], 0.06),
            "wrong_gate": (100 * step["wrong_gate"], 0.06),
            "cosine": (step["cosine"], 0.006),
        }
        for name, (value, within) in told.items():
            text = figures[layer["layer"], name].replace("−", "-").removesuffix(" %")
            assert float(text) == pytest.approx(value, abs=within), (layer["layer"], name)


def test_the_figures_follow_the_step_and_the_epoch(
    visit: Visit, learned: tuple[str, str], shots: Path
) -> None:
    address, run = learned
    page = visit(f"#run={run}&layer=3", server=address)
    maps_drawn(page)
    page.get_by_role("tab", name="Learning").click()
    page.wait_for_selector(f'#learning[data-drawn="{run}@2"]')
    last = reply_of(address, f"runs/{run}/learning")
    agree(page, last, None)
    page.wait_for_selector('#learning [data-line="loss"] .main-svg')
    page.screenshot(path=shots / "learning.png")

    page.get_by_role("button", name="k = 4").click()
    expect(page.get_by_role("button", name="k = 4")).to_have_attribute("aria-pressed", "true")
    agree(page, last, 4)
    page.wait_for_function("() => location.hash.includes('k=4')")

    page.keyboard.press(",")
    page.wait_for_selector(f'#learning[data-drawn="{run}@0"]')
    agree(page, reply_of(address, f"runs/{run}/learning?epoch=0"), 4)

    rows = page.locator('#learning table[aria-label="Learning by layer"] tbody tr')
    expect(rows).to_have_count(6)
    expect(rows.nth(2)).to_have_class("on")
    page.locator('.score-card[data-layer="5"] .link').click()
    expect(rows.nth(4)).to_have_class("on")


def test_the_run_that_ships_tells_what_its_layers_learn_by(
    visit: Visit, ask: Callable[[str], dict]
) -> None:
    page = visit("#run=clapp-photos&tab=learning")
    page.wait_for_selector('#learning[data-drawn="clapp-photos@100"]')
    reply = ask("runs/clapp-photos/learning")
    agree(page, reply, None)
    assert {"learning", "scores", "loss", "cosine", "four factors"} <= set(reply["definitions"])


def test_the_histograms_of_all_layers_have_one_axis(visit: Visit) -> None:
    page = visit("#run=clapp-photos&tab=learning")
    page.wait_for_selector('#learning[data-drawn="clapp-photos@100"]')
    for k in ("all", "k = 5"):
        page.get_by_role("button", name=k, exact=True).click()
        marks = page.locator(".score-marks").all_inner_texts()
        margins = page.evaluate(
            """[...document.querySelectorAll(".score-plot")].map(plot =>
                [...plot.querySelectorAll(".margin")].map(line => line.getAttribute("d")).join())"""
        )
        assert len(marks) == len(margins) == 6
        assert len(set(marks)) == len(set(margins)) == 1


def test_the_loss_in_training_and_that_of_fresh_views_have_two_names(visit: Visit) -> None:
    page = visit("#run=clapp-photos&tab=learning")
    page.wait_for_selector('#learning[data-drawn="clapp-photos@100"]')
    fresh = page.locator(".score-card dt", has_text="hinge loss, fresh views")
    expect(fresh).to_have_count(6)
    assert "256 training images" in fresh.first.get_attribute("title")
    expect(page.locator(".score-card .facts").first).not_to_contain_text("autograd")
    training = page.locator(".layer-card dt", has_text="training loss (2 at chance)")
    told = training.get_attribute("title")
    assert told.startswith("hinge loss (2 at chance): mean over the training views")


def test_a_run_without_the_analysis_says_why(visit: Visit, ask: Callable[[str], dict]) -> None:
    reason = "The checkpoint keeps the encoder without the rule's own weights."
    reply = ask("runs/clapp-photos/learning") | {"layers": [], "by_epoch": [], "reason": reason}
    page = visit("#run=clapp-photos&tab=map")
    page.route("**/learning**", lambda route: route.fulfill(json=reply))
    maps_drawn(page)
    page.get_by_role("tab", name="Learning").click()
    expect(page.locator("#learning .notice")).to_have_text(reason)
    expect(page.locator("#learning .learning-parts")).to_be_hidden()


def test_a_run_at_work_tells_its_loss_and_the_next_epoch_by_itself(
    visit: Visit, ask: Callable[[str], dict], shots: Path
) -> None:
    run = ask("runs/clapp-photos")
    *before, last = run["analysed"]
    at_work = {"state": "running", "phase": "training", "shipped": False, "analysed": before}
    listed = run | at_work | {"progress": None}
    losses = [0.125 * layer for layer in range(1, 7)]
    step = {"phase": "training", "epoch": last, "epochs": 40, "step": 3, "steps": 9, "seq": 900}
    told = [("progress", step | {"losses": losses, "seconds_left": 60, "fraction": 0.8})]

    def events(route: Route) -> None:
        lines = [f"id: {e['seq']}\nevent: {k}\ndata: {json.dumps(e)}\n\n" for k, e in told]
        route.fulfill(content_type="text/event-stream", body="".join(lines))

    page = visit("")
    page.route(re.compile(r"/api/runs$"), lambda route: route.fulfill(json={"runs": [listed]}))
    page.route("**/api/runs/clapp-photos/events?**", events)
    open_anew(page, page.url.split("#")[0] + "#tab=learning")
    page.wait_for_selector(f'#learning[data-drawn="clapp-photos@{before[-1]}"]')
    now = page.locator("#learning .learning-now")
    expect(now).to_contain_text(f"step 3 of 9, in epoch {last + 1}")
    values = now.locator(".loss-values b").all_inner_texts()
    assert values == ["0.125", "0.250", "0.375", "0.500", "0.625", "0.750"]
    page.screenshot(path=shots / "learning-live.png")

    listed["analysed"] = run["analysed"]
    told.append(("analysed", {"epoch": last, "seq": 901, "time": 0}))
    page.wait_for_selector(f'#learning[data-drawn="clapp-photos@{last}"]')
    agree(page, ask("runs/clapp-photos/learning"), None)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_tab_in_both_themes_and_both_sizes(
    visit: Visit, learned: tuple[str, str], shots: Path, dark: bool
) -> None:
    address, run = learned
    tone, where = "dark" if dark else "light", f"#run={run}&tab=learning&layer=3&k=2"
    for size, name in ((None, "1440"), (PHONE, "390")):
        page = visit(where, dark=dark, server=address, **({"size": size} if size else {}))
        maps_drawn(page)
        page.wait_for_selector('#learning [data-line="cosine"] .main-svg')
        width = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert width[0] <= width[1]
        page.screenshot(path=shots / f"learning-{tone}-{name}.png", full_page=size is PHONE)
