"""Where does a run stand, by its directory alone? What a lost database is made again from."""

from dataclasses import dataclass
from typing import Any

from backend.jobs.states import FINAL, State
from backend.runs.events import Timeline
from backend.runs.facts import is_count
from backend.runs.folder import RunFolder


@dataclass(frozen=True)
class Standing:
    """What the store would say; STARTING where only a look at the process can tell."""

    state: State
    attempt: int
    handle: str | None = None
    error: dict[str, str] | None = None
    resumes: int = 0


def standing(folder: RunFolder) -> Standing:
    """The newest attempt that anything in the directory speaks of, and how far it came.

    A result counts before events, which count before the process; what is damaged counts as not
    there.
    """
    timeline = Timeline(folder.path / "events.jsonl")
    timeline.update()
    process, result = folder.process() or {}, folder.read("result.json") or {}
    attempt = max(number(process), number(result), number(vars(timeline)))
    told = timeline if timeline.attempt == attempt else None
    resumes = timeline.resumes if told else 0
    if (ended := folder.result(attempt)) and ended["state"] in FINAL:
        return Standing(State(ended["state"]), attempt, None, ended["error"], resumes)
    if told and told.ended and told.state in FINAL:
        return Standing(State(told.state), attempt, None, told.error, resumes)
    if number(process) == attempt and process:
        return Standing(State.STARTING, attempt, process["handle"], None, resumes)
    waits = told and told.state == State.QUEUED
    return Standing(State.QUEUED if waits else State.STARTING, attempt, None, None, resumes)


def number(facts: dict[str, Any]) -> int:
    attempt = facts.get("attempt")
    return max(attempt, 1) if is_count(attempt) else 1
