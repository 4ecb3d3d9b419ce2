"""The web application: its parts, put together."""

import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime

from fastapi import FastAPI

from backend.api import (
    album,
    alike,
    answers,
    benches,
    datasets,
    estimates,
    events,
    examples,
    failures,
    health,
    layers,
    learning,
    login,
    neighbours,
    page,
    predictions,
    probes,
    runs,
    selection,
    similarity,
    tables,
    trash,
    units,
    uploads,
    words,
)
from backend.api.deps import Service
from backend.api.shelf import Shelf
from backend.compression import Compression
from backend.errors import ConfigError
from backend.jobs.errands import Errands
from backend.jobs.examples import Examples
from backend.jobs.launcher import Launcher
from backend.jobs.queue import Queue
from backend.jobs.supervisor import Supervisor
from backend.jobs.trials import Trials
from backend.jobs.uploads import Uploads
from backend.launchers import launcher_of, limits_of
from backend.runs.alike import Alike
from backend.runs.catalogue import Catalogue
from backend.runs.store import Store
from backend.security import Door, Guard, Hosts, Rates, is_loopback
from backend.security.door import EXPOSED
from backend.settings import VERSION, Settings

ROUTERS = (
    health,
    words,
    datasets,
    uploads,
    estimates,
    runs,
    events,
    trash,
    layers,
    units,
    selection,
    alike,
    predictions,
    neighbours,
    examples,
    probes,
    answers,
    learning,
    similarity,
    tables,
    album,
    benches,
)


def create_app(settings: Settings, launcher: Launcher | None = None) -> FastAPI:
    """The application of one home folder.

    Without a token in the settings everyone may use it, which `saccade serve` never does. Raises
    RunError if the home or its database cannot be used, ConfigError if others could reach it
    without a token.
    """
    if settings.token is None and not is_loopback(settings.host):
        raise ConfigError(EXPOSED.format(host=settings.host, home=settings.home))
    log = logger(settings)
    limits, launcher = limits_of(settings), launcher or launcher_of(settings)
    store = Store(settings.database)
    try:
        queue = Queue(store, settings.runs, settings.home, launcher, limits=limits)
    except BaseException:
        store.close()
        raise
    catalogue = Catalogue(store, settings.runs, settings.pretrained)
    errands, closing = Errands(), threading.Event()
    uploads, trials = Uploads(settings.uploads, errands), Trials(settings.home, errands)
    known = lambda: (*settings.data, *uploads.specs(), *catalogue.specs())  # noqa: E731
    shelf, supervisor = Shelf(settings.home, known), Supervisor(queue, log)
    examples = Examples(settings.home, errands)
    service = Service(
        settings, catalogue, queue, shelf, supervisor, uploads, trials, examples, Alike(), closing
    )

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        examples.forget_old()
        if settings.work:
            service.supervisor.start()
        yield
        service.closing.set()
        if settings.work:
            service.supervisor.stop()
        errands.close()
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
        app.include_router(part.router, prefix="/api", responses=failures.TOLD)
    page.install(app, settings.frontend)
    failures.install(app)
    app.add_middleware(failures.Failures, log=log)
    app.add_middleware(Compression)
    app.state.door = Door(settings.token and settings.token.get_secret_value(), settings.port)
    app.add_middleware(
        Guard,
        hosts=Hosts(settings.host, settings.port, settings.allowed_hosts),
        door=app.state.door,
        rates=Rates(settings.rate),
        refuse=login.refuse,
    )
    return app


def logger(settings: Settings) -> Callable[[str], None]:
    """Writes to HOME/server.log, where tracebacks go, unless the disk is full."""

    def log(text: str) -> None:
        path = settings.home / "server.log"
        with suppress(OSError), open(path, "a", encoding="utf-8", errors="replace") as file:
            file.write(f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} {text.rstrip()}\n")

    return log
