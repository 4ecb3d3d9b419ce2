"""Rules side by side: what each bench measured, and which of its runs are here to be opened."""

from typing import Any

from fastapi import APIRouter, Path
from pydantic import BaseModel, ValidationError

from backend.api.deps import InService, Service
from backend.errors import RunError
from backend.runs.benches import Benches
from backend.runs.catalogue import readable

router = APIRouter(prefix="/benches", tags=["benches"])


class AtLayer(BaseModel):
    """A share of the test images with its 95 % interval; without a layer, of all together."""

    layer: int | None
    accuracy: float
    low: float
    high: float


class OfRule(BaseModel):
    """One rule over its seeds; `rule` may be "pixels", and "random" the untrained encoder."""

    rule: str
    view: str  # what its encoder sees, as "patches-64-grey"
    labels: bool
    crosses: bool
    loss_at: str
    seeds: list[int | None]  # that are finished: what the means and intervals are over
    runs: list[str | None]  # null where the run is not here
    epoch: int | None
    probes: dict[str, list[AtLayer]]  # by protocol
    neighbours: list[AtLayer]
    images: int | None = None  # seen in training, all passes together
    seconds: float | None
    images_per_second: float | None  # measured apart
    memory_mb: float | None


class Course(BaseModel):
    """The losses of one run."""

    rule: str
    seed: int | None
    error: str | None  # why the rule failed
    images: int | None = None
    losses: dict[str, Any] | None


class BenchData(BaseModel):
    key: str
    title: str
    fingerprint: str
    images: int
    n_train: int
    n_test: int
    classes: list[str]
    chance: float


class Listed(BaseModel):
    name: str
    shipped: bool
    created: str
    settings: dict[str, Any]
    rules: list[str]
    seeds: list[int]
    protocols: list[str]
    data: BenchData


class Bench(Listed):
    command: str
    version: str
    k: int  # neighbours that vote
    machine: dict[str, Any]
    definitions: dict[str, str]
    summary: list[OfRule]
    rows: list[Course]


class AllBenches(BaseModel):
    benches: list[Listed]


@router.get("", response_model=AllBenches)
def benches(service: InService):
    """All benches, newest first, those that ship with Saccade last."""
    found = []
    for record in of(service).all():
        try:
            found.append(Listed.model_validate(readable(record)))
        except ValidationError:
            continue  # its file was changed by hand
    return {"benches": found}


@router.get("/{bench}", response_model=Bench)
def bench(service: InService, bench: str = Path(description="Name of a bench.", max_length=200)):
    """One bench: every rule over its seeds, raw pixels and the random encoder among them."""
    record = readable(of(service).one(bench))
    try:
        found = Bench.model_validate(record)
    except ValidationError as error:
        where = ".".join(map(str, error.errors()[0]["loc"]))
        raise RunError(
            f"the record of bench {bench} is damaged at {where}; move it away and run the bench "
            "again: what was trained is found again"
        ) from None
    here = {run["id"] for run in service.catalogue.all()}
    images = {row.rule: row.images for row in found.rows if row.images is not None}
    for row in found.summary:
        row.images = images.get(row.rule)
        row.runs = [run if run in here else None for run in row.runs]
    return found


def of(service: Service) -> Benches:
    return Benches(service.settings.benches, service.settings.pretrained / "benches")
