"""Search by example: an image is sent, and the images that each layer finds alike are told."""

import shutil

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import FileResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from backend.api.datasets import PNG
from backend.api.deps import InService, Service, analysed
from backend.api.neighbours import NearImage
from backend.api.runs import Failure
from backend.api.uploads import received
from backend.errors import NotFoundError
from backend.jobs.uploads import IMAGE_BYTES
from backend.runs.catalogue import readable

router = APIRouter(prefix="/examples", tags=["neighbours"])


class Example(BaseModel):
    id: str


class Wanted(BaseModel):
    model_config = ConfigDict(extra="forbid")

    run: str = Field(max_length=200)
    epoch: int


class RankedUnit(BaseModel):
    unit: int
    share: float  # of the test images whose response is smaller, ties half
    image: int  # its most exciting patch; -1: none
    row: int
    column: int


class AtLayer(BaseModel):
    layer: int
    x: float  # its place on the layer's map
    y: float
    neighbours: list[NearImage]
    units: list[RankedUnit] = []  # those to which the image matters most; none of the input


class Progress(BaseModel):
    step: str  # encode: images of the maps, where their features are not kept; compare: layers
    done: int
    of: int


class Found(BaseModel):
    run: str
    epoch: int
    state: str  # unknown, working, found or failed
    progress: Progress | None  # of what works; None at its begin
    layers: list[AtLayer]
    error: Failure | None


@router.post("", status_code=201, response_model=Example)
async def new_example(request: Request, service: InService):
    """Send one image, at most 10 MB, as the body; it is kept for a day."""
    folder = await run_in_threadpool(service.examples.create)
    try:
        await received(request, folder / "original", archive=IMAGE_BYTES)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return {"id": folder.name}


@router.get("/{example}/image", response_class=Response, responses=PNG)
def image(service: InService, example: str):
    """The image as it was decoded, once a search has done that."""
    picture = service.examples.folder(example) / "picture.png"
    if not picture.is_file():
        raise NotFoundError("the image was not decoded yet; search with it first")
    return FileResponse(picture, media_type="image/png")


@router.post("/{example}/search", status_code=202, response_model=Found)
def search(service: InService, example: str, wanted: Wanted):
    """Look for what is like it in an analysed checkpoint, in a process of its own."""
    folder = service.catalogue.folder(wanted.run)
    analysed(service, wanted.run, wanted.epoch).whole()
    if service.examples.find(example, wanted.run, wanted.epoch)["state"] != "found":
        service.examples.search(example, folder.path, wanted.epoch)
    return told(service, example, wanted.run, wanted.epoch)


@router.get("/{example}/search", response_model=Found)
def found(service: InService, example: str, run: str = Query(max_length=200), epoch: int = Query()):
    """What was found, or whether it is still looked for."""
    service.catalogue.folder(run)
    return told(service, example, run, epoch)


def told(service: Service, example: str, run: str, epoch: int) -> dict:
    found = service.examples.find(example, run, epoch)
    return {"run": run, "epoch": epoch, **readable(found)}
