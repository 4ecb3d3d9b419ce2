"""What happened in a run, in order: one JSON object a line, numbered from 1, only ever appended.

A line counts once its newline is there. What a crash left of a last line is cut off by the next
writer and not seen by readers.
"""

import json
import os
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from backend.runs import plain
from backend.runs.facts import failure, fits, loads

SECURED = {"state", "checkpoint", "analysed", "warning", "end"}  # on the disk at once
TAIL = 2**16  # bytes from the end in which the last line is looked for
BLOCK = 2**20  # bytes that are read at a time
FEW = 2**15  # the same, for a reader that may be gone after some events
MOST = 200  # events in memory for one reader, before those of its last block
LINE = 2**23  # bytes of a line; a longer one is none of ours
NEAR = 2**16  # bytes within which a search for a number ends
PASSING = ("progress", "analysis")  # an event that a newer one of these makes worthless
LASTING = re.compile(rb'"kind":"(?!progress"|analysis")')
FLEETING = (b'"kind":"progress"', b'"kind":"analysis"')


class EventWriter:
    """Appends events. One process writes at a time: the one that holds the run's lock.

    check: called before each event; it raises where this process may write no more.
    """

    def __init__(self, path: Path, check: Callable[[], None] = lambda: None) -> None:
        self.path, self.check = path, check
        self.file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | plain.FLAGS, 0o644)
        try:
            plain.check(self.file, plain.EVENTS)
        except plain.StrangeFileError:
            os.close(self.file)
            raise
        self.seq = self.mend()

    def append(self, kind: str, **fields: Any) -> dict[str, Any]:
        """Write one event and return it. An event that does not fit on the disk leaves no trace."""
        self.check()
        event = {"seq": self.seq + 1, "time": round(time.time(), 3), "kind": kind, **fields}
        line = line_of(event)
        size = os.fstat(self.file).st_size
        self.seq += 1  # before it is written: a signal may raise at any line from here on
        try:
            while line:
                line = line[os.write(self.file, line) :]
            if kind in SECURED:
                os.fsync(self.file)
        except OSError:
            self.seq -= 1
            os.ftruncate(self.file, size)
            raise
        return event

    def close(self) -> None:
        os.close(self.file)

    def mend(self) -> int:
        """Cut off an unfinished last line; the number of the last event that can be read."""
        size = os.fstat(self.file).st_size
        seq = whole = 0
        for start in (max(0, size - TAIL), 0):
            os.lseek(self.file, start, os.SEEK_SET)
            tail = os.read(self.file, size - start)
            whole = tail.rfind(b"\n") + 1
            lines = reversed(tail[:whole].splitlines())
            if seq := next((n for line in lines if (n := parsed(line).get("seq"))), 0):
                break
        if start + whole < size:
            os.ftruncate(self.file, start + whole)
        return seq


class EventReader:
    """Hands over the whole lines that were appended since the last one it gave, a block at a time:
    what follows a run for days never holds all of its events at once."""

    def __init__(self, path: Path) -> None:
        self.path, self.offset = path, 0
        self.refusal: str | None = None  # why it is not read, as the end of a sentence about it

    def blocks(self, size: int = BLOCK) -> Iterator[bytes]:
        """The new lines, some at a time; the last one waits until its newline is there."""
        try:
            with plain.opened(self.path) as file:
                self.refusal = None
                file.seek(self.offset)
                begun = b""
                while read := file.read(size):
                    whole = read.rfind(b"\n") + 1
                    if not whole:
                        begun += read
                        if len(begun) > LINE:
                            self.refusal = f"a line of it has more than {LINE:,} bytes"
                            return
                        continue
                    block, begun = begun + read[:whole], read[whole:]
                    self.offset += len(block)
                    yield block
        except plain.StrangeFileError as error:
            self.refusal = str(error)
        except OSError:
            return

    def skip(self, after: int) -> None:
        """Go to about the first event with a number above `after` without reading all before it.

        Numbers ascend, so halving finds it; where lines are damaged it stops short, never beyond.
        """
        try:
            with plain.opened(self.path) as file:
                low, high = self.offset, os.fstat(file.fileno()).st_size
                while after and high - low > NEAR:
                    middle = (low + high) // 2
                    file.seek(middle)
                    rest, *lines = file.read(NEAR).split(b"\n")
                    seq = parsed(lines[0]).get("seq") if len(lines) > 1 else None
                    if seq is not None and seq <= after:
                        low = middle + len(rest) + 1
                    else:
                        high = middle
                self.offset = low
        except OSError:
            return

    def events(self, after: int = 0) -> Iterator[dict[str, Any]]:
        """The new events with a number above `after`."""
        for block in self.blocks():
            for line in block.splitlines():
                event = parsed(line)
                if event.get("seq", 0) > after:
                    yield event

    def news(self, after: int = 0) -> list[dict[str, Any]]:
        """The new events above `after`, in order; of the progress among them only the newest."""
        found: list[dict[str, Any]] = []
        for block in self.blocks(FEW):
            for line in thinned(block):
                event = parsed(line)
                if event.get("seq", 0) <= after or not isinstance(event.get("kind"), str):
                    continue
                if event.get("kind") in PASSING:
                    found = [known for known in found if known.get("kind") not in PASSING]
                found.append(event)
            if len(found) >= MOST:
                break
        return found


def thinned(block: bytes) -> list[bytes]:
    """The lines of a block, in order, without progress that newer progress has overtaken.

    Progress is nearly all of a long run's events: none but the last is ever cut out or parsed.
    """
    places = [match.start() for match in LASTING.finditer(block)]
    newest = max(block.rfind(word) for word in FLEETING)
    lines, end = [], 0
    for place in sorted([*places, newest] if newest >= 0 else places):
        if place >= end:
            start, end = block.rfind(b"\n", 0, place) + 1, block.index(b"\n", place) + 1
            lines.append(block[start:end])
    return lines


def line_of(event: dict[str, Any]) -> bytes:
    """An event as LASTING and FLEETING find it."""
    return json.dumps(event, allow_nan=False, separators=(",", ":")).encode() + b"\n"


def parsed(line: bytes) -> dict[str, Any]:
    """An event, or {} where a line is not one."""
    try:
        event = loads(line)
    except (ValueError, RecursionError):
        return {}
    return event if isinstance(event, dict) and isinstance(event.get("seq"), int) else {}


class Timeline:
    """What the events of a run add up to, kept up to date from where it was read last."""

    def __init__(self, path: Path) -> None:
        self.reader = EventReader(path)
        self.losses: dict[int, list[float]] = {}  # by epoch
        self.state: str | None = None
        self.attempt, self.resumes = 1, 0
        self.ended = False
        self.error: dict[str, str] | None = None
        self.warned: dict[str, str] = {}  # of the attempt: sentences by code, the newest of each
        self.progress: dict[str, Any] | None = None  # the last progress or analysis event

    def update(self) -> None:
        for block in self.reader.blocks():
            for line in thinned(block):
                event = parsed(line)
                if fits(event):
                    self.note(event)

    def note(self, event: dict[str, Any]) -> None:
        kind = event["kind"]
        if kind in PASSING:
            self.progress = event
        elif kind == "epoch":
            self.losses[event["epoch"]] = event["losses"]
        elif kind == "warning":
            self.warned[event["code"]] = event["message"]
        elif kind == "settled":
            self.warned.pop(event["code"], None)
        elif kind in ("state", "end"):
            self.state, self.ended = event["state"], kind == "end"
            if event.get("attempt", self.attempt) != self.attempt:
                self.attempt, self.resumes = event["attempt"], event.get("resumes", 0)
                self.warned = {}
            self.error = failure(event.get("error"))

    @property
    def warnings(self) -> list[dict[str, str]]:
        """What went wrong in this attempt without ending it, and what is not read: [{"code",
        "message"}]."""
        warned = [*self.warned.items()]  # at once: another thread may read on meanwhile
        told = [{"code": code, "message": message} for code, message in warned]
        if reason := self.reader.refusal:
            message = f"{self.reader.path.name} is not read: {reason}; its losses are not shown"
            told.append({"code": "strange_file", "message": message})
        return told

    @property
    def history(self) -> dict[str, list]:
        """{"epochs": [...], "losses": [[of each layer], ...]}, ascending."""
        losses = dict(sorted(self.losses.items()))
        return {"epochs": list(losses), "losses": list(losses.values())}
