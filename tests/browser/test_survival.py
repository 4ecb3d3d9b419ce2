"""A run is started in the page and everything is killed: is it there again, and ends the same?"""

import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from backend.jobs.process import is_alive, pid_of
from tests.bearer import bearer
from tests.browser.conftest import ROOT, headers

MINUTES = 300_000
SETTINGS = {"encoder": "vgg6-tiny", "epochs": "2", "keep": "0"}


def started(home: Path) -> tuple[subprocess.Popen, str]:
    """A server of that home, and where it answers."""
    command = [sys.executable, "-m", "backend", "serve", "--home", str(home), "--port", "0"]
    with open(home / "serve.txt", "a") as log:
        server = subprocess.Popen(
            [*command, "--no-browser"], cwd=ROOT, stdout=subprocess.PIPE, stderr=log, text=True
        )
    assert server.stdout
    found = re.search(r"http://[\w.:]+/", server.stdout.readline())
    assert found
    headers[found[0]] = bearer(home)
    return server, found[0]


def killed(server: subprocess.Popen, run: Path) -> None:
    """kill -9 of the server and of the process of a run."""
    handle = json.loads((run / "process.json").read_text())["handle"]
    server.kill()
    os.kill(pid_of(handle), signal.SIGKILL)
    server.wait()
    while is_alive(handle):
        time.sleep(0.05)
    server.stdout.close()


def weights_of(run: Path) -> str:
    file = run / "checkpoints" / "epoch-0002" / "encoder.safetensors"
    return hashlib.sha256(file.read_bytes()).hexdigest()


def begun(page: Page) -> str:
    """The id of a run that is started in the page and has trained for an epoch."""
    page.get_by_role("button", name="New run").click()
    page.locator("#run-name").fill("survivor")
    page.locator("#set-encoder").select_option(SETTINGS["encoder"])
    page.locator("#set-epochs").fill(SETTINGS["epochs"])
    page.get_by_text("More settings").click()
    page.locator("#set-keep").fill(SETTINGS["keep"])
    page.locator("#start-run").click()
    row = page.locator(".run.on", has_text="survivor")
    expect(row).to_be_visible()
    return row.get_attribute("data-run") or ""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="kill -9 is of other systems")
def test_a_run_whose_server_and_process_are_killed_ends_with_the_weights_of_an_undisturbed_one(
    visit: Callable[..., Page], tmp_path: Path, shots: Path
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    server, address = started(home)
    try:
        page = visit(server=address)
        run = home / "runs" / begun(page)
        the_learning_tab_follows(page, run, shots)
        until(lambda: '"kind":"epoch"' in (run / "events.jsonl").read_text())
        page.screenshot(path=shots / "survival-before.png")
        page.close()
        killed(server, run)
        server, address = started(home)
        page = visit(server=address)
        row = page.locator(f'[data-run="{run.name}"]').first
        expect(row).to_be_visible()
        page.screenshot(path=shots / "survival-after.png")
        until(lambda: (run / "checkpoints" / "epoch-0002").is_dir())
        expect(row).to_have_attribute("data-state", "finished", timeout=2 * MINUTES)
        page.screenshot(path=shots / "survival-end.png")
        attempts = json.loads((run / "result.json").read_text())["attempt"]
        assert attempts == 2
        page.close()
    finally:
        server.terminate()
        server.wait(timeout=20)
        server.stdout.close()
    assert weights_of(run) == weights_of(undisturbed(tmp_path / "other"))


def the_learning_tab_follows(page: Page, run: Path, shots: Path) -> None:
    """The loss of each layer is that of the step it is said to be of, and goes on by itself."""
    page.get_by_role("tab", name="Learning").click()
    page.wait_for_selector("#learning .learning-now .loss-values b")
    shown: dict[tuple[int, int], list[str]] = {}
    end = time.monotonic() + 120
    while len(shown) < 3:
        assert time.monotonic() < end, "the losses of three steps are never shown"
        step, epoch, losses = page.locator("#learning .learning-now").evaluate(
            """now => [...now.textContent.match(/step (\\d+) of \\d+, in epoch (\\d+)/).slice(1),
                [...now.querySelectorAll(".loss-values b")].map((each) => each.textContent)]"""
        )
        shown[int(epoch) - 1, int(step)] = losses
        page.wait_for_timeout(100)
    written = (run / "events.jsonl").read_text().splitlines()
    events = [json.loads(line) for line in written if line.endswith("}")]  # one may be half written
    told = {(e["epoch"], e["step"]): e["losses"] for e in events if e["kind"] == "progress"}
    expect(page.locator("#learning .notice")).to_contain_text("when the training has ended")
    page.screenshot(path=shots / "learning-first.png")
    page.get_by_role("tab", name="Map").click()
    expect(page.locator(".wait-words h2")).to_have_text("Training")
    for at, losses in shown.items():
        assert losses == [f"{loss:.3f}" for loss in told[at]]


def undisturbed(home: Path) -> Path:
    """The directory of the same run, trained without a break."""
    words = [f"--{name}={value}" for name, value in SETTINGS.items()]
    command = [sys.executable, "-m", "backend", "train", "--home", str(home), "--no-analyse"]
    done = subprocess.run([*command, *words], cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return home / "runs" / done.stdout.split()[0]


def until(held: Callable[[], bool], seconds: float = 300) -> None:
    end = time.monotonic() + seconds
    while not held():
        assert time.monotonic() < end
        time.sleep(0.1)
