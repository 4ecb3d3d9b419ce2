"""An application in this process that is asked byte for byte, past every client's good manners."""

import asyncio
import json
import subprocess
from collections.abc import Iterable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple
from unittest import mock
from urllib.parse import unquote_to_bytes

from backend.app import create_app
from backend.jobs import errands
from backend.settings import Settings
from tests.backend.conftest import Quiet

HOST, TOKEN = "127.0.0.1:8000", "hostile-" + "t" * 35
SHIPPED = "clapp-photos"
PATIENCE = 120.0  # seconds for a reply to begin
BEARER = {"host": HOST, "authorization": f"Bearer {TOKEN}"}


class Reply(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def sentence(self) -> str:
        """What an error says; empty where it says nothing, or not in the right form."""
        try:
            error = json.loads(self.body)["error"]
            return error["message"] if error["code"] else ""
        except (ValueError, KeyError, TypeError):
            return ""


def waiting(command: list[str], **how: Any) -> subprocess.Popen:
    """A process in the place of an errand, which would take the processor for half a minute."""
    return subprocess.Popen(["sleep", "600"], **how)


class Site:
    """A server with a token, the run that ships, one queued run that never starts, and errands
    that have no end."""

    def __init__(self, home: Path, data: Iterable[str] = ()) -> None:
        self.home = home
        self.app = create_app(
            Settings(home=home, token=TOKEN, rate=10**6, data=tuple(data)), Quiet()
        )
        self.runner = asyncio.Runner()
        processes = SimpleNamespace(Popen=waiting, DEVNULL=subprocess.DEVNULL)
        self.patch = mock.patch.object(errands, "subprocess", processes)

    def __enter__(self) -> "Site":
        self.patch.start()
        queued = self.ask("POST", "/api/runs", BEARER, b'{"name": "queued", "config": {}}')
        self.own = json.loads(queued.body)["id"]
        return self

    def __exit__(self, *_: object) -> None:
        self.runner.close()
        self.app.state.service.trials.errands.close()  # what the requests set going
        self.patch.stop()
        self.app.state.service.catalogue.store.close()

    def ask(
        self,
        method: str,
        target: str,
        headers: dict[str, str] | None = None,
        body: bytes = b"",
        seconds: float = 30.0,
    ) -> Reply:
        """The reply to a request whose target is taken as it stands, as the server's parser does.

        A reply that has not ended so many seconds after its begin is given as far as it came.
        """
        return self.runner.run(self.answered(method, target, headers, body, seconds))

    def ask_each(self, asked: Iterable[tuple[str, str]]) -> list[Reply]:
        """The replies to (method, target), one after the other: threads of the server live on."""

        async def each() -> list[Reply]:
            return [await self.answered(*one, None, b"", 30.0) for one in asked]

        return self.runner.run(each())

    async def answered(
        self, method: str, target: str, headers: dict[str, str] | None, body: bytes, seconds: float
    ) -> Reply:
        headers = dict(BEARER if headers is None else headers)
        if body:
            headers = {"content-type": "application/json"} | headers
        raw, _, query = target.encode("latin-1", "replace").partition(b"?")
        scope: dict[str, Any] = {
            **{"type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}},
            **{"http_version": "1.1", "scheme": "http", "root_path": "", "method": method},
            **{"server": ("127.0.0.1", 8000), "client": ("127.0.0.1", 5)},
            "path": unquote_to_bytes(raw).decode("utf-8", "replace"),
            **{"raw_path": raw, "query_string": query},
            "headers": [(name.encode(), text.encode("latin-1")) for name, text in headers.items()],
        }
        sent: list[dict[str, Any]] = []
        begun = asyncio.Event()
        waiting = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive() -> dict[str, Any]:
            if not waiting:
                await asyncio.Event().wait()  # the client stays until it has all
            return waiting.pop()

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)
            begun.set()

        asked = asyncio.create_task(self.app(scope, receive, send))
        asked.add_done_callback(lambda _: begun.set())
        try:
            await asyncio.wait_for(begun.wait(), PATIENCE)
            await asyncio.wait_for(asked, seconds)
        except TimeoutError:
            assert sent, f"{method} {target[:100]} was not answered within {PATIENCE} s"
        start = next(message for message in sent if message["type"] == "http.response.start")
        named = {name.decode(): text.decode("latin-1") for name, text in start["headers"]}
        return Reply(start["status"], named, b"".join(m.get("body", b"") for m in sent))

    def routes(self) -> list[tuple[str, str]]:
        """Every (method, path) of the app, parameters unfilled; files of a mount as {path}."""
        found = []
        for path, methods in flattened(self.app.routes):
            found += [(method, path) for method in sorted(methods)]
        return found


def flattened(routes: Iterable[Any]) -> list[tuple[str, set[str]]]:
    """The routes of an application, those of the routers in it too."""
    found: list[tuple[str, set[str]]] = []
    for route in routes:
        inner = getattr(route, "effective_route_contexts", None)
        if callable(inner):
            found += flattened(inner())
        elif getattr(route, "methods", None):
            found.append((route.path, route.methods))
        else:
            found.append((f"{route.path}/{{path}}", {"GET"}))
    return found
