"""One home folder as the commands use it: its store, its runs, its queue."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from backend.errors import ConflictError, NotFoundError
from backend.jobs.launcher import Launcher
from backend.jobs.queue import Queue
from backend.launchers import launcher_of, limits_of
from backend.runs.advice import command_line
from backend.runs.catalogue import Catalogue
from backend.runs.folder import RunFolder
from backend.runs.store import Row, Store
from backend.settings import Settings, default_home


@dataclass(frozen=True)
class Home:
    store: Store
    catalogue: Catalogue
    queue: Queue

    def own(self, run: str) -> tuple[RunFolder, Row]:
        """A run that may be changed. Raises NotFoundError, or ConflictError for one that ships."""
        folder, row = self.catalogue.find(run)
        if row is None:
            raise ConflictError(f"run {run} ships with Saccade and cannot be changed; train one")
        return folder, row


def check_there(settings: Settings) -> None:
    """Raise NotFoundError where what only reads would make a home that was named wrongly. The one
    that nobody named is made."""
    if settings.home != default_home() and not settings.home.exists():
        begun = command_line("train", home=settings.home)
        raise NotFoundError(
            f"there is no folder {settings.home}, in which the runs were looked for; check --home "
            f"or SACCADE_HOME, or begin a run there with: {begun}"
        )


@contextmanager
def opened(settings: Settings, launcher: Launcher | None = None) -> Iterator[Home]:
    """The home folder, brought up to date with the processes and run directories."""
    store = Store(settings.database)
    try:
        launcher = launcher or launcher_of(settings)
        limits = limits_of(settings)
        queue = Queue(store, settings.runs, settings.home, launcher, limits=limits)
        queue.adopt()
        queue.tick(start=False)
        yield Home(store, Catalogue(store, settings.runs, settings.pretrained), queue)
    finally:
        store.close()
