"""The states of a run, and which may follow which.

queued -> starting -> running -> finished | failed
             |           |
             +-----------+-> stopping -> stopped
`starting` goes back to `queued` where the launcher cannot tell whether it started anything.
A process that vanishes leaves `interrupted`; stopped, failed and interrupted runs can be
resumed, which queues them again as another attempt.
"""

from enum import StrEnum


class State(StrEnum):
    QUEUED = "queued"
    STARTING = "starting"
    RUNNING = "running"
    STOPPING = "stopping"
    FINISHED = "finished"
    FAILED = "failed"
    STOPPED = "stopped"
    INTERRUPTED = "interrupted"


LIVE = frozenset({State.STARTING, State.RUNNING, State.STOPPING})  # a process belongs to it
RESUMABLE = frozenset({State.FAILED, State.STOPPED, State.INTERRUPTED})
FINAL = RESUMABLE | {State.FINISHED}

MOVES: dict[State, frozenset[State]] = {
    State.QUEUED: frozenset({State.STARTING, State.STOPPED}),
    State.STARTING: frozenset({State.QUEUED, State.RUNNING, State.STOPPING}) | FINAL,
    State.RUNNING: frozenset({State.STOPPING}) | FINAL,
    State.STOPPING: FINAL,
    State.FINISHED: frozenset(),
    **{state: frozenset({State.QUEUED, State.STARTING}) for state in RESUMABLE},
}
