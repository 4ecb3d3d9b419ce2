"""Do names from outside stay text in every view of the page, and does the page keep its policy?

Every text of every reply that a person may have chosen is replaced by one of names.json: names of
runs, classes, layers, data sets and files, sentences of errors and logs. A name that is run sets
`window.hacked`.
"""

import json
import re
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, Route

from tests.browser.seen import own_reply
from tests.hostile import Row

NAMES: list[str] = json.loads(Path(__file__).with_name("names.json").read_text(encoding="utf-8"))
TEXTS = {"title", "sentence", "licence", "message", "reason", "help", "protocol", "warning"}
LISTS = {"classes": "of a class", "log_tail": "of a log"}
TABS = ("Map", "Neurons", "Probes", "Learning", "Compare")
REPLIES = re.compile(r"/api/(?!openapi|datasets/.+/)")
WATCH = """() => {
    window.violations = [];
    document.addEventListener("securitypolicyviolation", (event) => {
        window.violations.push(`${event.violatedDirective} ${event.blockedURI}`);
    });
}"""
SEEN = """(names) => {
    const texts = [document.body.textContent];
    for (const element of document.querySelectorAll("[title], [aria-label]")) {
        texts.push(element.getAttribute("title") ?? "", element.getAttribute("aria-label") ?? "");
    }
    return names.filter((name) => texts.some((text) => text.includes(name)));
}"""
INJECTED = """() => [
    document.querySelectorAll(
        "body script, iframe, object, embed, base, marquee, math, template, video, audio, "
        + "noscript, [onerror], [onload], [onmouseover], [onfocus], [onclick], [ontoggle], "
        + "[onstart], a[href^='javascript' i], a[href^='data' i], body link, body meta, body style",
    ).length,
    window.hacked ? 1 : 0,
]"""


def harmless(page: Page, passes: int) -> list[Row]:
    """Walk through the page as it is, then with other names; `page` shows the run that ships.

    In each pass the classes have ten other names; runs and sentences have all of them in each.
    """
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    page.add_init_script(f"({WATCH})()")
    normal = list(walk(page))
    violations = page.evaluate("window.violations")
    used = Row("views in normal use: violations", len(normal), len(violations), str(violations[:1]))

    seen: set[str] = set()
    views, run, injected = 0, 0, 0
    for number in range(passes):
        page.unroute_all()
        page.route(REPLIES, lambda route, _, n=number: renamed(route, 10 * n))
        for _ in walk(page):
            views += 1
            seen |= set(page.evaluate(SEEN, NAMES))
            elements, hacked = page.evaluate(INJECTED)
            injected, run = injected + elements, run + hacked
        violations += page.evaluate("window.violations")
    page.unroute_all(behavior="wait")
    bad = run + len(dialogs) + injected + len(violations)
    note = f"{len(seen)} seen as text in {views} views, {violations[:2]}"
    missing = sorted(set(NAMES) - seen)
    return [
        used,
        Row("hostile names in the browser", len(seen), bad, note),
        Row("hostile names that were not seen", len(NAMES), len(missing), str(missing[:1])),
    ]


def walk(page: Page) -> Iterator[str]:
    """Everything that the page shows: each tab, the cards, the charts under the pointer."""
    page.evaluate("location.hash = ''")
    page.reload()
    page.wait_for_selector(".strip[data-drawn]")
    for tab in TABS:
        page.get_by_role("tab", name=tab).click()
        page.wait_for_load_state("networkidle")
        if tab == "Neurons":
            page.locator("#neurons .tile[data-unit]").first.click()
            page.wait_for_selector("#unit .patch")
        for chart in page.locator(".chart .main-svg:first-child").all()[:2]:
            if box := chart.bounding_box():
                page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        page.evaluate("for (const d of document.querySelectorAll('.as-text')) d.open = true")
        page.keyboard.press("/")
        page.keyboard.type("a")
        page.wait_for_selector("#matches li")
        yield tab
        page.keyboard.press("Escape")
        page.keyboard.press("Escape")
    for address in ("dialog=new", "dialog=runs", "dialog=keys", "image=3&tab=map", "run=nobody"):
        page.evaluate("hash => { location.hash = hash; }", address)
        page.wait_for_load_state("networkidle")
        yield address


def renamed(route: Route, first: int) -> None:
    """Answer with the server's own reply, its texts replaced."""
    reply = own_reply(route)
    if "json" not in reply.headers.get("content-type", ""):
        route.fulfill(response=reply)
        return
    body = reply.json()
    if isinstance(body, dict) and "runs" in body and body["runs"]:
        body["runs"] = [*body["runs"], *others(body["runs"][0])]
    names = cycle(NAMES[first:] + NAMES[:first])
    route.fulfill(response=reply, body=json.dumps(changed(body, names, first)))


def others(run: dict[str, Any]) -> list[dict[str, Any]]:
    """As many runs as there are names, in every state that says something."""
    failed = {"code": "internal", "message": ""}
    more = [{"state": "failed", "error": failed}, {"state": "stopped"}, {"state": "finished"}]
    return [
        run | more[i % len(more)] | {"id": f"other-{i}", "shipped": False}
        for i in range(len(NAMES))
    ]


def changed(value: Any, names: Iterator[str], first: int) -> Any:
    """The same JSON with another name for each text that a person may have chosen."""
    if isinstance(value, list):
        return [changed(inner, names, first) for inner in value]
    if not isinstance(value, dict):
        return value
    found = {}
    for key, inner in value.items():
        chosen = key in TEXTS or (key == "name" and ({"state", "spans"} & set(value)))
        if chosen and isinstance(inner, str):
            found[key] = next(names)
        elif key in LISTS and isinstance(inner, list):
            found[key] = [NAMES[(first + i) % len(NAMES)] for i in range(len(inner))]
        elif key == "definitions" and isinstance(inner, dict):
            found[key] = {word: next(names) for word in inner}
        else:
            found[key] = changed(inner, names, first)
    return found
