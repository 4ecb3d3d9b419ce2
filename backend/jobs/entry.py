"""What does the run.json of a new run say, and which id does the run get?"""

import itertools
import re
import secrets
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from backend.jobs.queue import Queue

SPREAD = 2  # random bytes of an id: short enough to be read out


def new_run(
    queue: "Queue", config: dict[str, Any], dataset: str, version: str, name: str, word: str = ""
) -> dict[str, Any]:
    """The run.json of a new run; its id begins with `word`, or else with its rule."""
    created = datetime.fromtimestamp(queue.clock(), UTC)
    return {
        "id": new_id(queue, f"{slug(word or config['rule'])}-{slug(dataset)}"),
        "name": name,
        "created": created.isoformat(timespec="milliseconds"),
        "config": config,
        "dataset": dataset,
        "version": version,
    }


def new_id(queue: "Queue", stem: str) -> str:
    """An id that no run has, nor one in the trash; it grows by a byte where one is taken."""
    for more in itertools.count():
        run = f"{stem}-{secrets.token_hex(SPREAD + more)}"
        folders = queue.runs / run, queue.trash.path / run
        if not any(folder.exists() for folder in folders) and queue.store.row(run) is None:
            return run


def slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:44] or "run"
