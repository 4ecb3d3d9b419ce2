"""The long form of what is refused: every proof of tests/hostile with many more cases."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.browser.conftest import FLAGS, installed_browser, login_of, served
from tests.hostile import Row, configs, gets, names, paths, routes, schema

SPELLINGS, CONFIGS, PASSES = 4000, 5000, 6


def soak(cases: int = 10_000) -> list[Row]:
    """Every proof; `cases` is how many requests are made from the description of the interface."""
    rows: list[Row] = []
    for proof, *much in (
        (paths.traversal, SPELLINGS),
        (routes.closed,),
        (gets.harmless, 5),
        (configs.refused, CONFIGS),
        (schema.conforms, cases),
    ):
        with tempfile.TemporaryDirectory() as home:
            rows += proof(Path(home), *much)
    with page_of_a_server() as page:
        rows += names.harmless(page, PASSES)
    return rows


@contextmanager
def page_of_a_server() -> Iterator[Page]:
    """A browser that is let in by a server that has nothing but what ships."""
    with (
        tempfile.TemporaryDirectory() as home,
        served(Path(home)) as address,
        sync_playwright() as playwright,
    ):
        path = installed_browser(playwright.chromium.executable_path)
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(login_of(address))
        yield page
        browser.close()
