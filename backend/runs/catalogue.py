"""All runs as the page and the command line show them: those of the store, then those that ship.

It reads and never writes. What it says of a run is what the store knows, overtaken by what the
run's own directory says already.
"""

import difflib
import json
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from backend.errors import NotFoundError, RunError, SaccadeError
from backend.runs.command import command_of
from backend.runs.events import Timeline
from backend.runs.folder import ID, RunFolder
from backend.runs.pulses import Pulses
from backend.runs.results import Results
from backend.runs.store import Row, Store
from models.config import TrainConfig
from models.imported import config_from

LIVE = ("starting", "running", "stopping")  # in the order in which a run goes through them
AT_WORK = "running"
SHIPPED = "finished"  # the state of a run that ships
DEFAULTS = TrainConfig().to_dict()


class Catalogue:
    """Finds runs by id and describes them; remembers what it has read of their directories."""

    def __init__(
        self,
        store: Store,
        runs: Path,
        pretrained: Path,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        self.store, self.runs, self.pretrained = store, runs, pretrained
        self.pulses = Pulses(ticks)
        self.timelines: dict[Path, Timeline] = {}
        self.scores: dict[Path, tuple[tuple, dict[str, Any]]] = {}
        self.lock = threading.Lock()

    def all(self) -> list[dict[str, Any]]:
        """Every run, newest first, those that ship last."""
        own = [(RunFolder(self.runs / row.id), row) for row in reversed(self.store.rows())]
        found = []
        for folder, row in [*own, *((RunFolder(path), None) for path in self.shipped())]:
            with suppress(RunError, FileNotFoundError):  # damaged, or taken away just now
                found.append(self.describe(folder, row))
        return found

    def refusals(self) -> list[str]:
        """Why directories of runs are not shown: a sentence each."""
        told = []
        for path in sorted(self.runs.glob("[!.]*/run.json")):
            folder = RunFolder(path.parent)
            try:
                self.describe(folder, self.store.row(folder.id))
            except RunError as error:
                told.append(str(error))
            except FileNotFoundError:  # taken away just now
                continue
        return told

    def one(self, run: str) -> dict[str, Any]:
        """One run with the last lines of its log, and its command. Raises NotFoundError."""
        folder, row = self.find(run)
        more = {"log_tail": folder.log_tail() if row else []}
        more["command"] = readable(command_of(folder.about()))
        return self.describe(folder, row) | more

    def state(self, run: str) -> str:
        folder, row = self.find(run)
        return state_of(folder, row, self.timeline(folder))[0]

    def folder(self, run: str) -> RunFolder:
        return self.find(run)[0]

    def find(self, run: str) -> tuple[RunFolder, Row | None]:
        """A run's directory and row; no row if it ships. Raises NotFoundError."""
        row = self.store.row(run) if ID.fullmatch(run) else None
        if row and (self.runs / run / "run.json").is_file():
            return RunFolder(self.runs / run), row
        for path in self.shipped():
            if path.name == run:
                return RunFolder(path), None
        raise NotFoundError(self.unknown(run))

    def shipped(self) -> list[Path]:
        return sorted(path.parent for path in self.pretrained.glob("*/run.json"))

    def specs(self) -> list[str]:
        """The data sets that own runs were trained on, as a person would name them.

        Those of runs that ship are not among them: a path that someone else wrote opens nothing.
        """
        found = []
        for row in self.store.rows():
            with suppress(RunError, KeyError):
                found.append(RunFolder(self.runs / row.id).about()["config"]["data"])
        return [spec for spec in found if isinstance(spec, str)]

    def unknown(self, run: str) -> str:
        ids = [row.id for row in self.store.rows()] + [path.name for path in self.shipped()]
        close = difflib.get_close_matches(run, ids, n=1)
        guess = f"did you mean {close[0]}?" if close else "`saccade runs` lists those there are"
        return f"there is no run {run[:100]!r}; {guess}"

    def describe(self, folder: RunFolder, row: Row | None) -> dict[str, Any]:
        """A run as the HTTP interface gives it. Raises RunError where something in its directory
        is damaged, whatever that is: the other runs are shown."""
        try:
            return self.described(folder, row)
        except (SaccadeError, FileNotFoundError):
            raise
        except Exception as error:
            raise RunError(
                f"run {folder.id} cannot be shown: its directory holds something that is not as "
                f"Saccade writes it ({error!r:.200}); put back what belongs there, or move the "
                "directory away"
            ) from error

    def described(self, folder: RunFolder, row: Row | None) -> dict[str, Any]:
        about, timeline = readable(folder.about()), self.timeline(folder)
        state, error = state_of(folder, row, timeline)
        progress = readable(timeline.progress)
        config = about["config"] if "model" in about else DEFAULTS | about["config"]
        layers = layer_count(about)
        return {
            "id": folder.id,
            "name": str(about.get("name") or folder.id),
            "state": state,
            "shipped": row is None,
            "created": about["created"],
            "attempt": row.attempt if row else 1,
            "config": config,
            "model": about.get("model"),
            "dataset": about["dataset"],
            "phase": progress.get("phase") if progress and state in LIVE else None,
            "progress": progress,
            "history": timeline.history,
            "checkpoints": folder.checkpoints(),
            "layers": layers,
            **self.score(folder.path, layers),
            "error": readable(error),
            "stalled": self.pulses.stalled(folder, row.attempt) if state == AT_WORK else None,
            "warnings": readable([*timeline.warnings, *disagreement(folder)]),
        }

    def forget(self, run: str) -> None:
        """Let go of what was read of a run that is deleted."""
        with self.lock:
            self.timelines.pop(self.runs / run / "events.jsonl", None)
            self.scores.pop(self.runs / run, None)
        self.pulses.forget(run)

    def timeline(self, folder: RunFolder) -> Timeline:
        with self.lock:
            path = folder.path / "events.jsonl"
            timeline = self.timelines.setdefault(path, Timeline(path))
            timeline.update()
            return timeline

    def score(self, path: Path, layers: int) -> dict[str, Any]:
        """Epochs analysed and, of the last, the top layer's and the best layer's accuracy."""
        files = sorted((path / "analysis").glob("*/analysis.json"))
        stamp = tuple((f.parent, told) for f in files if (told := written(f)))
        with self.lock:
            known = self.scores.get(path)
        if not known or known[0] != stamp:
            known = (stamp, scored(Results(path), layers, dict(stamp)))
            with self.lock:
                self.scores[path] = known
        return known[1]


def readable(value: Any) -> Any:
    """The same JSON with a "?" for each byte that was no text, which UTF-8 cannot hold."""
    return json.loads(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))


def disagreement(folder: RunFolder) -> list[dict[str, str]]:
    """A warning where run.json is not of the run's own checkpoint."""
    told = folder.disagreement()
    return [{"code": "other_config", "message": told}] if told else []


def layer_count(about: dict[str, Any]) -> int:
    """How many layers a run has, the input among them; 1 where its settings make no sense."""
    try:
        return 1 + len(config_from(about).widths)
    except SaccadeError:
        return 1


def written(summary: Path) -> str:
    """What changes with a summary that is written anew, also where its file system's clock is too
    coarse to tell the two apart; "" where it is gone."""
    try:
        told = summary.stat()
    except OSError:
        return ""
    return f"{told.st_mtime_ns:x}.{told.st_size:x}.{told.st_ino:x}"


def scored(results: Results, layers: int, summaries: dict[Path, str]) -> dict[str, Any]:
    """summaries: `written` of that in each folder of the analyses. A stamp changes with that of
    its epoch and of the input, so with all that a page is told of them."""
    epochs, begun = results.standing()
    of_input = summaries.get(results.folder(None), "")
    stamps = {e: f"{of_input}-{summaries.get(results.folder(e), '')}" for e in [*epochs, *begun]}
    above = range(1, layers) if epochs else ()
    accuracy = [accuracy_of(results, epochs[-1], layer) for layer in above]
    measured = [value for value in accuracy if value is not None]
    return {
        "analysed": epochs,
        "begun": begun,
        "stamps": stamps,
        "accuracy": accuracy[-1] if accuracy else None,
        "best_accuracy": max(measured, default=None),
    }


def accuracy_of(results: Results, epoch: int, layer: int) -> float | None:
    """Probe accuracy of a layer; None where the images have no labels, or it cannot be read."""
    try:
        return float(results.read("probe", epoch, layer)["accuracy"])
    except RunError:
        return None


def state_of(
    folder: RunFolder, row: Row | None, timeline: Timeline
) -> tuple[str, dict[str, str] | None]:
    """A run's state and, where it ended badly, why.

    The directory of a live run is ahead of the store, which is told by the supervisor.
    """
    if row is None:
        return SHIPPED, None
    result = folder.result(row.attempt)
    if row.state not in LIVE:
        return row.state, row.error or (result or {}).get("error")
    if result:
        return result["state"], result.get("error")
    if timeline.attempt != row.attempt:
        return row.state, None
    if timeline.ended:
        return timeline.state, timeline.error
    return max((s for s in (row.state, timeline.state) if s in LIVE), key=LIVE.index), None
