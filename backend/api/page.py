"""The page's own files, plotly.js, and the reference of the HTTP interface; nothing from afar."""

from pathlib import Path

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from backend.api.deps import InService
from backend.api.scripts import PLACE, Scripts
from backend.errors import NotFoundError

router = APIRouter(include_in_schema=False)

REFERENCE = Path(__file__).parent / "reference"
SHOWN = {".html", ".css", ".js", ".svg", ".png", ".ico"}
FRESH = {"cache-control": "no-cache"}  # asks each time, gets a 304 where nothing changed


class Static(StaticFiles):
    """The files of a page that a browser has a use for."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        if Path(path).suffix not in SHOWN or "node_modules" in Path(path).parts:
            raise NotFoundError(f"there is no file {path[:200]!r} of the page")
        reply = await super().get_response(path, scope)
        reply.headers.update(FRESH)
        return reply


def install(app: FastAPI, frontend: Path) -> None:
    app.state.scripts = Scripts(frontend)
    app.include_router(router)
    app.mount("/static", Static(directory=frontend, check_dir=False))
    app.mount("/api/docs/static", Static(directory=REFERENCE))


@router.get("/")
def page(service: InService, request: Request) -> Response:
    return file(request, service.settings.frontend / "index.html", "the page")


@router.get(f"{PLACE}{{name}}")
def script(request: Request, name: str) -> Response:
    made = request.app.state.scripts.named(name)
    headers = {"etag": made.tag, **FRESH}
    if made.tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(made.body, media_type="text/javascript", headers=headers)


@router.get("/plotly.js")
def plotly(service: InService, request: Request) -> Response:
    return file(request, service.settings.plotly, "plotly.js")


@router.get("/api/docs")
def docs(request: Request) -> Response:
    return file(request, REFERENCE / "reference.html", "the reference")


def file(request: Request, path: Path, what: str) -> Response:
    """A file as it is, or a 304 where the browser has it already."""
    if not path.is_file():
        raise NotFoundError(
            f"{what} is not installed ({path.name} is missing); install Saccade again"
        )
    reply = FileResponse(path, headers=FRESH, stat_result=path.stat())
    if reply.headers["etag"] in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers={"etag": reply.headers["etag"], **FRESH})
    return reply
