"""How what goes wrong is told: {"error": {"code", "message"}}, one sentence, never a traceback."""

import traceback
from collections.abc import Callable

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend.api.events import NothingMore
from backend.errors import NotFoundError, RequestError, SaccadeError, failure_of
from backend.runs.catalogue import readable

STATUS = {
    "bad_config": 422,
    "bad_data": 422,
    "bad_checkpoint": 409,
    "bad_run": 409,
    "damaged": 409,
    "bad_request": 422,
    "not_found": 404,
    "conflict": 409,
    "outdated": 409,
    "busy": 429,
    "refused": 403,
    "no_token": 401,
    "too_often": 429,
    "too_large": 413,
    "bad_type": 415,
    "disk_full": 507,
}
TEXT = {"type": "string"}
INNER = {"type": "object", "required": ["code", "message"]}
INNER["properties"] = {"code": TEXT, "message": TEXT}
FORM = {"type": "object", "required": ["error"], "properties": {"error": INNER}}
REPLY = {"content": {"application/json": {"schema": FORM}}}
TOLD = {  # what each route may answer, beside what it is for
    "4XX": REPLY | {"description": "What was asked cannot be done, or not now, in one sentence."},
    "5XX": REPLY | {"description": "Saccade failed, or the disk is full, in one sentence."},
}
AGAIN = 30  # seconds after which to ask again, where an error does not say


def reply(error: BaseException) -> JSONResponse:
    failure = readable(failure_of(error))
    status = STATUS.get(failure["code"], 500)
    headers = {"www-authenticate": "Bearer"} if status == 401 else {}
    if status == 429:
        headers["retry-after"] = str(getattr(error, "seconds", AGAIN))
    return JSONResponse({"error": failure}, status, headers=headers)


def install(app: FastAPI) -> None:
    """Let every error leave the app in the same form."""

    @app.exception_handler(SaccadeError)
    async def told(_: Request, error: SaccadeError) -> Response:
        return reply(error)

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> Response:
        return reply(validation(error))

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> Response:
        code = {404: "not_found", 405: "bad_request"}.get(error.status_code, "bad_request")
        text = {
            404: f"there is nothing at {request.url.path[:200]}; /api/docs lists what there is",
            405: f"{request.method} is not possible at {request.url.path[:200]}; see /api/docs",
        }.get(error.status_code, f"the request could not be read: {error.detail}")
        body = {"error": {"code": code, "message": text}}
        return JSONResponse(body, error.status_code, headers=error.headers)

    @app.exception_handler(NothingMore)
    async def nothing_more(_: Request, __: NothingMore) -> Response:
        return Response(status_code=204)


def validation(error: RequestValidationError) -> SaccadeError:
    """The first thing that is wrong with a request, as a sentence."""
    first = error.errors()[0]
    where, *path = first["loc"]
    name, came = ".".join(map(str, path)), str(first.get("input"))[:80]
    if where == "path":
        return NotFoundError(f"there is no {name} {came!r}; a number is wanted")
    if first["type"] == "extra_forbidden":
        return RequestError(f"unknown field {name!r}; /api/docs shows the fields of this request")
    if first["type"] in ("json_invalid", "missing", "model_attributes_type"):
        return RequestError(f"the request has no valid JSON {name or 'body'}; {first['msg']}")
    return RequestError(f"{name}: {first['msg']}, not {came!r}")


class Failures:
    """Catches what no handler foresaw: the log gets the traceback, the caller one sentence."""

    def __init__(self, app: ASGIApp, log: Callable[[str], None]) -> None:
        self.app, self.log = app, log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def noticed(message: Message) -> None:
            nonlocal begun
            begun = begun or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, noticed)
        except Exception as error:
            self.log(f"{scope.get('method')} {scope.get('path')}\n{traceback.format_exc()}")
            if scope["type"] != "http" or begun:
                return
            await reply(error)(scope, receive, send)
