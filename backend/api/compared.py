"""Comparisons of two checkpoints: one at a time is worked out, the last ones are kept."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any

from backend.errors import BusyError

KEPT, WAITING = 32, 4
kept: OrderedDict[Hashable, Any] = OrderedDict()
working, waiting = threading.Lock(), threading.BoundedSemaphore(WAITING)


def once(key: Hashable, make: Callable[[], Any]) -> Any:
    """What `make` makes, worked out once for a key. Raises BusyError where too many wait."""
    if (found := kept.get(key)) is not None:
        return found
    if not waiting.acquire(blocking=False):
        raise BusyError(f"{WAITING} comparisons are being worked out; ask again in a moment")
    try:
        with working:
            if (found := kept.get(key)) is None:
                found = kept[key] = make()
            while len(kept) > KEPT:
                kept.popitem(last=False)
            return found
    finally:
        waiting.release()
