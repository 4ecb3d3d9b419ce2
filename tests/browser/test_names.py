"""Is any of 60 hostile names run, or taken for anything but text?"""

import json
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.seen import expected, maps_drawn, own_reply
from tests.hostile import names

Visit = Callable[..., Page]
HOSTILE = (
    '<img src=x onerror="window.hacked=1">',
    "<script>window.hacked=1</script>",
    '<a href="javascript:window.hacked=1">b</a>',
    "{{constructor.constructor('window.hacked=1')()}}",
    "' onmouseover='window.hacked=1",
    "a very long name that goes on and on and does not come to an end at all",
    "%{x} <extra></extra> &amp; <b>bold</b>",
    "\u202eright to left",
    "../../etc/passwd",
    "\u0000 \u0007 control",
)


@pytest.mark.slow
def test_no_name_is_run_in_any_view_and_normal_use_breaks_no_policy(
    visit: Visit,
) -> None:
    page = visit()
    with expected(visit.complaints, r"Failed to load resource"):
        rows = names.harmless(page, passes=2)
    print(*rows, sep="\n")
    assert [row for row in rows if row.bad] == []
    assert len(set(names.NAMES)) == 60


def test_a_name_that_was_taken_for_markup_would_be_seen(visit: Visit) -> None:
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


def test_names_from_outside_stay_text_everywhere(visit: Visit) -> None:
    def renamed(route: Route) -> None:
        reply = own_reply(route)
        body = reply.json()
        if "classes" in body:
            body["classes"] = [HOSTILE[i % len(HOSTILE)] for i in range(len(body["classes"]))]
        for run in body.get("runs", []):
            run["name"] = HOSTILE[0]
            run["error"] = {"code": "internal", "message": HOSTILE[1]}
        if "definitions" in body:
            body["definitions"] = {name: HOSTILE[2] for name in body["definitions"]}
        if "protocol" in body:
            body["protocol"] = HOSTILE[0]
        route.fulfill(response=reply, body=json.dumps(body))

    page = visit("#layer=3")
    page.route(
        re.compile(r"/api/runs(\?|$|/[^/]+/(layers|probes)(\?|$)|.*/units)"),
        renamed,
    )
    page.reload()
    maps_drawn(page)
    expect(page.locator(".class-row .name").first).to_have_text(HOSTILE[0])
    page.get_by_role("tab", name="Neurons").click()
    page.locator("#neurons .tile[data-unit]").first.click()
    expect(page.locator("#unit .class-bar .name").first).to_have_text(HOSTILE[0])
    page.get_by_role("tab", name="Probes").click()
    expect(page.locator(".confusion tbody th").first).to_have_text(HOSTILE[0])
    box = page.locator("#probes .chart").first.bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] - 40)
    page.get_by_role("tab", name="Map").click()
    expect(page.locator(".run-name").first).to_have_text(HOSTILE[0])
    assert page.evaluate("window.hacked") is None
    assert page.locator("[onerror], [onmouseover], a[href^=javascript]").count() == 0
    page.unroute_all(behavior="wait")
