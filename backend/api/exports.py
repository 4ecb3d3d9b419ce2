"""Files to carry away: a few are made and sent at a time, so that a crowd does not fill memory."""

import threading
from collections.abc import Iterator

from backend.errors import BusyError

AT_ONCE = 4
places = threading.BoundedSemaphore(AT_ONCE)


def place() -> Iterator[None]:
    """Holds one of the places while a request is answered. Raises BusyError where none is left."""
    if not places.acquire(blocking=False):
        raise BusyError(f"{AT_ONCE} files are being made already; ask again in a moment")
    try:
        yield
    finally:
        places.release()
