"""What a run would be and cost before it is started: told at once, measured where asked for."""

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel

from backend.api.deps import InService, Service
from backend.api.runs import Failure, NewRun, spec_of
from backend.errors import ConflictError, DataError
from backend.jobs.states import LIVE
from backend.jobs.trials import cost_of
from backend.runs.catalogue import readable
from models.config import TrainConfig, kept_epochs
from models.data import available, key_of
from models.size import size_of, warning

router = APIRouter(prefix="/runs/estimate", tags=["runs"])


class Cost(BaseModel):
    training_seconds: float
    analysis_seconds: float  # roughly: by the number of images, not measured
    memory_mb: int | None  # greatest resident memory, with Python and PyTorch
    gpu_memory_mb: int | None
    disk_mb: float  # checkpoints as they were saved, analyses by the number of images
    steps: int
    measured_steps: int
    at: float  # when it was measured, unix seconds
    device: str


class Estimate(BaseModel):
    config: dict[str, Any]  # every setting, the rule's own choices filled in
    encoder_weights: int
    rule_weights: int
    memory_mb: int  # of the weights with their gradients and optimiser states
    warning: str | None
    state: str  # of the measurement: unknown, measuring, measured or failed
    cost: Cost | None
    error: Failure | None


@router.post("", response_model=Estimate)
def estimate(service: InService, wanted: NewRun):
    """What a run with these settings would be, and its cost where that was measured before."""
    return told(service, configured(service, wanted))


@router.post("/measure", status_code=202, response_model=Estimate)
def measure(service: InService, wanted: NewRun):
    """Take a few steps of such a run in a process of its own; ask `/runs/estimate` for the cost."""
    config = configured(service, wanted)
    if reason := available(config.data, service.settings.home):
        raise DataError(reason)
    if busy := service.queue.store.rows(LIVE):
        raise ConflictError(
            f"run {busy[0].id} is at work, and each would slow the other: nothing can be measured "
            "now; wait until it has ended"
        )
    service.trials.start(config.to_dict())
    return told(service, config)


def configured(service: Service, wanted: NewRun) -> TrainConfig:
    return TrainConfig.from_dict(wanted.config | {"data": spec_of(service, wanted.config)})


def told(service: Service, config: TrainConfig) -> dict[str, Any]:
    size = size_of(config)
    found = service.trials.find(config.to_dict(), key_of(config.data))
    cost = None
    if found["speed"]:
        kept = len(kept_epochs(config))
        cost = cost_of(found["speed"], found["data"], config.epochs, config.batch, kept)
    return {
        **{"config": readable(config.to_dict()), "warning": warning(config)},
        **{"encoder_weights": size.encoder, "rule_weights": size.rule},
        "memory_mb": size.bytes // 10**6,
        **{"state": found["state"], "cost": cost, "error": readable(found["error"])},
    }
