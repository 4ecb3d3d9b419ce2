"""What if no one reads what is printed? Then it goes nowhere, and the work goes on."""

import os
import sys
from typing import TextIO


def prepare() -> None:
    """Let both streams be there, even if closed from the begin, and take any path in any locale."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115, it stays open to the end
        getattr(sys, name).reconfigure(errors="backslashreplace")


def put(text: str, stream: TextIO) -> None:
    """Print at once; where the reader has gone (a closed terminal, `| head`), print nowhere."""
    try:
        print(text, end="", file=stream, flush=True)
    except OSError:
        leave(stream)


def leave(stream: TextIO) -> None:
    """Send the rest of a stream nowhere, also what Python still holds of it and would send last."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def finish() -> None:
    """Print what is still held back. A reader that has gone is no error."""
    for stream in (sys.stdout, sys.stderr):
        put("", stream)
