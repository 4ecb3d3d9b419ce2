"""Does someone come too often? Requests and failed logins by address, streams by server."""

import math
import re
import time
from collections import deque
from collections.abc import Callable

from backend.errors import TooOftenError

BURST = 5  # seconds' worth of requests that may come at once
LOGINS, MINUTE = 5, 60.0
STREAMS = 50  # open at once
IS_STREAM = re.compile(r"/api/.*/events")
MOST = 10_000  # addresses remembered

Clock = Callable[[], float]


class Rates:
    """A bucket of requests for each address, and a count of open streams of events.

    rate: requests a second that an address may send in the long run. A page asks for up to 200
    images and maps within one second, and for 400 while someone leafs through it; so the bucket
    holds BURST seconds.
    """

    def __init__(self, rate: float, now: Clock = time.monotonic) -> None:
        self.rate, self.now = rate, now
        self.buckets: dict[str, tuple[float, float]] = {}  # address -> (left, when)
        self.streams = 0

    def take(self, address: str) -> None:
        """Count one request. Raises TooOftenError."""
        now = self.now()
        left, when = self.buckets.pop(address, (self.rate * BURST, now))
        left = min(self.rate * BURST, left + (now - when) * self.rate)
        self.buckets[address] = (max(0.0, left - 1), now)
        forget(self.buckets)
        if left < 1:
            raise TooOftenError(
                f"more than {self.rate:g} requests a second came from {address}; wait a moment "
                "(SACCADE_RATE allows more)",
                math.ceil((1 - left) / self.rate),
            )

    def begin_stream(self) -> None:
        """Count one stream that opens. Raises TooOftenError."""
        if self.streams >= STREAMS:
            raise TooOftenError(
                f"{STREAMS} pages follow runs here already; close one, or try again later", 30
            )
        self.streams += 1

    def end_stream(self) -> None:
        self.streams -= 1


class Failed:
    """Failed logins by address.

    The right token passes however many came before it: one of 32 letters is not guessed, and a
    lock would let any account of this computer shut its owner out.
    """

    def __init__(self, now: Clock) -> None:
        self.now = now
        self.times: dict[str, deque[float]] = {}

    def note(self, address: str) -> None:
        """Count one that failed. Raises TooOftenError after LOGINS of them in a minute."""
        now, times = self.now(), self.times.pop(address, deque(maxlen=LOGINS))
        self.times[address] = times
        forget(self.times)
        if len(times) == LOGINS and now - times[0] < MINUTE:
            raise TooOftenError(
                f"{LOGINS} wrong tokens came from {address} within a minute; wait, and take the "
                "token from the file `token` of Saccade's home",
                math.ceil(MINUTE - (now - times[0])),
            )
        times.append(now)


def forget(by_address: dict) -> None:
    """Drop the address that was heard of longest ago, where there are too many."""
    if len(by_address) > MOST:
        del by_address[next(iter(by_address))]
