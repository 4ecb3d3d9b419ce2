"""One home folder as the commands use it: its store, its runs, its queue."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from backend.errors import ConflictError
from backend.jobs.launcher import Launcher
from backend.jobs.queue import Queue
from backend.launchers import launcher_of, limits_of
from backend.runs.catalogue import Catalogue
from backend.runs.folder import RunFolder
from backend.runs.store import Row, Store
from backend.settings import Settings


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
