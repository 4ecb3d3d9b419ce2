"""The web application: its parts, put together."""

import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime

from fastapi import FastAPI

from backend.api import (
    benches,
    datasets,
    events,
    failures,
    health,
    layers,
    learning,
    neighbours,
    page,
    probes,
    runs,
    units,
    words,
)
from backend.api.deps import Service
from backend.api.shelf import Shelf
from backend.compression import Compression
from backend.errors import SaccadeError
from backend.jobs.launcher import Launcher
from backend.jobs.queue import Queue
from backend.jobs.supervisor import Supervisor
from backend.launchers import launcher_of
from backend.runs.catalogue import Catalogue
from backend.runs.store import Store
from backend.security import Guard, Hosts
from backend.settings import VERSION, Settings

ROUTERS = (
    health,
    words,
    datasets,
    runs,
    events,
    layers,
    units,
    neighbours,
    probes,
    learning,
    benches,
)


def create_app(settings: Settings, launcher: Launcher | None = None) -> FastAPI:
    """The application of one home folder. Raises RunError if the home cannot be used."""
    log = logger(settings)
    store = Store(settings.database)
    catalogue = Catalogue(store, settings.runs, settings.pretrained)
    queue = Queue(store, settings.runs, settings.home, launcher or launcher_of(settings))
    shelf = Shelf(settings.home, lambda: (*settings.data, *catalogue.specs()))
    service = Service(settings, catalogue, queue, shelf, Supervisor(queue, log), threading.Event())

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        if settings.work:
            service.supervisor.start()
        yield
        service.closing.set()
        if settings.work:
            service.supervisor.stop()
        store.close()

    app = FastAPI(
        title="Saccade",
        version=VERSION,
        lifespan=lifespan,
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
    )
    app.state.service = service
    for part in ROUTERS:
        app.include_router(part.router, prefix="/api")
    page.install(app, settings.frontend)
    failures.install(app)
    app.add_middleware(failures.Failures, log=log)
    app.add_middleware(Compression)
    app.add_middleware(Guard, hosts=hosts_of(settings), refuse=refuse)
    return app


def hosts_of(settings: Settings) -> Hosts:
    return Hosts(settings.host, settings.allowed_hosts)


def refuse(error: SaccadeError):
    return failures.reply(error)


def logger(settings: Settings) -> Callable[[str], None]:
    """Writes to HOME/server.log, where tracebacks go, unless the disk is full."""

    def log(text: str) -> None:
        path = settings.home / "server.log"
        with suppress(OSError), open(path, "a", encoding="utf-8", errors="replace") as file:
            file.write(f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} {text.rstrip()}\n")

    return log
