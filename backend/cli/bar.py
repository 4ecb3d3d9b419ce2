"""How far is it? One line on a terminal that rewrites itself; elsewhere a line now and then."""

import shutil
import sys
from typing import Any, TextIO

from backend.cli.stream import put

CELLS = 20


class Bar:
    """Shows the events of a run, or any fraction with words, on `out`."""

    def __init__(self, out: TextIO | None = None) -> None:
        self.out = out or sys.stderr
        self.live = self.out.isatty()
        self.shown, self.said = "", -1

    def event(self, event: dict[str, Any]) -> None:
        """One event of a run, as the worker writes it."""
        kind = event["kind"]
        if kind == "progress":
            self.show(event["fraction"], training(event))
        elif kind == "analysis":
            self.show(event["fraction"], analysing(event))
        elif kind == "epoch":
            self.say(f"epoch {event['epoch']}: loss {losses(event)}  {duration(event['seconds'])}")
        elif kind == "analysed":
            self.say(f"epoch {event['epoch']} is analysed")
        elif kind == "warning":
            self.say(f"warning: {event['message']}")
        elif kind == "state" and event["state"] == "stopping":
            self.say("stopping: saves first; Ctrl+C once more ends it at once")

    def show(self, fraction: float, words: str) -> None:
        """A bar with words beside it; where lines stay, only at each tenth of the way."""
        if not self.live:
            tenth = int(fraction * 10)
            if tenth != self.said:
                self.said = tenth
                put(f"{fraction:4.0%}  {words}\n", self.out)
            return
        full = round(fraction * CELLS)
        line = f"{'━' * full}{'─' * (CELLS - full)} {fraction:4.0%}  {words}"
        line = line[: shutil.get_terminal_size().columns - 1]
        put(f"\r{line:<{len(self.shown)}}", self.out)
        self.shown = line

    def say(self, line: str) -> None:
        """A line that stays."""
        self.clear()
        put(f"{line}\n", self.out)

    def clear(self) -> None:
        if self.shown:
            put(f"\r{'':<{len(self.shown)}}\r", self.out)
            self.shown = ""


def training(event: dict[str, Any]) -> str:
    epoch = min(event["epoch"] + 1, event["epochs"])
    parts = [f"epoch {epoch}/{event['epochs']}", f"loss {losses(event)}"]
    parts += [f"{event['images_per_second']:,.0f} images/s", left(event)]
    return "  ".join(part for part in parts if part)


def analysing(event: dict[str, Any]) -> str:
    where = f"analysing {piece(event['epoch'], event['what'], event['layer'])}"
    return "  ".join(part for part in (where, left(event)) if part)


def piece(epoch: int, what: str, layer: int | None) -> str:
    """One step of an analysis: epoch 3: embedding of layer 2."""
    return f"{subject(epoch, layer)}: {what}" + (f" of layer {layer}" if layer else "")


def subject(epoch: int, layer: int | None) -> str:
    """What a step is about. Layer 0, the input, is the same for every epoch."""
    return "the input" if layer == 0 else f"epoch {epoch}"


def losses(event: dict[str, Any]) -> str:
    """The loss of each layer, from the bottom up."""
    return " ".join(f"{loss:.3f}" for loss in event["losses"])


def left(event: dict[str, Any]) -> str:
    seconds = event.get("seconds_left")
    return "" if seconds is None else f"{duration(seconds)} left"


def duration(seconds: float) -> str:
    """4.2 s, 1:05 min or 3:20 h."""
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes}:{rest:02} min"
    return f"{minutes // 60}:{minutes % 60:02} h"
