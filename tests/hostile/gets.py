"""Does a GET ever change what is kept? All of it is compared before and after each of them."""

import sqlite3
from contextlib import closing
from hashlib import sha256
from pathlib import Path

from backend.settings import Settings
from tests.hostile import Row
from tests.hostile.routes import filled
from tests.hostile.site import Site

KEPT = ("runs", "benches", "data", "token")


def harmless(home: Path, rounds: int = 1) -> list[Row]:
    """GET and HEAD every route, of the run that ships and of an own one."""
    tried, bad, note = 0, 0, ""
    with Site(home) as site:
        asked = {path for _, path in site.routes()}
        targets = [filled(path) for path in asked]
        targets += [filled(path.replace("{run}", site.own)) for path in asked]
        before = state(home)
        for target in sorted(set(targets)) * rounds:
            for method in ("GET", "HEAD"):
                reply = site.ask(method, target, seconds=0.3 if "events" in target else 60)
                after = state(home)
                tried += 1
                if after != before or reply.status >= 500:
                    bad += 1
                    note = note or f"{method} {target}: {reply.status}"
                    before = after
    return [Row("GET and HEAD of every route; database and runs compared", tried, bad, note)]


def state(home: Path) -> str:
    """A digest of every row of the database and of every file of runs, those that ship too."""
    digest = sha256()
    with closing(sqlite3.connect(home / "saccade.db")) as database:
        for line in database.iterdump():
            digest.update(line.encode())
    roots = [home / name for name in KEPT] + [Settings().pretrained]
    for path in sorted(path for root in roots for path in [root, *root.rglob("*")]):
        if path.exists():
            stat = path.stat()
            digest.update(f"{path} {stat.st_mode} {stat.st_size} {stat.st_mtime_ns}".encode())
    return digest.hexdigest()
