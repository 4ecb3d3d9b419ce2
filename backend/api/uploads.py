"""Images sent through the page: an upload is begun, filled file by file, and made a data set."""

import contextlib
import os
import secrets
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from backend.api import pictures
from backend.api.deps import InService
from backend.errors import ConflictError, NotFoundError, RequestError, SaccadeError, TooLargeError
from backend.jobs.uploads import ARCHIVE_BYTES, IMAGE_BYTES
from backend.runs.catalogue import readable
from models.data import key_of

router = APIRouter(prefix="/uploads", tags=["datasets"])

NAME = r"^[^\x00-\x1f\x7f]*$"
GONE = "this upload was removed while the file came; begin a new one"
UploadId = Annotated[str, "Id of an upload."]


class NewUpload(BaseModel):
    model_config = ConfigDict(extra="forbid")

    title: str = Field("", max_length=80, pattern=NAME)


class Refused(BaseModel):
    name: str
    reason: str  # the end of a sentence that begins with the name


class Failure(BaseModel):
    code: str
    message: str


class Done(BaseModel):
    done: int
    of: int


class Upload(BaseModel):
    id: str
    title: str
    state: str  # open, working, ready or failed
    progress: Done | None
    images: int
    classes: dict[str, int]  # images of each; none where there are no folders
    refused: list[Refused]
    unnamed: int  # files left out beyond those named
    hidden: int  # hidden files, which nobody means
    columns: list[str]  # of metadata.csv
    remarks: list[str]  # sentences about what of it could not be used
    error: Failure | None
    dataset: str | None  # its key, once there is one


class Uploads(BaseModel):
    uploads: list[Upload]


@router.get("", response_model=Uploads)
def uploads(service: InService):
    """Every upload, the newest first, without the names of files left out."""
    found = []
    for id in service.uploads.ids():
        with contextlib.suppress(NotFoundError):  # it was removed just now
            found.append(told(service, id) | {"refused": []})
    return {"uploads": found}


@router.post("", status_code=201, response_model=Upload)
def new_upload(service: InService, wanted: NewUpload):
    """Begin an upload."""
    return told(service, service.uploads.create(" ".join(wanted.title.split()) or "my images"))


@router.get("/{upload}", response_model=Upload)
def upload(service: InService, upload: UploadId):
    """What became of an upload, every file left out with its reason."""
    return told(service, upload)


@router.put("/{upload}/files/{number}", status_code=204, response_class=Response)
async def put_file(
    request: Request,
    service: InService,
    upload: UploadId,
    number: int,
    name: Annotated[str, Query(max_length=500, description="What its owner calls it.")] = "",
    content_length: Annotated[int, Header(ge=0)] = 0,
):
    """One image or one ZIP archive, as it is. The same number once more takes its place."""
    place = await run_in_threadpool(service.uploads.place, upload, number, content_length)
    named = readable(name)
    await received(request, place)
    try:
        service.uploads.came(upload, number, place.stat().st_size)
        place.with_name(f"name-{place.name}").write_text(named or place.name, encoding="utf-8")
    except FileNotFoundError:
        raise NotFoundError(GONE) from None


@router.post("/{upload}/finish", status_code=202, response_model=Upload)
def finish(service: InService, upload: UploadId):
    """Decode what was sent, in a process of its own, and make a data set of it."""
    service.uploads.finish(upload)
    return told(service, upload)


@router.delete("/{upload}", status_code=204, response_class=Response)
def remove(service: InService, upload: UploadId):
    """Delete an upload, in whatever state it is, unless a run was trained on its images."""
    service.uploads.folder(upload)
    spec = service.uploads.spec(upload)
    if spec in service.catalogue.specs():
        raise ConflictError("a run was trained on these images; delete that run first")
    service.uploads.remove(upload)
    if key := key_told(spec):
        service.shelf.forget(key)
        pictures.forget(service.settings.cache, key)


async def received(request: Request, place: Path, archive: int = ARCHIVE_BYTES) -> None:
    """Write the body of a request to a file, which appears whole or not at all.

    archive: bytes that one may have that begins like a ZIP.
    """
    part = place.with_name(f".{place.name}-{secrets.token_hex(4)}")
    size, limit = 0, IMAGE_BYTES
    try:
        with part.open("wb") as file:
            async for chunk in request.stream():
                if not size and chunk.startswith(b"PK"):
                    limit = archive
                size += len(chunk)
                if size > limit:
                    raise TooLargeError(
                        f"an image has at most {IMAGE_BYTES >> 20} MB and an archive at most "
                        f"{ARCHIVE_BYTES >> 20}; send a smaller one"
                    )
                file.write(chunk)
        os.replace(part, place)
    except ClientDisconnect:
        raise RequestError("the file did not come whole; send it again") from None
    except FileNotFoundError:
        raise NotFoundError(GONE) from None
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


def told(service: InService, id: str) -> dict:
    found = service.uploads.one(id)
    return readable(found | {"dataset": key_told(found.pop("spec"))})


def key_told(spec: str | None) -> str | None:
    """The key of an upload's data set; None where there is none."""
    try:
        return key_of(spec) if spec else None
    except SaccadeError:
        return None
