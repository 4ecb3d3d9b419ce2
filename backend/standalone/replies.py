"""What the server answers about one run, asked in process: every route that needs no more to ask.

The routes are those of the OpenAPI list, so one that is new is taken as well. Reading is kept in
memory meanwhile, since thousands of answers come from the same few files.
"""

import asyncio
import itertools
import json
import re
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import quote, urlencode

from fastapi import FastAPI

from backend.api.deps import Analysed, Service, analysed
from backend.errors import NotFoundError, RequestError
from backend.runs.results import Results

MOST = 200_000  # answers of one file
ALIKE = 64  # more answers than these of one route share a block with those of their layer only
LEFT_OUT = {"events", "news"}  # what happens while a run is at work
PAIRS = "/layers/{layer}/matches"  # a second each: of a layer at the first and the last epoch
FILLED = {"epoch", "versus_epoch", "versus_layer"}  # queries for which every value is asked
WORDS = ("rules", "encoders")  # answers about no run that the page shows beside one
JSON, TABLES = "application/json", ("text/csv", "application/octet-stream")


@dataclass(frozen=True)
class Route:
    """A GET route of a run, as OpenAPI tells it."""

    path: str  # below /api/runs/{run}, with parameters in braces
    queries: tuple[str, ...]  # of FILLED, in the order of the alphabet
    kind: str  # media type of what it answers

    def asked(self, values: dict[str, Iterable[Any]], run: str) -> list[str]:
        """Every path it answers for one run, below /api, queries in the order of the alphabet."""
        names = (*re.findall(r"\{(\w+)\}", self.path), *self.queries)
        start, found = f"runs/{quote(run, safe='')}", []
        for chosen in itertools.product(*(values[name] for name in names)):
            told = dict(zip(names, chosen, strict=True))
            query = urlencode({name: told[name] for name in self.queries})
            found.append(f"{start}{self.path.format(**told)}{'?' * bool(query)}{query}")
        return found


def routes_of(app: FastAPI, known: set[str]) -> list[Route]:
    """The GET routes of a run whose parameters are all known."""
    found = []
    for path, verbs in app.openapi()["paths"].items():
        told = verbs.get("get")
        below = path.removeprefix("/api/runs/{run}")
        if told is None or below == path or below.strip("/") in LEFT_OUT:
            continue
        asked = {p["name"]: p for p in told.get("parameters", ())}
        in_path = {name for name, p in asked.items() if p["in"] == "path"} - {"run"}
        needed = {name for name, p in asked.items() if p["in"] == "query" and p.get("required")}
        kinds = [*told["responses"]["200"].get("content", {})]
        kind = next((kind for kind in kinds if kind in (JSON, *TABLES)), None)
        if below and kind and in_path <= known and needed <= FILLED:
            found.append(Route(below, tuple(sorted(FILLED & {*asked})), kind))
    return found


class Kept(Results):
    """Results whose files are read once."""

    read = lru_cache(256)(Results.read)
    ids = lru_cache(64)(Results.ids)
    labels = lru_cache(64)(Results.labels)
    summary = lru_cache(64)(Results.summary)


class Asked:
    """One run as the server tells it, at some of its epochs.

    epochs: None for all that are analysed. Raises NotFoundError where there is nothing to show.
    """

    def __init__(self, app: FastAPI, run: str, epochs: list[int] | None) -> None:
        self.app, self.run = app, run
        service: Service = app.state.service
        folder = service.catalogue.folder(run)
        losses = service.catalogue.timeline(folder).losses
        first = Analysed(folder, losses, epochs[0] if epochs else None)
        if epochs and (lacking := set(epochs) - set(first.epochs)):
            raise NotFoundError(f"run {run} has no analysed epoch {min(lacking)}")
        self.epochs = epochs or first.whole().epochs
        self.seen: dict[int, Analysed] = {}
        for epoch in self.epochs:
            self.seen[epoch] = seen = Analysed(folder, losses, epoch)
            seen.results, seen.epochs = Kept(folder.path), self.epochs
        self.first = self.seen[self.epochs[-1]]
        app.dependency_overrides[analysed] = self.checkpoint
        app.user_middleware.clear()  # nobody else can ask: no host, token or rate to look at

    def checkpoint(self, epoch: int | None = None) -> Analysed:
        return self.seen[self.epochs[-1] if epoch is None else epoch]

    def routes(self) -> list[tuple[Route, list[str]]]:
        """Each route with the paths to ask. Raises RequestError where they are too many."""
        ids, layers = self.first.results.ids(self.first.epoch).tolist(), [*self.first.layers]
        values: dict[str, Iterable[Any]] = {"layer": layers, "image": ids, "unit": ()}
        values |= {"epoch": self.epochs, "versus_epoch": self.epochs, "versus_layer": layers}
        found = []
        for route in routes_of(self.app, {"layer", "image", "unit"}):
            if "{unit}" in route.path:
                asked = [
                    path
                    for layer, width in zip(layers, self.first.widths, strict=True)
                    for path in route.asked(
                        values | {"layer": [layer], "unit": range(width)}, self.run
                    )
                ]
            elif route.path == PAIRS:
                asked = self.pairs(route, layers[1:])
            else:
                asked = route.asked(values, self.run)
            found.append((route, asked))
        if (count := sum(len(asked) for _, asked in found)) > MOST:
            raise RequestError(
                f"a file of run {self.run} would hold {count:,} answers, and {MOST:,} is the most; "
                "choose one checkpoint with --epoch"
            )
        return found

    def pairs(self, route: Route, layers: list[int]) -> list[str]:
        """Paths about each layer at the first epoch and the same at the last, either way round."""
        ends = sorted({self.epochs[0], self.epochs[-1]})
        return [
            path
            for layer, (one, other) in itertools.product(layers, itertools.permutations(ends, 2))
            for path in route.asked(
                {
                    "layer": [layer],
                    "versus_layer": [layer],
                    "epoch": [one],
                    "versus_epoch": [other],
                },
                self.run,
            )
        ]

    async def answers(self, on: Callable[[float], None]) -> AsyncIterator[tuple[Route, dict]]:
        """Each block of answers by path, with its route; `on` hears the share done."""
        routes = self.routes()
        count, done = sum(len(asked) for _, asked in routes), 0
        for route, asked in routes:
            blocks: dict[str, dict[str, Any]] = {}
            for path in asked:
                few = len(asked) <= ALIKE
                name = route.path if few else re.sub(r"\d+(?=\?|$)", "*", path, count=1)
                status, body = await ask(self.app, path)
                if status == 200:
                    told = json.loads(body) if route.kind == JSON else body
                    blocks.setdefault(name, {})[path] = told
                done += 1
                on(done / count)
            for found in blocks.values():
                yield route, found

    async def others(self) -> dict[str, Any]:
        """Answers that are about no checkpoint: the list with this run alone, and words."""
        _, body = await ask(self.app, f"runs/{self.run}")
        run = self.alone(json.loads(body))
        found = {f"runs/{self.run}": run, "runs": {"runs": [run]}}
        found |= {"trash": {"runs": []}, "uploads": {"uploads": []}}
        told = self.first.summary()
        known = f"datasets/{quote(told['dataset'], safe='')}/metadata?split={told['split']}"
        for word in (*WORDS, known):
            status, body = await ask(self.app, word)
            if status == 200:
                found[word] = json.loads(body)
        listed = json.loads((await ask(self.app, "benches"))[1])["benches"]
        shipped = [bench for bench in listed if bench["shipped"]]
        found["benches"] = {"benches": shipped}
        for path in (f"benches/{quote(bench['name'], safe='')}" for bench in shipped):
            found[path] = json.loads((await ask(self.app, path))[1])
        return found

    def alone(self, run: dict[str, Any]) -> dict[str, Any]:
        """A run as a file tells it: at rest, without its log and the paths of this computer."""
        config, data = run["config"], str(run["config"].get("data", run["dataset"]))
        told = {"log_tail": [], "phase": None, "progress": None, "stalled": None}
        told |= {"analysed": self.epochs, "checkpoints": self.epochs, "state": "finished"}
        told |= {"begun": [], "stamps": {}, "error": None, "warnings": []}
        if data != run["dataset"]:
            told |= {"config": config | {"data": run["dataset"]}, "command": None}
        return run | told


async def ask(app: FastAPI, path: str) -> tuple[int, bytes]:
    """Status and body of a GET, in process."""
    place, _, query = path.partition("?")
    scope = {
        **{"type": "http", "method": "GET", "http_version": "1.1", "scheme": "http", "app": app},
        **{"path": f"/api/{place}", "raw_path": f"/api/{place}".encode(), "root_path": ""},
        **{"query_string": query.encode(), "headers": [(b"host", b"127.0.0.1")], "state": {}},
        **{"client": ("127.0.0.1", 0), "server": ("127.0.0.1", 80)},
    }
    parts: list[bytes] = []
    status = 500

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(0)
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        nonlocal status
        status = message.get("status", status)
        parts.append(message.get("body", b""))

    await app(scope, receive, send)
    return status, b"".join(parts)
