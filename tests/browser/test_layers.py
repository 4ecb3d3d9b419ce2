"""Do runs of other layers than the demo's look right: few, and each with patches of its own?"""

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
from PIL import Image
from playwright.sync_api import Page, expect

from models.zoo.families import build
from tests.browser.conftest import ROOT, reply_of, served
from tests.browser.seen import inked, maps_drawn

SIDE = 96  # of the images, pixels


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with two analysed runs on stripes: a small clapp++ and a model of timm."""
    home, images = tmp_path_factory.mktemp("layers"), tmp_path_factory.mktemp("images")
    draw = np.random.default_rng(0)
    y, x = np.mgrid[:SIDE, :SIDE]
    for number in range(24):
        label = number % 2
        (images / "train" / f"{label}").mkdir(parents=True, exist_ok=True)
        wave = np.sin((x, y)[label] / draw.uniform(3, 6)) * 60 + draw.normal(128, 25, (SIDE, SIDE))
        picture = Image.fromarray(np.clip(wave, 0, 255).astype(np.uint8))
        picture.save(images / "train" / f"{label}" / f"{number}.png")
    weights = home / "weights.safetensors"
    safetensors.torch.save_file(build("timm", "test_resnet", seed=2).state_dict(), weights)
    on = ["--data", str(images / "train"), "--home", str(home)]
    small = ["--rule", "clapp++", "--spatial", "no", "--encoder", "vgg6-tiny", "--device", "cpu"]
    saccade("train", *small, "--epochs", "1", *on)
    layers = ["--layers", "layer1,layer2,layer3"]
    model = ["test_resnet", "--format", "timm", "--weights", str(weights), *layers]
    run = saccade("import", *model, *on).strip()
    saccade("analyse", run, "--device", "cpu", "--home", str(home))
    return home


def saccade(*words: str) -> str:
    command = [sys.executable, "-m", "backend", *words]
    return subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout


@pytest.fixture(scope="module")
def address(home: Path) -> Iterator[str]:
    with served(home) as found:
        yield found


def run_of(home: Path, word: str) -> str:
    return next(path.name for path in (home / "runs").iterdir() if path.name.startswith(word))


def framed(page: Page) -> list[list[float]]:
    """Left, top, width and height of the frames of top patches, in pixels of a stored image."""
    shares = page.evaluate(
        """() => [...document.querySelectorAll('[data-patches="top"] .patch')].map((tile) => {
            const own = tile.getBoundingClientRect();
            const box = tile.querySelector(".patch-frame").getBoundingClientRect();
            return [(box.left - own.left) / own.width, (box.top - own.top) / own.height,
                box.width / own.width, box.height / own.height];
        })"""
    )
    return [[SIDE * share for share in tile] for tile in shares]


@pytest.mark.slow
def test_a_run_of_three_layers_has_four_maps_and_frames_of_its_own(
    visit: Callable[..., Page], home: Path, address: str, shots: Path
) -> None:
    run = run_of(home, "test-resnet")
    page = visit(f"#run={run}&layer=9")
    maps_drawn(page, f"{run}@1")
    expect(page.locator(".cell")).to_have_count(4)
    titles = page.locator(".cell-title b").all_inner_texts()
    assert titles == ["Input", "layer1", "layer2", "layer3"]
    expect(page.locator(".cell.on")).to_have_attribute("data-map", "3")
    for layer in range(4):
        assert inked(page, f'[data-layer="{layer}"].cell-map') > 0
    page.keyboard.press("ArrowUp")
    expect(page.locator(".cell.on")).to_have_attribute("data-map", "3")
    the_frames_are_the_patches(page, run, 1)
    page.screenshot(path=shots / "three-layers.png")


@pytest.mark.slow
def test_the_frames_of_whole_image_layers_have_the_size_of_their_cells(
    visit: Callable[..., Page], home: Path, address: str, shots: Path
) -> None:
    run = run_of(home, "clapp")
    page = visit(f"#run={run}")
    maps_drawn(page, f"{run}@1")
    expect(page.locator(".cell")).to_have_count(7)
    for layer, cells in ((1, 8), (3, 4), (5, 2)):
        for frame in the_frames_are_the_patches(page, run, layer):
            assert frame[2:] == pytest.approx([SIDE / cells] * 2, abs=1.5)
    page.screenshot(path=shots / "whole-image-layers.png")


def the_frames_are_the_patches(page: Page, run: str, layer: int) -> list[list[float]]:
    """Open the most selective unit of a layer that answers, and compare its frames."""
    reply = page.evaluate(
        f"""async () => {{
            const at = "/api/runs/{run}/layers";
            const {{ layers }} = await (await fetch(at)).json();
            for (let unit = 0; ; unit++) {{
                const found = await (await fetch(`${{at}}/{layer}/units/${{unit}}`)).json();
                if (found.active > 0) return {{ unit, spans: layers[{layer}].spans,
                    patches: found.patches.top }};
            }}
        }}"""
    )
    page.evaluate(f"location.hash = 'run={run}&layer={layer}&unit={reply['unit']}'")
    page.wait_for_selector(f'#unit[data-unit="{layer}/{reply["unit"]}"] .patch-frame')
    found = framed(page)
    for frame, patch in zip(found, reply["patches"], strict=True):
        (top, bottom), (left, right) = (reply["spans"][patch[name]] for name in ("row", "column"))
        assert frame == pytest.approx([left, top, right - left, bottom - top], abs=1.5)
    return found


@pytest.mark.slow
def test_two_runs_are_compared_as_far_as_both_have_layers(
    visit: Callable[..., Page], home: Path, address: str, shots: Path
) -> None:
    run, other = run_of(home, "clapp"), run_of(home, "test-resnet")
    mine, theirs = (reply_of(address, f"runs/{each}/probes")["layers"] for each in (run, other))
    page = visit(f"#run={run}&tab=compare&versus={other}")
    expect(page.locator("#pair tbody tr")).to_have_count(2 * len(mine) + 1)
    for layer, (here, there) in enumerate(zip(mine, theirs, strict=False), 1):
        row = page.locator(f'#pair tr[data-row="layer {layer}"]').locator("th, td")
        by = 100 * (here["accuracy"] - there["accuracy"])
        told = f"{by:+.1f}".replace("-", "−") if by else "0.0"
        names = f"Layer {layer} / layer{layer}"
        expect(row).to_have_text(
            [names, *map(accuracy, (here, there)), re.compile("^" + re.escape(told))]
        )
    row = page.locator('#pair tr[data-row="layer 4"]').locator("th, td")
    expect(row).to_have_text(["Layer 4", accuracy(mine[3]), "–", "–"])
    expect(page.locator("#pair")).to_contain_text("Layer 5, Layer 6 have no partner")
    told = reply_of(address, f"runs/{run}/similarity?versus={other}")["cells"]
    assert (len(told), len(told[0])) == (6, 3)
    cells = page.locator("#likeness .cka-cell")
    shown = ["–" if c["value"] is None else f"{c['value']:.2f}" for row in told for c in row]
    expect(cells).to_have_text([each.replace("-", "−") for each in shown])
    page.wait_for_selector(f'.maps-row.large[data-drawn="{run}@1/6 {other}@1/3"]')
    page.locator("#two-maps").scroll_into_view_if_needed()
    page.screenshot(path=shots / "two-runs-of-other-layers.png")


def accuracy(found: dict) -> str:
    """An accuracy and its interval as the table has them."""
    low, high = 100 * found["low"], 100 * found["high"]
    return f"{100 * found['accuracy']:.1f} %{low:.1f}–{high:.1f}"


def test_an_address_that_clones_an_imported_run_says_that_it_has_no_settings(
    visit: Callable[..., Page], home: Path
) -> None:
    page = visit(f"#dialog=clone {run_of(home, 'test-resnet')}")
    told = page.locator("#new-run-form .notice.bad")
    expect(told).to_contain_text("was imported from timm")
    expect(told).to_contain_text("there are no settings to clone")
    expect(page.locator("#new-run-form form")).to_have_count(0)
