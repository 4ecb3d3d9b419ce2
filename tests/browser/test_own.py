"""Can a person undo a deletion, clone a run, copy its command and know its cost?"""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from backend.runs.folder import RunFolder
from backend.runs.store import Store
from models.config import TrainConfig
from tests.browser.conftest import reply_of, served
from tests.browser.seen import expected, look, maps_drawn, open_anew

Visit = Callable[..., Page]
RUN, CUT = "clapp-photos-fa11", "clapp-photos-c0de"
SETTINGS = TrainConfig(epochs=40, learning_rate=1e-3, batch=64, encoder="vgg6-tiny", keep="0,5")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server with a run that failed and one that was interrupted, beside what ships."""
    home = tmp_path_factory.mktemp("own")
    error = {"code": "nan_loss", "message": "the loss of layer 3 is no finite number at step 12"}
    store = Store(home / "saccade.db")
    for run, state, why in ((RUN, "failed", error), (CUT, "interrupted", None)):
        folder = RunFolder(home / "runs" / run)
        created = "2026-11-01T10:00:00.000+00:00"
        about = {"id": run, "name": f"it's {state}", "created": created, "dataset": "photos"}
        folder.create(about | {"config": SETTINGS.to_dict(), "version": "0"})
        folder.tell("end", state=state, error=why)
        folder.log(f"{state}: see above")
        if why:
            folder.write("result.json", {"state": state, "error": why, "attempt": 1})
        store.add(run, created, state, 1, time.time())
    store.close()
    with served(home) as address:
        yield address


def test_a_deleted_run_is_brought_back_by_undo(visit: Visit, server: str, shots: Path) -> None:
    page = visit(f"#run={RUN}&dialog=runs", server=server)
    row = page.locator(f'[data-run="{RUN}"]')
    expect(row.locator('[data-verdict="failed"]')).to_contain_text("nan_loss")
    expect(row.locator(".advice")).to_contain_text("smaller learning rate")
    row.get_by_role("button", name="Delete").click()
    row.get_by_role("button", name="Delete").click()
    expect(row).to_have_count(0)
    undo = page.locator(f'[data-deleted="{RUN}"]')
    expect(undo).to_contain_text("Deleted it's failed")
    look(page, shots, "undo")
    page.reload()
    undo.get_by_role("button", name="Undo").click()
    expect(row).to_have_attribute("data-state", "failed")
    expect(undo).to_have_count(0)
    assert reply_of(server, f"runs/{RUN}")["error"]["code"] == "nan_loss"


def test_the_command_of_a_run_is_copied(visit: Visit, server: str, shots: Path) -> None:
    page = visit(f"#run={RUN}", server=server)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    row = page.locator(f'[data-run="{RUN}"]')
    row.get_by_role("button", name="Copy as command").click()
    command = (
        "saccade train --encoder vgg6-tiny --epochs 40 --batch 64 --learning-rate 0.001 "
        "--keep 0,5 --name 'it'\"'\"'s failed'"
    )
    expect(row.locator(".command")).to_have_text(command)
    expect(row.get_by_role("status")).to_have_text("Copied:")
    assert page.evaluate("navigator.clipboard.readText()") == command
    page.screenshot(path=shots / "command.png")


def test_a_command_that_may_not_be_copied_is_shown(visit: Visit, server: str) -> None:
    page = visit(f"#run={RUN}", server=server)
    page.evaluate("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    row = page.locator(f'[data-run="{RUN}"]')
    row.get_by_role("button", name="Copy as command").click()
    expect(row.get_by_role("status")).to_have_text("Select and copy:")
    expect(row.locator(".command")).to_contain_text("saccade train")


def test_a_clone_has_the_settings_of_its_run_to_edit(visit: Visit, server: str) -> None:
    page = visit(f"#run={RUN}", server=server)
    page.locator(f'[data-run="{RUN}"]').get_by_role("button", name="Clone").click()
    page.get_by_text("More settings").click()
    for name, value in (("epochs", "40"), ("batch", "64"), ("learning_rate", "0.001")):
        expect(page.locator(f"#set-{name}")).to_have_value(value)
    expect(page.locator("#set-encoder")).to_have_value("vgg6-tiny")
    expect(page.locator("#run-name")).to_have_value("it's failed, again")
    page.locator("#set-learning_rate").fill("0.0001")
    expect(page.locator("#new-run-form .command")).to_contain_text("--learning-rate 0.0001")
    sent: list[dict] = []
    refusal = {"error": {"code": "busy", "message": "not now"}}

    def posted(route: Route) -> None:
        if route.request.method != "POST":
            return route.fallback()
        sent.append(route.request.post_data_json)
        return route.fulfill(status=429, json=refusal)

    page.route("**/api/runs", posted)
    with expected(visit.complaints, "429"):
        page.locator("#start-run").click()
        expect(page.get_by_text("not now")).to_be_visible()
    config = {"learning_rate": 0.0001, "epochs": 40, "batch": 64, "keep": "0,5"}
    assert config.items() <= sent[0]["config"].items()


def test_stalled_and_interrupted_are_told_apart(visit: Visit, server: str) -> None:
    page = visit(f"#run={CUT}", server=server)
    told = page.locator(f'[data-run="{CUT}"] .verdict')
    expect(told).to_have_attribute("data-verdict", "interrupted")
    expect(told).to_contain_text("last checkpoint")

    def stalled(route: Route) -> None:
        found = reply_of(server, "runs")
        for run in found["runs"]:
            if run["id"] == CUT:
                run |= {"state": "running", "stalled": {"code": "stalled", "message": "No step."}}
        route.fulfill(json=found)

    page.route("**/api/runs", stalled)
    page.reload()
    expect(told).to_have_attribute("data-verdict", "stalled")
    expect(told).to_contain_text("takes no step")


def test_each_of_two_waiting_runs_is_shown_with_its_own_losses(visit: Visit, server: str) -> None:
    page = visit(server=server)
    maps_drawn(page)
    losses = {RUN: 0.75, CUT: 0.25}

    def waiting(route: Route) -> None:
        found = reply_of(server, "runs")
        for run in found["runs"]:
            if loss := losses.get(run["id"]):
                run |= {"state": "queued", "history": {"epochs": [0], "losses": [[loss]]}}
        route.fulfill(json=found)

    page.route("**/api/runs", waiting)
    page.route("**/events?**", lambda route: route.fulfill(status=204))
    page.reload()
    for run, loss in losses.items():
        page.locator(f'[data-run="{run}"] .run-open').click()
        expect(page.locator(".wait .loss-values b")).to_have_text([f"{loss:.3f}"])


def test_progress_is_asked_for_where_no_stream_is_to_be_had(visit: Visit, server: str) -> None:
    page = visit(server=server)
    maps_drawn(page)

    def running(route: Route) -> None:
        found = reply_of(server, "runs")
        for run in found["runs"]:
            run |= {"state": "running"} if run["id"] == CUT else {}
        route.fulfill(json=found)

    def news(route: Route) -> None:
        progress = {"phase": "training", "epoch": 2, "epochs": 40, "step": 9, "steps": 99}
        event = {"seq": 7, "time": 1.0, "kind": "progress", "fraction": 0.1, "losses": [1.0]}
        event |= progress | {"images_per_second": 5.0, "seconds_left": 61.0}
        route.fulfill(json={"events": [event], "last": 7, "at_work": True})

    page.route("**/api/runs", running)
    page.route(f"**/api/runs/{CUT}/events?**", lambda route: route.fulfill(status=502))
    page.route(f"**/api/runs/{CUT}/news?**", news)
    with expected(visit.complaints, "502"):
        open_anew(page, f"{server}#run={CUT}")
        told = page.locator(f'[data-run="{CUT}"] .run-more .doing')
        expect(told).to_have_text("epoch 3 of 40 · 1 min left · 10 %")


def test_the_cost_of_a_run_is_measured_before_it_starts(
    visit: Visit, server: str, shots: Path
) -> None:
    page = visit(f"#dialog=clone {RUN}", server=server)
    asked: list[str] = []
    cost = {
        **{"training_seconds": 190, "analysis_seconds": 61, "memory_mb": 412, "disk_mb": 35.2},
        **{"gpu_memory_mb": None, "steps": 1280, "measured_steps": 10, "device": "a processor"},
    }
    told = {"warning": None, "cost": None, "error": None}

    def answer(route: Route) -> None:
        asked.append(route.request.url.rsplit("/", 1)[1])
        measured = asked.count("estimate") > 1 and "measure" in asked
        state = "measured" if measured else "measuring" if "measure" in asked else "unknown"
        found = told | {"state": state, "cost": cost | {"at": time.time()} if measured else None}
        route.fulfill(json=found)

    page.route("**/api/runs/estimate**", answer)
    page.locator("#measure").click()
    shown = page.locator("#cost")
    expect(shown).to_have_attribute("data-state", "measured")
    told_of = "About 3 min of training and roughly 1 min of analyses, 412 MB of memory, 35 MB of"
    expect(shown).to_contain_text(told_of)
    expect(shown).to_contain_text("Measured just now on a processor, over 10 steps")
    shown.scroll_into_view_if_needed()
    look(page, shots, "cost")


def test_a_cost_that_is_told_late_is_not_shown_for_other_settings(
    visit: Visit, server: str
) -> None:
    page = visit(f"#dialog=clone {RUN}", server=server)
    late: list[Route] = []

    def answer(route: Route) -> None:
        if route.request.url.endswith("measure"):
            return late.append(route)
        return route.fulfill(
            json={"warning": None, "cost": None, "error": None, "state": "unknown"}
        )

    page.route("**/api/runs/estimate**", answer)
    for epochs, reply in (
        (50, {"json": {"warning": None, "cost": None, "error": None, "state": "measuring"}}),
        (51, {"status": 409, "json": {"error": {"code": "conflict", "message": "not now"}}}),
    ):
        with page.expect_request("**/measure"):
            page.locator("#measure").click()
        with page.expect_response("**/api/runs/estimate"):
            page.locator("#set-epochs").fill(f"{epochs}")
        with expected(visit.complaints, "409"):
            with page.expect_response("**/measure"):
                late.pop().fulfill(**reply)
            page.wait_for_timeout(200)
        expect(page.locator("#cost")).to_have_attribute("data-state", "unknown", timeout=1)
