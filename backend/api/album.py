"""A selection of images as a ZIP: each as it is stored, named by id and class, and a list."""

import csv
import io
import re
import tempfile
import zipfile
from collections.abc import Iterator
from typing import IO

import numpy as np
from fastapi import APIRouter, Depends
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from backend.api import pictures
from backend.api.deps import InService, RunId, analysed
from backend.api.exports import place
from backend.api.tables import harmless, named
from backend.errors import NotFoundError

router = APIRouter(prefix="/runs/{run}", tags=["tables"], dependencies=[Depends(place)])

MOST = 2000  # images of one ZIP: about 40 MB of photographs of 96 pixels
IN_MEMORY = 2**24  # bytes; what is larger waits in a temporary file
CHUNK = 2**16
ZIP = {200: {"content": {"application/zip": {}}, "description": "A ZIP of PNG images."}}


class Chosen(BaseModel):
    model_config = ConfigDict(extra="forbid")

    images: list[int] = Field(min_length=1, max_length=MOST)
    epoch: int | None = None


@router.post("/selection.zip", response_class=StreamingResponse, responses=ZIP)
def selection(service: InService, run: RunId, wanted: Chosen):
    """Some test images, at most 2,000, as CLASS/ID.png, and selection.csv with ids and classes."""
    seen = analysed(service, run, wanted.epoch)
    ids, chosen = seen.results.ids(seen.epoch), np.unique(wanted.images)
    if len(missing := np.setdiff1d(chosen, ids)):
        raise NotFoundError(
            f"image {missing[0]} is not among the {len(ids)} images that run {run} was analysed "
            "on; their ids stand in `ids` of its layers"
        )
    rows = np.searchsorted(ids, chosen)
    classes = named(seen, seen.results.labels(seen.epoch)[rows])
    dataset = service.shelf.open(seen.summary()["dataset"])
    # `sent` closes it when it has gone out.
    file = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as album:
        names = [f"{folder(name)}/{image}.png" for image, name in zip(chosen, classes, strict=True)]
        for image, name in zip(chosen.tolist(), names, strict=True):
            album.writestr(name, pictures.png_of(pictures.stored(dataset, image)))
        album.writestr("selection.csv", listed(chosen.tolist(), classes, names))
    told = f'attachment; filename="{run}-selection-{len(chosen)}.zip"'
    headers = {"content-disposition": told, "content-length": str(file.tell())}
    return StreamingResponse(sent(file), media_type="application/zip", headers=headers)


def folder(name: str) -> str:
    """A class as the name of a folder, which leads nowhere else."""
    return re.sub(r"[^\w -]+", "_", name).strip(" _")[:60] or "no label"


def listed(ids: list[int], classes: list[str], names: list[str]) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["image", "class", "file"])
    writer.writerows(zip(ids, map(harmless, classes), names, strict=True))
    return stream.getvalue()


def sent(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        file.seek(0)
        while part := file.read(CHUNK):
            yield part
