"""Is any of 60 hostile names run, or taken for anything but text?"""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from tests.browser.seen import expected
from tests.hostile import names


@pytest.mark.slow
def test_no_name_is_run_in_any_view_and_normal_use_breaks_no_policy(
    visit: Callable[..., Page],
) -> None:
    page = visit()
    with expected(visit.complaints, r"Failed to load resource"):
        rows = names.harmless(page, passes=2)
    print(*rows, sep="\n")
    assert [row for row in rows if row.bad] == []
    assert len(set(names.NAMES)) == 60


def test_a_name_that_was_taken_for_markup_would_be_seen(visit: Callable[..., Page]) -> None:
    page = visit()
    with expected(visit.complaints, r"violates|Refused|Failed to load|asked for http://evil"):
        with page.expect_console_message(lambda said: "404" in said.text):  # of its picture
            page.evaluate(
                """(name) => {
                    const made = document.createElement("div");
                    made.innerHTML = name;
                    document.body.append(made);
                }""",
                names.NAMES[1],
            )
        assert page.evaluate(names.INJECTED)[0] == 1
        page.evaluate("window.hacked = 1")
        assert page.evaluate(names.INJECTED)[1] == 1
