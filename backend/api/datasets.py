"""The data sets: which there are, single images and patches of them, and sheets of thumbnails."""

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel

from backend.api import pictures
from backend.api.deps import InService
from backend.errors import NotFoundError, RequestError
from models.presets import PATCH, grid_of

router = APIRouter(prefix="/datasets", tags=["datasets"])

PNG = {200: {"content": {"image/png": {}}, "description": "A PNG image."}}
KEPT = "private, max-age=604800"  # a week; the tag changes with the images


class DataSource(BaseModel):
    key: str
    title: str
    sentence: str
    licence: str
    ready: bool
    reason: str | None


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
    patch: str | None = Query(None, description="row,column: only this patch.", max_length=9),
    crop: int = Query(64, ge=PATCH, le=4096, description="View the patches lie on, pixels."),
):
    """An image, or one 16 x 16 patch of it in colour, as PNG."""
    dataset = service.shelf.open(data)
    if not 0 <= image < len(dataset):
        raise NotFoundError(f"{data} has no image {image}; its images are 0 to {len(dataset) - 1}")
    place = place_of(patch, min(crop, *dataset.images.shape[2:])) if patch else None
    tag = pictures.tag(dataset, image, size, patch, crop)
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers={"etag": tag, "cache-control": KEPT})
    if place:
        png = pictures.patch(dataset, image, *place, crop, size)
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


def place_of(patch: str, crop: int) -> tuple[int, int]:
    """ "row,column" as numbers. Raises RequestError or NotFoundError."""
    row, comma, column = patch.partition(",")
    if not (comma and row.isdecimal() and column.isdecimal()):
        raise RequestError(f"patch must be row,column such as 3,3, not {patch!r}")
    last = grid_of(crop) - 1
    if max(int(row), int(column)) > last:
        raise NotFoundError(f"there is no patch {patch}; rows and columns are 0 to {last}")
    return int(row), int(column)
