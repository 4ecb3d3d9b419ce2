"""How does a browser come in, and what can a page from elsewhere do to one that is in?"""

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import headers, login_of
from tests.browser.seen import maps_drawn

ATTACK = """async (server) => {
    const found = {};
    const tried = async (name, options) => {
        try {
            const reply = await fetch(`${server}api/runs`, options);
            found[name] = reply.type === "opaque" ? "opaque" : await reply.text();
        } catch (error) {
            found[name] = "refused";
        }
    };
    const json = { "content-type": "application/json" };
    const body = '{"config": {"epochs": 1}, "name": "theirs"}';
    await tried("read", { credentials: "include" });
    await tried("read unseen", { credentials: "include", mode: "no-cors" });
    await tried("post", { method: "POST", credentials: "include", headers: json, body });
    await tried("post as text", { method: "POST", credentials: "include", mode: "no-cors", body });
    await tried("delete", { method: "DELETE", credentials: "include" });
    found.stream = await new Promise((done) => {
        const events = `${server}api/runs/clapp-photos/events`;
        const source = new EventSource(events, { withCredentials: true });
        source.onmessage = () => done("read");
        source.onerror = () => done("refused");
    });
    found.socket = await new Promise((done) => {
        const socket = new WebSocket(`${server.replace("http", "ws")}api/runs`);
        socket.onopen = () => done("read");
        socket.onerror = () => done("refused");
    });
    found.picture = await new Promise((done) => {
        const image = new Image();
        image.onload = () => done("read");
        image.onerror = () => done("refused");
        image.src = `${server}api/datasets/photos/images/1`;
    });
    return found;
}"""


@pytest.fixture
def elsewhere() -> Iterator[str]:
    """The address of an empty page of another server on this computer."""

    class Empty(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!doctype html><title>elsewhere</title>")

        def log_message(self, *_: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Empty) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


def test_the_link_opens_the_page_and_leaves_no_token_in_the_address(
    browser: Browser, address: str
) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        assert page.goto(address).status == 401
        expect(page.locator("#reason")).to_contain_text("This Saccade wants a token")
        page.goto(login_of(address) + "#layer=2")
        maps_drawn(page)
        assert page.url.startswith(f"{address}#") and "token" not in page.url
        assert "layer=2" in page.url
        (cookie,) = context.cookies()
        assert cookie["httpOnly"] and cookie["sameSite"] == "Strict"
        assert cookie["name"].endswith(address.rstrip("/").rpartition(":")[2])
        assert page.evaluate("document.cookie") == ""
        page.goto(address)
        maps_drawn(page)


def test_a_token_can_be_typed(browser: Browser, address: str) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(address)
        page.get_by_label("Token").fill("wrong")
        page.get_by_role("button", name="Open").click()
        expect(page.locator("#reason")).to_contain_text("is not of this Saccade")
        page.get_by_label("Token").fill(headers[address]["Authorization"].partition(" ")[2])
        page.get_by_role("button", name="Open").click()
        maps_drawn(page)
        assert "token" not in page.url


def test_a_page_from_elsewhere_reads_nothing_and_changes_nothing(
    browser: Browser, address: str, elsewhere: str, ask: Callable[[str], dict]
) -> None:
    before = ask("runs")
    with browser.new_context() as context:
        assert context.request.get(login_of(address)).ok
        page: Page = context.new_page()
        page.goto(elsewhere)
        found = page.evaluate(ATTACK, address)
    assert found.pop("read unseen") in ("refused", "opaque")
    assert found.pop("post as text") in ("refused", "opaque")
    assert set(found.values()) == {"refused"}, found
    assert ask("runs") == before
