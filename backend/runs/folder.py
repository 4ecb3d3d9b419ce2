"""One run's directory: what is in it, and how it is read and written so that no crash spoils it.

    run.json       what the run is: format, id, name, created, config, dataset, version, and the
                   model where that was imported
    events.jsonl   what happened, in order             log.txt     for people, and tracebacks
    process.json   who works on it, since which attempt lock        held while someone does
    starts.json    of a job of a cluster, how often it was begun in vain
    heartbeat      how far the work is, every 2 s      result.json how the last attempt ended
    checkpoints/   of the encoder                      analysis/   arrays about it
    fence/         which process was let in last; older ones write nothing more

The directory alone is enough to enter a run into an empty store again.
"""

import json
import os
import re
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from backend.errors import ConflictError, RunError
from backend.runs import plain
from backend.runs.events import EventWriter, Timeline
from backend.runs.facts import failure, is_count, is_handle, is_text, loads, text
from backend.runs.fence import Fence
from backend.runs.lock import Lock, held

FORMAT = 1  # of a run directory, in its run.json; those of before the number have none
OF_NETWORK = ("rule", "encoder", "colour", "crop", "steps", "spatial", "feedback", "symmetric")
ID = re.compile(r"[a-z0-9][a-z0-9-]{0,99}")
TAIL = 2**14  # bytes of the log that are looked at for its last lines
PATIENCE = 1.0  # seconds; who looks whether the lock is held keeps it for a moment
BEAT = 200  # bytes of the heartbeat, written over each other so that it needs no room on the disk
RESERVE = 2**16  # bytes kept back, so that a full disk leaves room to say so


class RunFolder:
    """A run's directory at `path`, whether it exists or not."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lock, self.fence = Lock(path / "lock"), Fence(path / "fence")

    @property
    def id(self) -> str:
        return self.path.name

    def create(
        self, about: dict[str, Any], fill: Callable[["RunFolder"], None] | None = None
    ) -> None:
        """Make the directory; it appears with its run.json in it. Raises ConflictError.

        fill: writes what else is to be in it from the begin; if it fails, nothing appears.
        """
        if self.path.exists():
            raise ConflictError(f"there is a run {self.id} already; try again for another id")
        new = self.path.with_name(f".{self.id}.new")
        shutil.rmtree(new, ignore_errors=True)
        try:
            new.mkdir(parents=True)
            RunFolder(new).write("run.json", {"format": FORMAT} | about)
            if fill:
                fill(RunFolder(new))
            new.rename(self.path)
        except BaseException:
            shutil.rmtree(new, ignore_errors=True)
            raise

    def remove(self) -> None:
        """Delete the directory; it vanishes at once, its bytes a moment later."""
        gone = self.path.with_name(f".{self.id}.deleted")
        shutil.rmtree(gone, ignore_errors=True)
        self.path.rename(gone)
        shutil.rmtree(gone, ignore_errors=True)

    def about(self) -> dict[str, Any]:
        """run.json. Raises RunError where it is missing, damaged or of a newer Saccade."""
        about = self.read("run.json")
        made = (about or {}).get("format", FORMAT)
        if not isinstance(made, int) or made > FORMAT:
            raise RunError(
                f"run {self.id} was made by a newer Saccade (its format is {made!r}, this one "
                f"reads up to {FORMAT}); update Saccade to open it"
            )
        kinds = {"id": str, "created": str, "config": dict, "dataset": str}
        if about and "model" in about:
            kinds |= {"model": dict}
        if not about or not all(isinstance(about.get(key), kind) for key, kind in kinds.items()):
            why = f" ({reason})" if (reason := self.refusal("run.json")) else ""
            raise RunError(f"run {self.id} has no readable run.json{why}; it cannot be shown")
        return about | {"created": text(about["created"])}

    def disagreement(self) -> str | None:
        """Where run.json and the last kept checkpoint tell of two networks, in a sentence."""
        epochs = self.checkpoints()
        kept = self.read(f"checkpoints/epoch-{epochs[-1]:04d}/state.json") if epochs else None
        theirs, ours = (kept or {}).get("config"), (self.read("run.json") or {}).get("config")
        if not isinstance(theirs, dict) or not isinstance(ours, dict):
            return None
        for name in OF_NETWORK:
            if name in theirs and name in ours and theirs[name] != ours[name]:
                return (
                    f"run.json says {name} {ours[name]!r}, and the checkpoint of epoch "
                    f"{epochs[-1]} {theirs[name]!r}: one of them was changed; the checkpoint "
                    "is what was trained, so put back the run.json that belongs to it"
                )
        return None

    def result(self, attempt: int) -> dict[str, Any] | None:
        """How this attempt ended: {"state", "error"}; None where it has not, or was killed."""
        result = self.read("result.json") or {}
        if not is_text(result.get("state")) or result.get("attempt", attempt) != attempt:
            return None
        return result | {"error": failure(result.get("error"))}

    def process(self, attempt: int | None = None) -> dict[str, Any] | None:
        """Who took up the work, {"attempt", "handle"}; None if no one has in this attempt."""
        process = self.read("process.json") or {}
        found = process.get("attempt")
        if not is_count(found) or not is_handle(process.get("handle")):
            return None
        return process if attempt in (None, found) else None

    def checkpoints(self) -> list[int]:
        """Epochs whose encoder is kept, ascending."""
        names = (folder.name for folder in (self.path / "checkpoints").glob("epoch-*"))
        return sorted(int(name[6:]) for name in names if name[6:].isdecimal())

    def keeps_rule(self, epoch: int) -> bool:
        """Whether the checkpoint of an epoch has the rule's own weights beside the encoder's."""
        return (self.path / "checkpoints" / f"epoch-{epoch:04d}" / "rule.safetensors").is_file()

    def is_held(self, seconds: float = 0.0) -> bool:
        """Whether someone works here, and goes on to for so long."""
        return held(self.path / "lock", seconds)

    def enter(self, attempt: int) -> None:
        """Let this process, which holds the lock, write for an attempt, and no other any more.

        Raises OutdatedError where a later attempt has begun, ConflictError where this has ended, or
        was stopped before it began: a cluster may start it long after that.
        """
        if (process := self.process()) and process["attempt"] > attempt:
            raise self.fence.outdated(attempt)
        past = Timeline(self.path / "events.jsonl")
        past.update()
        stopped = past.ended and past.state == "stopped" and past.attempt >= attempt
        if self.result(attempt) or stopped:
            raise ConflictError(f"attempt {attempt} at run {self.id} has ended already; resume it")
        self.fence.enter(attempt)

    def events(self) -> EventWriter:
        """A writer of events; its user holds the lock, and has entered the fence if it works."""
        return EventWriter(self.path / "events.jsonl", self.fence.check)

    def tell(self, kind: str, **fields: Any) -> None:
        """Append one event, unless someone works in the directory and does that."""
        if not self.lock.take(PATIENCE):
            return
        try:
            events = self.events()
            events.append(kind, **fields)
            events.close()
        finally:
            self.lock.release()

    def log(self, text: str) -> None:
        """Add an entry. Only its first line begins with a date: what is told there may be made of
        several lines, by someone else."""
        told = "\n    ".join(text.rstrip().splitlines())
        with plain.appended(self.path / "log.txt") as file:
            file.write(f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} {told}\n".encode("utf-8", "replace"))

    def log_tail(self, lines: int = 40) -> list[str]:
        """The first lines of the last entries of the log, so without tracebacks."""
        try:
            with plain.opened(self.path / "log.txt") as file:
                start = max(0, os.fstat(file.fileno()).st_size - TAIL)
                file.seek(start)
                found = file.read().decode("utf-8", "replace").splitlines()[start > 0 :]
        except OSError:
            return []
        return [line for line in found if re.match(r"\d{4}-\d\d-\d\d ", line)][-lines:]

    def beat(self, **facts: Any) -> None:
        """Say that the work goes on, and how far it is. Not being able to is no reason to end."""
        self.fence.check()
        line = json.dumps(facts).encode().ljust(BEAT)
        with suppress(OSError):
            flags = os.O_WRONLY | os.O_CREAT | plain.FLAGS
            file = os.open(self.path / "heartbeat", flags, 0o644)
            try:
                os.write(file, line)
            finally:
                os.close(file)

    def silence(self) -> float:
        """Seconds since the last heartbeat; infinite where there was none."""
        try:
            return time.time() - (self.path / "heartbeat").stat().st_mtime
        except OSError:
            return float("inf")

    def reserve(self) -> None:
        with plain.renewed(self.path / ".reserve") as file:
            file.write(os.urandom(RESERVE))

    def release(self) -> None:
        (self.path / ".reserve").unlink(missing_ok=True)

    def read(self, name: str) -> dict[str, Any] | None:
        try:
            value = loads(plain.read(self.path / name))
        except (OSError, ValueError, RecursionError):
            return None
        return value if isinstance(value, dict) else None

    def refusal(self, name: str) -> str | None:
        """Why a file is not even opened, as the end of a sentence about it; None where it is."""
        try:
            plain.opened(self.path / name, plain.TEXT).close()
        except plain.StrangeFileError as error:
            return str(error)
        except OSError:
            return None
        return None

    def write(self, name: str, value: dict[str, Any]) -> None:
        """Write a JSON file so that it is whole or as it was."""
        new = self.path / f".{name}.new"
        with plain.renewed(new) as file:
            file.write(json.dumps(value, indent=1, allow_nan=False).encode())
            file.flush()
            os.fsync(file.fileno())
        os.replace(new, self.path / name)


def clear_deleted(parent: Path) -> None:
    """Remove what is left of directories whose process ended while it deleted them."""
    for left in parent.glob(".*.deleted"):
        shutil.rmtree(left, ignore_errors=True)
