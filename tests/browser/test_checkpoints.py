"""Two checkpoints side by side, and from a cell of the confusion matrix to its images and units."""

import base64
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.seen import (
    PHONE,
    addressed,
    drag,
    lit,
    maps_drawn,
    open_anew,
    own_reply,
    pixels_of,
    stands_in,
)
from tests.wire import array

Visit = Callable[..., Page]
Ask = Callable[[str], dict]
OTHER = "another-run"
MORE_CLASSES = """document.querySelectorAll(".confusion tr").forEach((row) => {
  for (let i = 0; i < 40; i++) row.append(Object.assign(document.createElement("td"), {
    className: "added", textContent: "0 %" }));
})"""


def beside(page: Page, which: int, at: np.ndarray) -> np.ndarray:
    """Whether a map of the compared layers has a highlight at each of the pixels [n, 2]."""
    box = page.locator(".maps-row.large .row-map").nth(which)
    return lit(page, ".maps-row.large canvas.over", box, at)


def two_drawn(page: Page, here: str, there: str) -> None:
    page.wait_for_selector(f'.maps-row.large[data-drawn="{here} {there}"]')


def test_two_epochs_from_a_cell_of_the_matrix_to_the_maps_and_the_units(
    visit: Visit, ask: Ask, shots: Path
) -> None:
    run = ask("runs")["runs"][0]
    first, *_, before, last = run["analysed"]
    at = f"{run['id']}@{last}"
    page = visit("#tab=compare")
    maps_drawn(page)
    page.locator("#versus").select_option(run["id"])
    expect(page.locator("#versus-epoch")).to_have_value(f"{first}")
    page.locator("#versus-epoch").select_option(f"{before}")
    found = ask(f"runs/{run['id']}/similarity?epoch={last}&versus_epoch={before}")
    cells = page.locator("#likeness .cka-cell")
    expect(cells).to_have_text([f"{c['value']:.2f}" for row in found["cells"] for c in row])
    expect(page.locator("#likeness")).to_contain_text("Layer 1 is most like Layer")

    cells.nth(0).focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    expect(page.locator('#likeness [data-row="2"][data-column="1"]')).to_be_focused()
    page.keyboard.press("Enter")
    assert (addressed(page, "layer"), addressed(page, "versus_layer")) == ("3", "2")
    two_drawn(page, f"{at}/3", f"{run['id']}@{before}/2")

    left, right = page.locator(".maps-row.large .row-map").all()
    left.scroll_into_view_if_needed()
    box = left.bounding_box()
    x, y, w, h = (box[side] for side in ("x", "y", "width", "height"))
    corners = [(x + a * w, y + b * h) for a, b in ((0.1, 0.1), (0.5, 0.1), (0.5, 0.9), (0.1, 0.9))]
    drag(page, corners)
    page.wait_for_function("() => location.hash.includes('selection=')")
    chosen = int(page.locator(".maps-row.large").get_attribute("data-selected"))
    assert 10 < chosen < 700
    for row in (".maps-row.large", ".maps-row:not(.large)"):
        expect(page.locator(row)).to_have_attribute("data-selected", f"{chosen}")
    expect(page.locator('.strip .cell[data-map="0"]')).to_have_attribute(
        "data-selected", f"{chosen}"
    )
    mine = pixels_of(ask(f"runs/{run['id']}/layers/3/embedding?epoch={last}"), box)
    inside = (mine[:, 0] > 0.1 * w) & (mine[:, 0] < 0.5 * w)
    inside &= (mine[:, 1] > 0.1 * h) & (mine[:, 1] < 0.9 * h)
    assert int(inside.sum()) == chosen
    theirs = ask(f"runs/{run['id']}/layers/2/embedding?epoch={before}")
    assert beside(page, 0, mine[inside]).all()
    assert beside(page, 1, pixels_of(theirs, right.bounding_box())[inside]).all()
    page.screenshot(path=shots / "checkpoints-selection.png")

    pairs = ask(
        f"runs/{run['id']}/layers/3/matches?epoch={last}&versus_epoch={before}&versus_layer=2"
    )
    one = pairs["one_to_one"]
    expect(page.locator("#matched")).to_contain_text(f"mean r {one['mean']:.2f}")
    expect(page.locator("#matched")).to_contain_text("shuffled images")
    tile = page.locator("#matched .pair-tile").first.locator("button").last
    unit = f"{array(one['other'])[0]}"
    expect(tile).to_have_attribute("data-unit", unit)
    tile.click()
    expect(page.locator("#unit")).to_have_attribute("data-unit", f"2/{unit}")
    assert (addressed(page, "epoch"), addressed(page, "versus_epoch")) == (f"{before}", f"{last}")
    two_drawn(page, f"{run['id']}@{before}/2", f"{at}/3")


def test_what_was_answered_while_another_tab_was_in_view_is_shown_on_return(
    visit: Visit, ask: Ask
) -> None:
    run = ask("runs")["runs"][0]
    first, before, *_, last = run["analysed"]
    page = visit(f"#tab=compare&versus={run['id']}&versus_epoch={first}")
    titles = page.locator("#likeness .cka-cell")
    expect(titles).to_have_count(36)
    expect(page.locator("#matched .pair-tile").first).to_be_visible()
    held: list[Route] = []
    asked = re.compile(rf"(similarity|matches)\?.*versus_epoch={before}\b")
    page.route(asked, lambda route: held.append(route))
    page.locator("#versus-epoch").select_option(f"{before}")
    expect(page.locator("#likeness.stale, #matched.stale")).to_have_count(2)
    page.get_by_role("tab", name="Map").click()
    for route in held:
        route.continue_()
    page.wait_for_function("() => !document.querySelector('.stale')")
    page.get_by_role("tab", name="Compare").click()
    found = ask(f"runs/{run['id']}/similarity?epoch={last}&versus_epoch={before}")
    expect(titles).to_have_text([f"{c['value']:.2f}" for row in found["cells"] for c in row])
    pairs = ask(
        f"runs/{run['id']}/layers/6/matches?epoch={last}&versus_epoch={before}&versus_layer=6"
    )
    told = f"mean r {pairs['one_to_one']['mean']:.2f}"
    expect(page.locator("#matched")).to_contain_text(told)


def test_a_cell_of_the_confusion_matrix_opens_its_images_and_the_units_that_tell_it_apart(
    visit: Visit, ask: Ask, shots: Path
) -> None:
    run = ask("runs")["runs"][0]["id"]
    answers = ask(f"runs/{run}/layers/6/answers")
    page = visit("#tab=map")
    labels = array(ask(f"runs/{run}/layers")["labels"])
    ids = array(ask(f"runs/{run}/layers")["ids"])
    if answers["predicted"] is None:  # analysed before answers were kept
        answers = stood_in(page, labels)
    page.get_by_role("tab", name="Probes").click()
    predicted = array(answers["predicted"])
    truth, answer = mixed_up(labels, predicted)
    cell = page.locator(f'.confusion [data-cell="{truth},{answer}"]')
    expect(cell).to_be_visible()
    page.evaluate(MORE_CLASSES)
    page.screenshot(path=shots / "probes-many-classes.png")
    for chart in page.locator("#probes .chart").all():
        assert chart.bounding_box()["width"] > 250, "many classes leave the charts their room"
    page.evaluate("document.querySelectorAll('.added').forEach((added) => added.remove())")
    page.locator(f'.confusion [data-cell="{truth},0"]').focus()
    for _ in range(answer):
        page.keyboard.press("ArrowRight")
    expect(cell).to_be_focused()
    page.keyboard.press("Enter")
    wanted = ids[(labels == truth) & (predicted == answer)].tolist()
    images = page.locator("#mixup .thumb")
    expect(images).to_have_count(min(60, len(wanted)))
    shown = [int(image.get_attribute("data-image")) for image in images.all()]
    assert shown == wanted[:60]
    page.wait_for_function("() => location.hash.includes('selection=')")
    maps_drawn(page)
    expect(page.locator('.strip .cell[data-map="6"]')).to_have_attribute(
        "data-selected", f"{len(wanted)}"
    )
    weights = array(answers["weights"]).reshape(int(labels.max()) + 1, -1)
    by = np.abs(weights[answer] - weights[truth])
    tiles = page.locator("#mixup .tile")
    expect(tiles).to_have_count(12)
    found = [int(tile.get_attribute("data-unit")) for tile in tiles.all()]
    assert sorted(by[found], reverse=True) == pytest.approx(np.sort(by)[:-13:-1].tolist())
    page.locator("#mixup").scroll_into_view_if_needed()
    page.screenshot(path=shots / "probes-cell.png")
    tiles.first.click()
    expect(page.locator("#unit")).to_have_attribute("data-unit", f"6/{found[0]}")
    page.reload()
    expect(page.locator("#mixup .thumb")).to_have_count(min(60, len(wanted)))


def test_of_very_many_classes_the_pairs_mixed_up_most_are_listed(
    visit: Visit, ask: Ask, shots: Path
) -> None:
    run = ask("runs")["runs"][0]["id"]
    names = ask(f"runs/{run}/layers")["classes"]
    page = visit("#tab=map")

    def answer(route: Route) -> None:
        told = own_reply(route).json()
        told["classes"] = names + [f"class {n}" for n in range(300 - len(names))]
        confusion = (20 * np.eye(300, dtype=int)).tolist()
        confusion[1][2], confusion[200][299], confusion[0][1] = 3, 9, 1
        told["layers"] = [layer | {"confusion": confusion} for layer in told["layers"]]
        route.fulfill(json=told)

    page.route("**/probes?**", answer)
    page.get_by_role("tab", name="Probes").click()
    listed = page.locator("#probes .mixed-up li")
    last = 299 - len(names)
    expect(listed).to_have_text(
        [
            f"class {last - 99} taken for class {last}: 9 of 29",
            f"{names[1]} taken for {names[2]}: 3 of 23",
            f"{names[0]} taken for {names[1]}: 1 of 21",
        ]
    )
    expect(page.locator("#probes")).to_contain_text("300 classes are too many for a table")
    expect(page.locator("#probes .confusion")).to_have_count(0)
    listed.nth(1).get_by_role("button").click()
    expect(page.locator("#mixup")).to_contain_text(f"{names[1]} taken for {names[2]}")
    expect(listed.nth(1).get_by_role("button")).to_have_attribute("aria-current", "true")
    page.screenshot(path=shots / "probes-pairs.png")


def mixed_up(labels: np.ndarray, predicted: np.ndarray) -> tuple[int, int]:
    """The two classes of which most images were mixed up."""
    counts = np.zeros((labels.max() + 1, labels.max() + 1), int)
    np.add.at(counts, (labels, predicted), 1)
    np.fill_diagonal(counts, 0)
    truth, answer = np.unravel_index(counts.argmax(), counts.shape)
    return int(truth), int(answer)


def stood_in(page: Page, labels: np.ndarray) -> dict:
    """Answers as a run that is analysed now has them: every ninth image goes to the next class."""
    classes = int(labels.max()) + 1
    said = np.where(np.arange(len(labels)) % 9 == 0, (labels + 1) % classes, labels)
    weights = np.random.default_rng(0).normal(size=classes * 256)

    def typed(values: np.ndarray, kind: str) -> dict:
        raw = np.asarray(values, f"<{kind}").tobytes()
        return {"dtype": kind, "bdata": base64.b64encode(raw).decode()}

    told = {"predicted": typed(said, "i2"), "weights": typed(weights, "f4"), "reason": None}

    def answer(route: Route) -> None:
        route.fulfill(json=own_reply(route).json() | told)

    page.route("**/answers?**", answer)
    return told


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_two_runs_in_both_themes_and_both_sizes(
    visit: Visit, ask: Ask, shots: Path, dark: bool
) -> None:
    run = ask("runs")["runs"][0]
    last = run["analysed"][-1]
    tone = "dark" if dark else "light"
    for size, name in ((None, "1440"), (PHONE, "390")):
        page = visit("", dark=dark, **({"size": size} if size else {}))

        def two(route: Route) -> None:
            route.fulfill(json={"runs": [run, run | {"id": OTHER, "name": "another"}]})

        stands_in(page, OTHER, run["id"])
        page.route(re.compile(r"/api/runs$"), two)
        open_anew(page, page.url.split("#")[0] + f"#tab=compare&versus={OTHER}")
        cells = page.locator("#likeness .cka-cell")
        expect(cells.first).to_have_text("1.00")
        assert page.evaluate("document.documentElement.scrollWidth") <= int(name)
        page.screenshot(path=shots / f"checkpoints-{tone}-{name}.png", full_page=bool(size))
        page.wait_for_selector("#matched .pair-tile")
        page.wait_for_selector(".maps-row.large[data-drawn]")
        assert f"@{last}/6" in (page.locator(".maps-row.large").get_attribute("data-drawn") or "")
        page.locator("#two-maps").scroll_into_view_if_needed()
        page.screenshot(path=shots / f"checkpoints-maps-{tone}-{name}.png")
