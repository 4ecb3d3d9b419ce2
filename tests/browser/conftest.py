"""A real server in an empty home, and a real Chromium that looks at its page."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.bearer import bearer
from tests.browser.seen import DESK, PHONE

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
FLAGS = [
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


PATIENCE = 60_000  # milliseconds, for a slow machine
headers: dict[str, dict[str, str]] = {}  # address of a server -> what a script sends to it
expect.set_options(timeout=PATIENCE)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


def installed_browser(own: str) -> str | None:
    """A Chromium or Chrome: the one named, one of the system, else playwright's own."""
    named = [os.environ.get("SACCADE_CHROMIUM", ""), *map(shutil.which, NAMES), own]
    return next((path for path in named if path and Path(path).is_file()), None)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        path = installed_browser(playwright.chromium.executable_path)
        if path is None:
            reason = "no Chromium or Chrome here; name one with SACCADE_CHROMIUM"
            pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home folder of the server."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="session")
def address(own: Path) -> Iterator[str]:
    """Where a server answers that has nothing but what ships."""
    with served(own) as found:
        yield found


@contextmanager
def served(home: Path) -> Iterator[str]:
    """Where a server of that home answers while the block lasts."""
    log = home / "serve.txt"
    command = [sys.executable, "-m", "backend", "serve", "--home", str(home), "--port", "0"]
    with log.open("w") as out:
        server = subprocess.Popen(
            [*command, "--no-browser"], cwd=ROOT, stdout=subprocess.PIPE, stderr=out, text=True
        )
    assert server.stdout
    line = server.stdout.readline()
    found = re.search(r"http://[\w.:]+/", line)
    try:
        assert found, f"the server said {line!r} and {log.read_text()!r}"
        headers[found[0]] = bearer(home)
        yield found[0]
    finally:
        server.terminate()
        server.wait(timeout=20)
        server.stdout.close()


def reply_of(server: str, path: str) -> dict:
    """A server's own answer, to compare the page with."""
    request = Request(f"{server}api/{path}", headers=headers[server])
    with urlopen(request, timeout=30) as reply:
        return json.load(reply)


def login_of(server: str) -> str:
    """The address that lets a browser in."""
    token = headers[server]["Authorization"].partition(" ")[2]
    return f"{server}?token={token}"


@pytest.fixture(scope="session")
def ask(address: str) -> Callable[[str], dict]:
    """What the server with what ships answers to a path."""
    return partial(reply_of, address)


@pytest.fixture(scope="session")
def shots() -> Path:
    """The folder for screenshots, `screenshots/` unless SACCADE_SCREENSHOTS names another."""
    folder = Path(os.environ.get("SACCADE_SCREENSHOTS") or ROOT / "screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture
def visit(browser: Browser, address: str) -> Iterator[Callable[..., Page]]:
    """Opens the page in a fresh profile, `visit(hash, size=..., dark=..., server=...)`.

    When the test is over no page may have reported an error, broken its security policy or asked
    another origin for anything.
    """
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def open_page(
        where: str = "", size: dict = DESK, dark: bool = False, server: str = address
    ) -> Page:
        def foreign(url: str) -> bool:
            return not url.startswith((server, "blob:", "data:"))

        context = browser.new_context(
            viewport=size, color_scheme="dark" if dark else "light", has_touch=size is PHONE
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.on("pageerror", lambda error: complaints.append(f"error: {error.stack or error}"))
        page.on("console", lambda m: m.type == "error" and complaints.append(f"console: {m.text}"))
        page.on("request", lambda r: foreign(r.url) and complaints.append(f"asked for {r.url}"))
        page.on("dialog", lambda d: (complaints.append(f"dialog: {d.message}"), d.dismiss()))
        assert context.request.get(login_of(server)).ok
        page.goto(server + where)
        return page

    open_page.complaints = complaints
    yield open_page
    for context in contexts:
        for page in context.pages:  # what is being answered may fail with its page, and is no news
            page.unroute_all(behavior="ignoreErrors")
        context.close()
    assert complaints == []
