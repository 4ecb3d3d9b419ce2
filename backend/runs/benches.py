"""Where comparisons of rules lie, and how their records are written and read whole.

    HOME/benches/NAME/bench.json   the record, rewritten whole after every piece of work
    HOME/benches/NAME/lock         held by whoever works on it
    pretrained/benches/NAME.json   records that ship

A record is numbers and words alone:

    settings     encoder, epochs, batch, learning_rate and what else all runs have in common
    rules, seeds, protocols        what was asked for, in that order
    data         key, title, fingerprint, counts, classes, chance
    definitions  one sentence for each kind of number
    rows         one for each (rule, seed), with `random` and `pixels`: how it went, probes by
                 protocol and layer, neighbours, losses, seconds
    alone        by rule: speed and memory, measured apart
    summary      one for each (rule, what the encoder sees): over seeds
"""

import json
import shutil
from pathlib import Path
from typing import Any

from backend.errors import NotFoundError, RequestError, RunError
from backend.runs import plain
from backend.runs.folder import ID
from backend.runs.lock import Lock
from backend.runs.whole import new_file
from models.config import nearest

KINDS = {
    "name": str,
    "created": str,
    "settings": dict,
    "rules": list,
    "seeds": list,
    "protocols": list,
    "data": dict,
    "definitions": dict,
    "rows": list,
    "alone": dict,
    "summary": list,
    "k": int,
    "machine": dict,
    "version": str,
    "command": str,
}
OF_A_ROW = ("rule", "seed", "view", "done", "error", "run", "probes", "neighbours")


class BenchFolder:
    """One comparison's directory, whether it exists or not. Raises RequestError for its name."""

    def __init__(self, benches: Path, name: str) -> None:
        if not ID.fullmatch(name):
            raise RequestError(
                f"a bench is named with small letters, digits and -, not {name[:100]!r}; "
                "give it another --name"
            )
        self.name, self.path = name, benches / name
        self.lock = Lock(self.path / "lock")

    @property
    def record(self) -> Path:
        return self.path / "bench.json"

    def tidy(self) -> None:
        """Remove the folder again where nothing was recorded."""
        if not self.record.exists():
            shutil.rmtree(self.path, ignore_errors=True)

    def write(self, record: dict[str, Any]) -> None:
        """Replace the record. Raises RunError, and leaves it as it was, if it cannot be written."""
        try:
            text = json.dumps(record, indent=1, allow_nan=False)
            with new_file(self.record) as file:
                file.write(text.encode())
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else "a number is not finite"
            raise RunError(
                f"the record of bench {self.name} could not be written ({reason}); what was "
                "written before is kept"
            ) from None


def read(path: Path) -> dict[str, Any]:
    """A record. Raises RunError if it is missing or damaged."""
    try:
        record = json.loads(plain.read(path))
        for key, kind in KINDS.items():
            if not isinstance(record[key], kind):
                raise ValueError(f"{key} is no {kind.__name__}")
        for row in record["rows"]:
            for key in OF_A_ROW:
                row[key]
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        reason = (error.strerror or error) if isinstance(error, OSError) else repr(error)[:100]
        raise RunError(
            f"{path.name} of bench {path.parent.name} cannot be read ({reason}); move it away and "
            "run the bench again: what was trained is found again"
        ) from None
    return record


class Benches:
    """All comparisons: those of a home, newest first, then those that ship."""

    def __init__(self, own: Path, shipped: Path) -> None:
        self.own, self.shipped = own, shipped

    def all(self) -> list[dict[str, Any]]:
        """Records that can be read, each with `shipped` and the name of its file or folder."""
        found = []
        for path in self.own.glob("*/bench.json"):
            found += told(path, path.parent.name, shipped=False)
        found.sort(key=lambda record: record["created"], reverse=True)
        for path in sorted(self.shipped.glob("*.json")):
            found += told(path, path.stem, shipped=True)
        return found

    def one(self, name: str) -> dict[str, Any]:
        """Raises NotFoundError, or RunError if it is damaged."""
        if ID.fullmatch(name):
            for path, shipped in (
                (self.own / name / "bench.json", False),
                (self.shipped / f"{name}.json", True),
            ):
                if path.is_file():
                    return read(path) | {"name": name, "shipped": shipped}
        names = [record["name"] for record in self.all()]
        guess = nearest(name, names) if names else "begin one with: saccade bench rules"
        raise NotFoundError(f"there is no bench {name[:100]!r}; {guess}")


def told(path: Path, name: str, shipped: bool) -> list[dict[str, Any]]:
    try:
        return [read(path) | {"name": name, "shipped": shipped}]
    except RunError:
        return []
