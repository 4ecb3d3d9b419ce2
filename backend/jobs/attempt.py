"""One attempt at a run: the only process in its directory, which says there how its work ended."""

import os
import traceback
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from backend.errors import ConflictError, OutdatedError, SaccadeError, failure_of
from backend.jobs.endings import ending
from backend.jobs.memory import oom_kills
from backend.jobs.process import handle_of
from backend.jobs.pulse import Pulse
from backend.jobs.signals import MadeRoom, Stopped, Wishes
from backend.jobs.states import State
from backend.runs.events import EventWriter
from backend.runs.folder import RunFolder

LOCK_PATIENCE = 10.0  # seconds an earlier attempt has to let go of the directory
Watch = Callable[[dict[str, Any]], None]


class Attempt(ABC):
    """Lock, events, heartbeat and result around some `work`.

    watch: is handed every event as it is written. handle: how the engine that started this
    process, and starts it again, finds it.
    """

    def __init__(
        self, folder: RunFolder, attempt: int, watch: Watch | None = None, handle: str = ""
    ) -> None:
        self.folder, self.attempt, self.watch, self.handle = folder, attempt, watch, handle
        self.wishes, self.pulse = Wishes(returns=bool(handle)), Pulse(folder.beat, attempt)
        self.events: EventWriter | None = None

    @abstractmethod
    def work(self) -> None:
        """Do what the run is for; raises Stopped or MadeRoom where that was wished for."""

    def run(self) -> dict[str, Any]:
        """Do the work and return how it ended: {"state", "error"}, which result.json says too.

        Raises ConflictError where another process works in the directory, MadeRoom where this
        one saved and ended for another start of the same attempt to go on.
        """
        with self.wishes:
            if not self.folder.lock.take(LOCK_PATIENCE):
                raise ConflictError(
                    f"run {self.folder.id} is at work in another process; stop that one first"
                )
            try:
                self.folder.enter(self.attempt)
                return self.told()
            finally:
                self.folder.lock.release()

    def told(self) -> dict[str, Any]:
        """Whatever happens in the work, say how it ended; the result file comes last of all.

        Raises OutdatedError where another process was let in meanwhile: how it goes on is for that
        one to say, and KeyboardInterrupt at a second Ctrl+C.
        """
        error = trace = interrupt = process = None
        try:
            handle = self.handle or handle_of(os.getpid())
            process = {"attempt": self.attempt, "handle": handle, "oom_kills": oom_kills()}
            self.folder.write("process.json", process)
            self.pulse.begin("loading")
            self.events = self.folder.events()
            self.folder.reserve()
            self.say("state", state=State.RUNNING, attempt=self.attempt)
            self.work()
            state = State.FINISHED
        except MadeRoom:
            self.folder.log("made room; goes on when it is started again")
            raise
        except Stopped:
            state = State.STOPPED
        except OutdatedError:
            raise
        except KeyboardInterrupt as again:
            interrupt, (state, error) = again, ending(True, process)
        except Exception as reason:
            state, error = State.FAILED, failure_of(reason)
            if not isinstance(reason, SaccadeError):
                trace = traceback.format_exc()
        with suppress(OSError):  # the result file says it, too
            self.folder.release()
            if trace:
                self.folder.log(f"the traceback, for whoever mends Saccade\n{trace}")
            self.folder.log(f"{state}: {error['message']}" if error else state)
        with suppress(OSError):
            self.say("end", state=state, error=error)
        if self.events:
            self.events.close()
        result = {"state": state, "error": error, "attempt": self.attempt}
        self.folder.fence.check()
        self.folder.write("result.json", result)
        if interrupt:
            raise interrupt
        return result

    def say(self, kind: str, **fields: Any) -> None:
        if not self.events:
            return  # it failed before it could open them
        event = self.events.append(kind, **fields)
        try:
            if self.watch:
                self.watch(event)
        except OSError:  # no one watches any more: a closed terminal, a pipe without a reader
            self.watch = None
