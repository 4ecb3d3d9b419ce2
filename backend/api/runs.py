"""Training runs: list, begin, stop, resume, delete, and what each has done so far."""

from typing import Any

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field

from backend.api.deps import InService, RunId, Service
from backend.errors import ConfigError, ConflictError, DataError
from backend.jobs.following import follow
from backend.runs.store import Row
from backend.settings import VERSION
from models.config import TrainConfig
from models.data import available, key_of
from models.parallel import check_alone

router = APIRouter(prefix="/runs", tags=["runs"])


class Failure(BaseModel):
    code: str
    message: str


class History(BaseModel):
    epochs: list[int]
    losses: list[list[float]]  # of each layer, mean over the epoch


class Run(BaseModel):
    id: str
    name: str
    state: str
    shipped: bool
    created: str
    attempt: int
    config: dict[str, Any]
    model: dict[str, Any] | None  # what was imported; None where the run trains
    dataset: str
    phase: str | None
    progress: dict[str, Any] | None
    history: History
    checkpoints: list[int]
    analysed: list[int]
    begun: list[int]  # epochs with units that are there and other results that are missing
    stamps: dict[int, str]  # of each of both, changing with what is known of it
    layers: int  # the input among them
    accuracy: float | None  # of the top layer at the last analysed epoch
    best_accuracy: float | None  # of the best layer there
    error: Failure | None
    stalled: Failure | None  # of a run at work whose steps have ceased
    warnings: list[Failure]  # of the last attempt; they did not end it


class RunWithLog(Run):
    log_tail: list[str]
    command: str | None  # that does the same in a terminal; None for what was imported


class Runs(BaseModel):
    runs: list[Run]


class NewRun(BaseModel):
    """`config` holds the settings that differ from their defaults; `data` is a key."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field("", max_length=80, pattern=r"^[^\x00-\x1f\x7f]*$")
    config: dict[str, Any] = {}


class Checkpoint(BaseModel):
    epoch: int
    losses: list[float] | None
    analysed: bool


class Checkpoints(BaseModel):
    checkpoints: list[Checkpoint]


@router.get("", response_model=Runs)
def runs(service: InService):
    """All runs, newest first, those that ship with Saccade last."""
    return {"runs": service.catalogue.all()}


@router.post("", status_code=201, response_model=RunWithLog)
def new_run(service: InService, wanted: NewRun):
    """Queue a run. Its data set is one of `datasets`, by key: never a path."""
    config = TrainConfig.from_dict(wanted.config | {"data": spec_of(service, wanted.config)})
    check_alone(config)
    if reason := available(config.data, service.settings.home):
        raise DataError(reason)
    run = service.queue.submit(
        config.to_dict(), key_of(config.data), VERSION, " ".join(wanted.name.split())
    )
    service.supervisor.wake()
    return service.catalogue.one(run)


@router.get("/{run}", response_model=RunWithLog)
def run(service: InService, run: RunId):
    """One run, with the last lines of its log."""
    return service.catalogue.one(run)


@router.delete("/{run}", status_code=204, response_class=Response)
def delete(service: InService, run: RunId):
    """Delete a run that is not at work; for ten minutes `/api/trash` brings it back."""
    service.queue.delete(own(service, run))
    service.catalogue.forget(run)


@router.post("/{run}/stop", status_code=202, response_model=RunWithLog)
def stop(service: InService, run: RunId):
    """Ask a run to finish its step, save and end."""
    service.queue.stop(own(service, run))
    service.supervisor.wake()
    return service.catalogue.one(run)


@router.post("/{run}/resume", status_code=202, response_model=RunWithLog)
def resume(service: InService, run: RunId):
    """Queue a run that was stopped, failed or was interrupted, to go on where it was."""
    service.queue.resume(own(service, run))
    service.supervisor.wake()
    return service.catalogue.one(run)


@router.get("/{run}/checkpoints", response_model=Checkpoints)
def checkpoints(service: InService, run: RunId):
    """The epochs whose encoder is kept, and which of them are analysed."""
    found = service.catalogue.one(run)
    losses = dict(zip(*found["history"].values(), strict=True))
    return {
        "checkpoints": [
            {"epoch": epoch, "losses": losses.get(epoch), "analysed": epoch in found["analysed"]}
            for epoch in sorted({*found["checkpoints"], *found["analysed"]})
        ]
    }


def own(service: Service, run: str) -> Row:
    """The row of a run that may be changed. Raises NotFoundError or ConflictError."""
    follow(service.queue)  # a run that has ended just now may be resumed or deleted
    row = service.catalogue.find(run)[1]
    if row is None:
        raise ConflictError(f"run {run} ships with Saccade and cannot be changed; start your own")
    return row


def spec_of(service: Service, config: dict[str, Any]) -> str:
    name = config.get("data", "photos")
    if not isinstance(name, str):
        raise ConfigError(f"data must be the key of a data set, not {name!r}")
    return service.shelf.spec(name)
