"""Runs that were deleted in the last ten minutes: list them, bring one back, let one go."""

from fastapi import APIRouter, Response
from pydantic import BaseModel

from backend.api.deps import InService, RunId
from backend.api.runs import RunWithLog
from backend.runs.catalogue import readable
from backend.runs.trash import Deleted

router = APIRouter(prefix="/trash", tags=["runs"])


class DeletedRun(BaseModel):
    id: str
    name: str
    until: float  # unix seconds at which it goes for good


class DeletedRuns(BaseModel):
    runs: list[DeletedRun]


@router.get("", response_model=DeletedRuns)
def trash(service: InService):
    """What can still be brought back, the last deleted first."""
    return {"runs": [told(deleted) for deleted in service.queue.trash.all()]}


@router.post("/{run}/restore", response_model=RunWithLog)
def restore(service: InService, run: RunId):
    """Bring a deleted run back as it was; one that waited comes back stopped."""
    service.queue.restore(run)
    return service.catalogue.one(run)


@router.delete("/{run}", status_code=204, response_class=Response)
def purge(service: InService, run: RunId):
    """Delete a run for good at once, to make room."""
    service.queue.trash.one(run).folder.remove()


def told(deleted: Deleted) -> dict[str, object]:
    about = deleted.folder.read("run.json") or {}
    name = str(about.get("name") or deleted.folder.id)
    return readable({"id": deleted.folder.id, "name": name, "until": deleted.until})
