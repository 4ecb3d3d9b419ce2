"""Small works that the page asks for and that are no run: each a process of its own, a few at once.

What an errand found lies in its directory; who does it holds the lock there for life. So a server
that starts anew knows which go on and which were cut short.
"""

import os
import subprocess
import sys
import threading
from pathlib import Path

from backend.errors import BusyError
from backend.runs.lock import held

ROOT = Path(__file__).resolve().parents[2]
MOST = 2  # at a time


class Errands:
    """The errands of one server."""

    def __init__(self) -> None:
        self.children: dict[Path, subprocess.Popen] = {}
        self.lock = threading.Lock()

    def start(self, module: str, words: list[str], folder: Path) -> None:
        """Have a module of backend.jobs work in a directory. Raises BusyError."""
        path = os.pathsep.join(p for p in (str(ROOT), os.environ.get("PYTHONPATH")) if p)
        own = {} if sys.platform == "win32" else {"start_new_session": True}
        with self.lock:
            self.forget_ended()
            if folder in self.children or held(folder / "lock"):
                return
            if len(self.children) >= MOST:
                raise BusyError(f"{MOST} works of this kind go on already; try again in a moment")
            with open(folder / "log.txt", "ab") as log:
                self.children[folder] = subprocess.Popen(
                    [sys.executable, "-m", f"backend.jobs.{module}", *words],
                    cwd=folder,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    env=os.environ | {"PYTHONPATH": path},
                    **own,
                )

    def at_work(self, folder: Path) -> bool:
        with self.lock:
            self.forget_ended()
            return folder in self.children or held(folder / "lock")

    def end(self, folder: Path) -> None:
        """End the work in a directory, where this server has begun it."""
        with self.lock:
            child = self.children.pop(folder, None)
        if child:
            child.kill()
            child.wait()

    def close(self) -> None:
        """End what goes on: it is told as cut short, and can be asked for again."""
        with self.lock:
            for child in self.children.values():
                child.terminate()
            for child in self.children.values():
                child.wait()
            self.children = {}

    def forget_ended(self) -> None:
        living = {f: child for f, child in self.children.items() if child.poll() is None}
        self.children = living
