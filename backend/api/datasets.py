"""The data sets: which there are, single images and parts of them, and sheets of thumbnails."""

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel

from backend.api import pictures
from backend.api.arrays import Array, typed
from backend.api.deps import InService
from backend.errors import NotFoundError, RequestError
from backend.runs.catalogue import readable
from models.data import SPLITS
from models.data.metadata import metadata_of

router = APIRouter(prefix="/datasets", tags=["datasets"])

PNG = {200: {"content": {"image/png": {}}, "description": "A PNG image."}}
KEPT = "private, max-age=604800"  # a week; the tag changes with the images, the page's address too


class DataSource(BaseModel):
    key: str
    title: str
    sentence: str
    licence: str
    ready: bool
    reason: str | None


class Column(BaseModel):
    name: str
    words: list[str]  # empty for a column of numbers
    values: Array  # f4 numbers, NaN: none; or i2 places in words, -1: none


class Metadata(BaseModel):
    dataset: str
    split: str
    columns: list[Column]
    remarks: list[str]  # about what could not be used


@router.get("", response_model=list[DataSource])
def datasets(service: InService):
    """The built-in data sets, those the server was started with, and those of runs."""
    return [vars(listed) for listed in service.shelf.listing()]


@router.get("/{data}/images/{image}", response_class=Response, responses=PNG)
def image(
    request: Request,
    service: InService,
    data: str,
    image: int,
    size: int | None = Query(None, ge=8, le=512, description="Longer side, pixels."),
    box: str | None = Query(
        None, description="left,top,right,bottom: only this part, pixels.", max_length=23
    ),
):
    """An image, or a part of it such as a patch, in colour as PNG."""
    dataset = service.shelf.open(data)
    if not 0 <= image < len(dataset):
        raise NotFoundError(f"{data} has no image {image}; its images are 0 to {len(dataset) - 1}")
    part = box_of(box, *dataset.images.shape[2:]) if box else None
    tag = pictures.tag(dataset, image, size, part)
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers={"etag": tag, "cache-control": KEPT})
    if part:
        png = pictures.part(dataset, image, part, size)
    else:
        png = pictures.image(dataset, image, size, service.settings.cache)
    return Response(png, media_type="image/png", headers={"etag": tag, "cache-control": KEPT})


@router.get("/{data}/atlas", response_class=Response, responses=PNG)
def atlas(
    request: Request,
    service: InService,
    data: str,
    split: str = Query("test", max_length=20),
    size: int = Query(32, ge=8, le=96, description="Side of a thumbnail, pixels."),
):
    """All images of a split as one PNG, in the order of their ids, a row at a time."""
    dataset = service.shelf.open(data)
    sheet = pictures.Sheet.of(dataset, split, size)
    tag = pictures.tag(dataset, "atlas", split, size)
    headers = {
        **{"etag": tag, "cache-control": KEPT},
        **{"x-columns": str(sheet.columns), "x-rows": str(sheet.rows)},
    }
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    png = sheet.png(dataset, service.settings.cache)
    return Response(png, media_type="image/png", headers=headers)


@router.get("/{data}/metadata", response_model=Metadata)
def metadata(service: InService, data: str, split: str = Query("test", max_length=20)):
    """What is known of each image of a split beside its class, in the order of their ids."""
    dataset = service.shelf.open(data)
    if split not in SPLITS:
        raise NotFoundError(f"unknown split {split!r}; choose one of: {', '.join(SPLITS)}")
    found, rows = metadata_of(dataset), dataset.indices(split)
    columns = [
        {
            **{"name": readable(column.name), "words": readable(column.words)},
            "values": typed(column.values[rows]),
        }
        for column in found.columns
    ]
    return {"dataset": data, "split": split, "columns": columns, "remarks": found.remarks}


def box_of(box: str, height: int, width: int) -> tuple[int, int, int, int]:
    """ "left,top,right,bottom" as numbers. Raises RequestError or NotFoundError."""
    edges = box.split(",")
    if len(edges) != 4 or not all(edge.isdecimal() for edge in edges):
        raise RequestError(f"box must be left,top,right,bottom such as 16,0,32,16, not {box!r}")
    left, top, right, bottom = map(int, edges)
    if not (left < right <= width and top < bottom <= height):
        raise NotFoundError(
            f"there is no box {box} in an image of {width} x {height} pixels; left must be less "
            "than right, top less than bottom, and both within the image"
        )
    return left, top, right, bottom
