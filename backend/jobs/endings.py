"""What is to be said of a run whose process is gone and left no word: which code, which advice?

oom_host   failed        the system ended it for want of memory (control group)
killed     interrupted   a signal ended it, or it vanished while the computer went on
lost       interrupted   the computer went down, or the process never took up its work
timeout    interrupted   the scheduler's time was up
preempted  interrupted   the scheduler gave its place to another job
cancelled  interrupted   someone cancelled it on the cluster
internal   failed        it crashed by itself

A run that had been asked to stop is stopped, whatever ended it.
"""

from collections.abc import Mapping
from typing import Any

from backend.errors import OUT_OF_MEMORY
from backend.jobs.memory import oom_kills
from backend.jobs.process import UNKNOWN, boot_id
from backend.jobs.states import State

RESUME = "resume the run to go on from its last checkpoint"
ADVICE = {
    "oom_host": f"{OUT_OF_MEMORY['oom_host']}; then train a new run, or {RESUME}",
    "killed": "the process was ended from outside: someone killed it, or the system did, often "
    f"because memory was short; {RESUME}",
    "lost": f"the computer went down, or was started anew, while the run was at work; {RESUME}",
    "timeout": f"the time that the scheduler gave it was up; {RESUME}, with more time if you can",
    "preempted": f"the computer was given to someone else; {RESUME}",
    "cancelled": f"the job was cancelled by someone on the cluster; {RESUME}",
    "internal": f"the process crashed; the end of its log says more; mend that, then {RESUME}",
}
NOT_STARTED = f"the process did not take up its work; {RESUME}"
NOT_SAVED = (
    "the run was asked to stop, but its process ended before it had saved; what it learned since "
    "its last checkpoint is lost"
)
ENDS_FOR_GOOD = ("oom_host", "internal")  # another try would end the same way
BY_ITSELF = ("killed", "lost", "timeout", "preempted")  # a run may go on by itself after these

Error = dict[str, str]


def ending(
    stopping: bool, process: Mapping[str, Any] | None, told: str = ""
) -> tuple[State, Error | None]:
    """The state and error of a run whose process is gone without a result.

    process: its process.json, None where it did not get that far. told: the code that the launcher
    has for it, "" where it cannot tell.
    """
    if stopping:
        unsaved = process and told != "cancelled"  # which it was before it had begun again
        return State.STOPPED, error("killed", NOT_SAVED) if unsaved else None
    if process is None:
        message = NOT_STARTED if told in ("", "killed", "lost") else ADVICE[told]
        code = told or "lost"
    else:
        code = code_of(process, told)
        message = ADVICE[code]
    return State.FAILED if code in ENDS_FOR_GOOD else State.INTERRUPTED, error(code, message)


def code_of(process: Mapping[str, Any], told: str) -> str:
    """Why the process of a process.json is gone; `told` by its launcher, "" for unknown."""
    if told in ("", "killed") and ran_out_of_memory(process.get("oom_kills")):
        return "oom_host"
    return told or ("killed" if is_of_this_boot(str(process.get("handle", ""))) else "lost")


def ran_out_of_memory(before: Any) -> bool:
    """Whether the system ended processes of our group for want of memory since `before`."""
    now = oom_kills()
    return (
        isinstance(before, dict)
        and bool(now)
        and before.get("group") == now["group"]
        and isinstance(before.get("count"), int)
        and now["count"] > before["count"]
    )


def is_of_this_boot(handle: str) -> bool:
    """Whether the computer has run ever since; where that is unknown it is taken to have."""
    return handle.split("/")[0] in (boot_id(), UNKNOWN)


def error(code: str, message: str) -> Error:
    return {"code": code, "message": message}
