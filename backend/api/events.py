"""What happens in a run, as it happens: server-sent events that a browser can take up again.

The run's own file is the queue: a client that is slow, or was cut off, reads on from the number it
has, so that nothing is kept for it meanwhile. `news` gives the same to who cannot hold a stream.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import BaseModel

from backend.api.deps import InService, RunId, Service
from backend.errors import SaccadeError
from backend.runs.events import EventReader

router = APIRouter(prefix="/runs", tags=["runs"])

LONGEST = 18  # digits of a number
PERIOD = 0.25  # seconds between two looks at the run's events: at most four updates a second
RETRY = 2000  # milliseconds after which a client is to ask again when the server ends
AT_WORK = {"queued", "starting", "running", "stopping"}

After = Annotated[int, Query(ge=0, lt=10**LONGEST, description="Number of the last event known.")]


class News(BaseModel):
    events: list[dict[str, Any]]  # by number; of progress the newest alone
    last: int  # what to ask after next time
    at_work: bool


class NothingMore(Exception):
    """All was sent and the run has ended: a 204, upon which a browser stops asking."""


class Stream:
    """The events of one run after a number, until the run has ended or the server ends."""

    def __init__(
        self,
        service: InService,
        run: RunId,
        after: After = 0,
        last_event_id: Annotated[str | None, Header()] = None,
    ) -> None:
        self.service, self.run = service, run
        known = last_event_id or ""
        self.after = int(known) if known.isdecimal() and len(known) <= LONGEST else after
        self.reader = EventReader(service.catalogue.folder(run).path / "events.jsonl")
        self.reader.skip(self.after)
        self.first = self.news()
        if not self.first and not self.at_work():
            raise NothingMore

    def at_work(self) -> bool:
        return state_of(self.service, self.run) in AT_WORK

    def news(self) -> list[dict[str, Any]]:
        """What happened since the last look; nothing where nothing did."""
        return self.reader.news(self.after)

    async def events(self) -> AsyncIterator[dict[str, Any]]:
        found, ended = self.first, False
        while not self.service.closing.is_set():
            for event in found:
                yield event
            if not found and ended:
                return
            await asyncio.sleep(PERIOD)
            if not found:
                ended = not await asyncio.to_thread(self.at_work)
            found = await asyncio.to_thread(self.news)


ENDED = {204: {"description": "The run has ended and all was sent: do not ask again."}}


@router.get("/{run}/events", response_class=EventSourceResponse, responses=ENDED)
async def events(
    stream: Annotated[Stream, Depends()],
) -> AsyncIterator[ServerSentEvent]:
    """Events with their number as id and their kind as name; ends when the run has.

    Of progress only the newest is sent, at most four times a second; all else is, in order. A
    comment comes every 15 seconds where nothing happens.
    """
    async for event in stream.events():
        yield ServerSentEvent(data=event, event=event["kind"], id=str(event["seq"]))
    if stream.service.closing.is_set():
        yield ServerSentEvent(comment="the server ends", retry=RETRY)


@router.get("/{run}/news", response_model=News)
def news(service: InService, run: RunId, after: After = 0):
    """The same events for who asks now and then: those after a number, up to now."""
    reader = EventReader(service.catalogue.folder(run).path / "events.jsonl")
    at_work = state_of(service, run) in AT_WORK  # before the look, so that no end is missed
    reader.skip(after)
    found = reader.news(after)
    last = found[-1]["seq"] if found else after
    return {"events": found, "last": last, "at_work": at_work}


def state_of(service: Service, run: str) -> str:
    try:
        return service.catalogue.state(run)
    except SaccadeError:
        return "gone"
