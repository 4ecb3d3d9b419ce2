"""Does a client that is cut off again and again hear of everything once, and of nothing twice?"""

import asyncio
import json
import os
import random
import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from uvicorn import Config, Server

from backend.app import create_app
from backend.runs.events import PASSING, EventReader
from backend.runs.folder import RunFolder
from backend.settings import Settings
from models.config import TrainConfig
from tests.backend.conftest import Quiet

Row = tuple[str, int, int, str]  # what, tried, bad, note
CLIENTS = 40
TORN = 0.01  # share of lines that are written in two halves


def soak(cases: int) -> list[Row]:
    """Cut streams `cases` times, between any two events."""
    home = Path(tempfile.mkdtemp())
    try:
        return cuts(home, cases)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def cuts(home: Path, count: int, seed: int = 0) -> list[Row]:
    """Many clients follow a run that is being written; each is cut after 1 to 20 events."""
    with followed(home) as (port, folder):
        begun = time.monotonic()
        each = max(1, count // CLIENTS)
        clients = [Client(port, folder.id, each, random.Random(seed + n)) for n in range(CLIENTS)]
        writer = threading.Thread(target=write, args=(folder, 18 * each, seed))
        writer.start()
        asyncio.run(everyone(clients))
        writer.join()
        seconds = time.monotonic() - begun
    told = list(EventReader(folder.path / "events.jsonl").events())
    lasting = {event["seq"] for event in told if event["kind"] not in PASSING}
    done = sum(client.cut for client in clients)
    missing = sum(len(lasting - set(client.heard)) for client in clients)
    doubled = sum(len(client.heard) - len(set(client.heard)) for client in clients)
    unordered = sum(client.heard != sorted(client.heard) for client in clients)
    note = f"{len(told)} events, {CLIENTS} clients, {seconds:.1f} s"
    return [
        ("SSE cut: events missing", done, missing, note),
        ("SSE cut: events heard twice or out of order", done, doubled + unordered, note),
    ]


@contextmanager
def followed(home: Path) -> Iterator[tuple[int, RunFolder]]:
    """A server on a real socket, with one run that is at work: (port, its directory)."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        settings = Settings(home=home, pretrained=home / "none", port=port, rate=100_000)
        app = create_app(settings, Quiet())
        service = app.state.service
        run = service.queue.submit(TrainConfig().to_dict(), "photos", "0", mine=True)
        folder = RunFolder(home / "runs" / run)
        folder.write("process.json", {"attempt": 1, "handle": "quiet"})
        service.queue.launcher.status[run] = "running"
        server = Server(Config(app, log_level="critical", timeout_graceful_shutdown=1))
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        try:
            yield port, folder
        finally:
            service.closing.set()
            server.should_exit = True
            thread.join()


def write(folder: RunFolder, count: int, seed: int) -> None:
    """Write events as a run does, but quickly; some lines come in two halves."""
    chance = random.Random(seed)
    path = folder.path / "events.jsonl"
    seq = max(event["seq"] for event in EventReader(path).events())
    file = os.open(path, os.O_WRONLY | os.O_APPEND)
    kinds = ["progress"] * 4 + ["epoch", "checkpoint", "analysed"]
    for _ in range(count * 7 // 3):
        seq += 1
        kind = chance.choice(kinds)
        event = {"seq": seq, "time": 0.5, "kind": kind, "epoch": seq, "losses": [1.0] * 6}
        line = json.dumps(event, separators=(",", ":")).encode() + b"\n"
        half = len(line) // 2 if chance.random() < TORN else 0
        if half:
            os.write(file, line[:half])
            time.sleep(0.02)
        os.write(file, line[half:])
    os.close(file)
    folder.tell("end", state="finished", error=None)
    folder.write("result.json", {"state": "finished", "error": None, "attempt": 1})


@dataclass
class Client:
    """Follows a run as a browser does, over a connection that is cut."""

    port: int
    run: str
    cuts: int
    chance: random.Random
    heard: list[int] = field(default_factory=list)
    cut: int = 0

    async def follow(self) -> None:
        while await self.connect():
            pass

    async def connect(self) -> bool:
        """One connection; False once the server says that there is nothing more."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        last = f"Last-Event-ID: {self.heard[-1]}\r\n" if self.heard else ""
        asked = f"GET /api/runs/{self.run}/events HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n"
        writer.write(f"{asked}{last}Connection: close\r\n\r\n".encode())
        try:
            status = (await reader.readline()).split()[1]
            if status == b"204":
                return False
            if status == b"429":  # the streams that were cut have not all been noticed yet
                await asyncio.sleep(0.05)
                return True
            assert status == b"200", status
            patience = self.chance.randint(1, 20) if self.cut < self.cuts else 10**9
            while patience and (line := await reader.readline()):
                if line.startswith(b"id: "):
                    pending = int(line[4:])
                elif line == b"\n" and pending:  # an event counts once it is whole
                    self.heard.append(pending)
                    pending, patience = 0, patience - 1
                elif line == b"\r\n":
                    pending = 0
            self.cut += not patience
            return True
        finally:
            writer.transport.abort()


async def everyone(clients: list[Client]) -> None:
    async with asyncio.timeout(600):
        await asyncio.gather(*(client.follow() for client in clients))
