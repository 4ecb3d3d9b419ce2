"""How soon does the page show and answer? In a headless Chromium that draws with the processor.

Every time is taken in the page, from an event to the frame in which what it changed was drawn, but
for the first, which is from the command to the maps. What has 8,000 and 100,000 images is drawn at
random (`crowd.py`), with seven maps as the demo has; the demo is the run that ships.
"""

import gzip
import json
import os
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, CDPSession, Page, sync_playwright

from backend.settings import CHECKOUT
from benchmarks import crowd
from benchmarks.record import Row, figure, parsed, parser, told

DEMO, MANY, MOST = "clapp-photos", 8_000, 100_000
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
FLAGS = ["--no-sandbox", "--disable-background-networking", "--enable-precise-memory-info"]
SIZE = {"width": 1440, "height": 900}
PATIENCE = 120_000  # milliseconds
SWITCHES = 500
AT_ONCE = 5  # milliseconds before it is seen that maps are drawn in which that asks for more

# In the page: when the maps are shown, and from an event until the frame that shows what it did.
WATCH = """
window.shown = new Promise((done) => {
    new MutationObserver((_, watcher) => {
        if (!document.querySelector(".strip[data-drawn]")) return;
        watcher.disconnect();
        window.drawn = performance.now();
        requestAnimationFrame(() => setTimeout(() => done(performance.now())));
    }).observe(document, { subtree: true, childList: true, attributes: true });
});
window.frame = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
window.took = async (act, there) => {
    const start = performance.now();
    await act();
    while (!there()) await new Promise((done) => setTimeout(done));
    await frame();
    return performance.now() - start;
};
"""
KEY = """key => document.body.dispatchEvent(
    new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }))"""
EPOCH = f"""async ([key, wanted]) => {{
    const strip = document.querySelector(".strip");
    await new Promise((done) => setTimeout(done, 100));
    return took(() => ({KEY})(key), () => strip.dataset.drawn === wanted);
}}"""
UNIT = f"""async () => {{
    const before = document.querySelector("#unit").dataset.unit;
    const card = document.querySelector("#unit");
    return took(() => ({KEY})("ArrowRight"), () => card.dataset.unit !== before
        && card.querySelectorAll(".patch img, .notice").length);
}}"""
HOVER = """async () => {
    const surface = document.querySelector(".surface");
    const box = surface.getBoundingClientRect();
    const times = [];
    for (let i = 0; i < 60; i++) {
        const start = performance.now();
        surface.dispatchEvent(new PointerEvent("pointermove", { pointerType: "mouse", bubbles: true,
            clientX: box.left + box.width * (0.2 + i / 100), clientY: box.top + box.height / 2 }));
        document.querySelector(".tip").getBoundingClientRect();
        times.push(performance.now() - start);
        await frame();
    }
    return times;
}"""
LASSO = """async () => {
    const surface = document.querySelector('[data-layer="6"].cell-map');
    const box = surface.getBoundingClientRect();
    const at = (x, y) => ({ clientX: box.left + box.width * x, clientY: box.top + box.height * y,
        pointerId: 1, pointerType: "mouse", buttons: 1, isPrimary: true, bubbles: true });
    surface.setPointerCapture = surface.releasePointerCapture = () => {};
    const corners = [[0, 0], [1, 0], [1, 1], [0.4 + 0.2 * Math.random(), 1]];
    surface.dispatchEvent(new PointerEvent("pointerdown", at(0, 0)));
    for (const [x, y] of corners) surface.dispatchEvent(new PointerEvent("pointermove", at(x, y)));
    await frame();
    const chosen = document.querySelector(".strip .cell");
    const before = chosen.dataset.selected;
    return took(() => surface.dispatchEvent(new PointerEvent("pointerup", at(...corners[3]))),
        () => chosen.dataset.selected !== before);
}"""
FIRST = f"""async () => {{
    await shown;
    await ({LASSO})();
    return performance.now();
}}"""
SCRIPTS = """() => performance.getEntriesByType("resource")
    .filter((one) => one.name.includes("/script/"))
    .map((one) => [new URL(one.name).pathname, one.startTime])"""
SWITCH = """async ([run, times]) => {
    for (let i = 0; i < times; i++) {
        location.hash = `#run=${run[i % 2]}`;
        const strip = document.querySelector(".strip");
        await took(() => {}, () => strip.dataset.drawn?.startsWith(`${run[i % 2]}@`));
    }
}"""


@contextmanager
def server(home: Path, runs: Path, data: Path, token: str) -> Iterator[str]:
    """Where a server of that home answers while the block lasts."""
    command = [sys.executable, "-m", "backend", "serve", "--home", str(home), "--port", "0"]
    env = os.environ | {"SACCADE_TOKEN": token, "SACCADE_PRETRAINED": str(runs)}
    command += ["--no-browser", "--data", str(data)]
    with subprocess.Popen(
        command, cwd=CHECKOUT, env=env, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            found = re.search(r"http://[\w.:]+/", process.stdout.readline())
            if not found:
                raise SystemExit("the server did not start")
            yield found[0]
        finally:
            process.terminate()


def chromium(own: str) -> str | None:
    """A Chromium or Chrome: the one named, one of the system, else playwright's own."""
    named = [os.environ.get("SACCADE_CHROMIUM", ""), *map(shutil.which, NAMES), own]
    return next((path for path in named if path and Path(path).is_file()), None)


@contextmanager
def opened(
    browser: Browser, address: str, token: str, where: str, first: str = "() => {}"
) -> Iterator[Page]:
    """A page in a fresh profile, logged in, its maps drawn; `first` is done when they are shown."""
    context = browser.new_context(viewport=SIZE)
    context.set_default_timeout(PATIENCE)
    context.add_init_script(f"{WATCH}; window.first = ({first})();")
    context.request.get(f"{address}?token={token}")
    page = context.new_page()
    page.goto(f"{address}{where}")
    page.wait_for_selector(".strip[data-drawn]")
    yield page
    context.close()


def resting(page: Page) -> None:
    """Wait until what is fetched ahead is there."""
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(500)


def times(runs: int, take: Callable[[], float]) -> list[float]:
    """As many milliseconds; the first, which warms up, is left out."""
    return [take() for _ in range(runs + 1)][1:]


def starts(
    browser: Browser, serve: Callable[[], object], token: str, runs: int
) -> tuple[list[float], list[float], list[float]]:
    """Seconds from the command, and from opening the page, until the maps are shown, and from
    opening it until a selection that began at that moment is seen in all maps."""
    command, page_load, first = [], [], []
    for _ in range(runs + 1):
        begun = time.perf_counter()
        with serve() as address, opened(browser, address, token, f"#run={DEMO}", FIRST) as page:
            at = page.evaluate("shown.then((at) => performance.timeOrigin + at)")
            command.append(at / 1000 - (time.time() - (time.perf_counter() - begun)))
            page_load.append(page.evaluate("shown") / 1000)
            first.append(page.evaluate("first") / 1000)
    return command[1:], page_load[1:], first[1:]


def stepper(page: Page, run: str, epochs: list[int]) -> Callable[[], float]:
    """One step of the epoch, back and forth."""
    place = [len(epochs) - 1, -1]

    def step() -> float:
        if not 0 <= place[0] + place[1] < len(epochs):
            place[1] = -place[1]
        place[0] += place[1]
        return page.evaluate(EPOCH, ["," if place[1] < 0 else ".", f"{run}@{epochs[place[0]]}"])

    return step


def demo_rows(page: Page, runs: int) -> Iterator[Row]:
    resting(page)
    asked: list[str] = []
    page.on("request", lambda r: r.url.startswith("http") and asked.append(r.url))
    hover = page.evaluate(HOVER)
    yield figure("hover, from the pointer to the picture, demo", hover, "ms", "< 16")
    yield figure("requests of 60 hovers", [len(asked)], "requests", "0")
    epochs = page.evaluate("[...document.querySelectorAll('.ticks i')].map((i) => +i.textContent)")
    steps = times(2 * runs, stepper(page, DEMO, epochs))
    yield figure("epoch step, cached, demo", steps, "ms", "< 50")
    page.evaluate("() => { location.hash += '&layer=6&tab=units&unit=0'; }")
    page.wait_for_selector("#unit .patch img, #unit .notice")
    resting(page)
    yield figure(
        "unit card that was not asked for before", times(4 * runs, lambda: page.evaluate(UNIT)),
        "ms", "< 200",
    )  # fmt: skip


def crowd_rows(page: Page, name: str, images: int, runs: int) -> Iterator[Row]:
    """Selection, epoch step and first maps of a run drawn at random."""
    goals = ("< 100", "< 50") if images == MANY else (None, None)
    yield figure(f"page opened to maps, {images:,} points", [page.evaluate("shown")], "ms")
    resting(page)
    lasso = times(runs, lambda: page.evaluate(LASSO))
    yield figure(f"linked selection in 7 maps, {images:,} points", lasso, "ms", goals[0])
    page.keyboard.press("Escape")
    steps = times(2 * runs, stepper(page, name, list(crowd.EPOCHS)))
    yield figure(f"epoch step, cached, {images:,} points", steps, "ms", goals[1])


def heap(client: CDPSession) -> float:
    """Megabytes in use after rubbish was collected."""
    for _ in range(3):
        client.send("HeapProfiler.collectGarbage")
    metrics = client.send("Performance.getMetrics")["metrics"]
    return next(m["value"] for m in metrics if m["name"] == "JSHeapUsedSize") / 1e6


def heap_rows(page: Page, runs: list[str]) -> Iterator[Row]:
    client = page.context.new_cdp_session(page)
    client.send("Performance.enable")
    page.wait_for_function("() => 'Plotly' in window")  # read ahead of charts, once
    page.evaluate(SWITCH, [runs, 40])
    resting(page)
    before = heap(client)
    page.evaluate(SWITCH, [runs, SWITCHES])
    resting(page)
    yield figure("heap before", [before], "MB")
    grown = 100 * (heap(client) / before - 1)
    yield figure(f"heap grown by {SWITCHES} changes of the run", [grown], "%", "< 10")


def script_rows(page: Page, address: str) -> Iterator[Row]:
    """Kilobytes of the page's own JavaScript as served: what its maps wait for, and all."""
    resting(page)
    came, drawn = page.evaluate(SCRIPTS), page.evaluate("drawn")
    bodies = {place: page.request.get(f"{address}{place[1:]}").body() for place, _ in came}
    sooner = [bodies[place] for place, at in came if at < drawn - AT_ONCE]
    for name, parts in ((" that its maps wait for", sooner), ("", bodies.values())):
        whole, packed = len(b"".join(parts)) / 1000, sum(len(gzip.compress(one)) for one in parts)
        yield figure(f"the page's own JavaScript{name}", [whole], "kB", "< 150")
        yield figure(f"the same, compressed with gzip{name}", [packed / 1000], "kB")


def rows(runs: int) -> Iterator[Row]:
    token = secrets.token_urlsafe(32)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        path = chromium(playwright.chromium.executable_path)
        if path is None:
            print("not timed: no Chromium or Chrome here; name one with SACCADE_CHROMIUM")
            return
        here = Path(folder)
        shipped, data = here / "runs", here / "squares.npz"
        shipped.mkdir()
        for copy in (DEMO, "again"):
            shutil.copytree(CHECKOUT / "models" / "pretrained" / DEMO, shipped / copy)
        about = shipped / "again" / "run.json"
        about.write_text(json.dumps(json.loads(about.read_text()) | {"id": "again"}))
        crowd.pack(data, MANY)
        crowd.run(shipped / "many", MANY, data, "vgg6-small")
        crowd.run(shipped / "most", MOST, here / "none.npz", "vgg6-tiny")
        serve = lambda: server(here / "home", shipped, data, token)  # noqa: E731
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        command, load, first = starts(browser, serve, token, runs)
        yield figure("command to first linked maps, demo", command, "s", "< 3")
        yield figure("page opened to maps that answer, demo", load, "s", "< 1")
        yield figure("page opened to a first selection seen in all maps, demo", first, "s", "< 1")
        with serve() as address:
            with opened(browser, address, token, f"#run={DEMO}") as page:
                yield from script_rows(page, address)
                yield from demo_rows(page, runs)
            for name, images in (("many", MANY), ("most", MOST)):
                with opened(browser, address, token, f"#run={name}") as page:
                    yield from crowd_rows(page, name, images, runs)
            with opened(browser, address, token, f"#run={DEMO}") as page:
                yield from heap_rows(page, ["again", DEMO])
        browser.close()


def main() -> None:
    given = parsed(parser(__doc__))
    told("page", rows(given.runs), given)


if __name__ == "__main__":
    main()
