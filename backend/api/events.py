"""What happens in a run, as it happens: server-sent events that a browser can take up again."""

import asyncio
from collections.abc import AsyncIterator
from itertools import islice
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query
from fastapi.sse import EventSourceResponse, ServerSentEvent

from backend.api.deps import InService, RunId, Service
from backend.errors import SaccadeError
from backend.runs.events import EventReader

router = APIRouter(prefix="/runs", tags=["runs"])

LONGEST = 18  # digits of a number
MOST = 500  # events in memory for one reader
PERIOD = 0.2  # seconds between two looks at the run's events
AT_WORK = {"queued", "starting", "running", "stopping"}


class NothingMore(Exception):
    """All was sent and the run has ended: a 204, upon which a browser stops asking."""


class Stream:
    """The events of one run after a number, until the run has ended or the server ends."""

    def __init__(
        self,
        service: InService,
        run: RunId,
        after: Annotated[int, Query(ge=0, description="Number of the last event known.")] = 0,
        last_event_id: Annotated[str | None, Header()] = None,
    ) -> None:
        self.service, self.run = service, run
        known = last_event_id or ""
        self.after = int(known) if known.isdecimal() and len(known) <= LONGEST else after
        self.reader = EventReader(service.catalogue.folder(run).path / "events.jsonl")
        self.first = self.batch()
        if not self.first and not self.at_work():
            raise NothingMore

    def at_work(self) -> bool:
        return state_of(self.service, self.run) in AT_WORK

    def batch(self) -> list[dict]:
        """The next events; none where all that there are were read."""
        return list(islice(self.reader.events(self.after), MOST))

    async def events(self) -> AsyncIterator[dict]:
        found, ended = self.first, False
        while not self.service.closing.is_set():
            for event in found:
                yield event
            if not found:
                if ended:
                    return
                await asyncio.sleep(PERIOD)
                ended = not await asyncio.to_thread(self.at_work)
            found = await asyncio.to_thread(self.batch)


ENDED = {204: {"description": "The run has ended and all was sent: do not ask again."}}


@router.get("/{run}/events", response_class=EventSourceResponse, responses=ENDED)
async def events(
    stream: Annotated[Stream, Depends()],
) -> AsyncIterator[ServerSentEvent]:
    """Events with their number as id and their kind as name; ends when the run has."""
    async for event in stream.events():
        yield ServerSentEvent(data=event, event=event["kind"], id=str(event["seq"]))


def state_of(service: Service, run: str) -> str:
    try:
        return service.catalogue.state(run)
    except SaccadeError:
        return "gone"
