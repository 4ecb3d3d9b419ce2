"""What do other processes, or Ctrl+C, ask of this one? To stop, or to save.

SIGTERM, SIGINT, SIGHUP   stop: finish the step, save, end; a second Ctrl+C ends at once
SIGUSR1                   save and go on

What an engine started, and may start again, takes its SIGTERM for: save and make room.
"""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

STOPPING = ("SIGTERM", "SIGINT", "SIGHUP", "SIGBREAK")  # not every system has all of them
SAVING = ("SIGUSR1",)
AGAIN = 75  # exit code of who made room: what is left to do is done after another start


class Stopped(BaseException):
    """The work was asked to stop. No `except Exception` on its way swallows it."""


class MadeRoom(Stopped):
    """The work was asked to make room: it goes on in another start of the same attempt."""


class Wishes:
    """Notes signals while it is entered. Work that can be left at any time says so with `leave`;
    other work looks at `stop` and `save` where it suits.

    returns: whether an engine starts the process again that ended on a SIGTERM.
    """

    def __init__(self, returns: bool = False) -> None:
        self.returns = returns
        self.stop = self.save = self.room = self.leaving = False
        self.before: dict[int, object] = {}

    def __enter__(self) -> "Wishes":
        if threading.current_thread() is threading.main_thread():
            self.listen(STOPPING, self.on_stop)
            self.listen(SAVING, self.on_save)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self.before.items():
            signal.signal(number, handler)

    def listen(self, names: tuple[str, ...], handler) -> None:
        for name in names:
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
                self.before[number] = signal.signal(number, handler)

    def on_stop(self, number: int, _: object) -> None:
        again = self.stop
        if self.returns and number == signal.SIGTERM:
            self.room = True
        else:
            self.stop = True
        if again and number == signal.SIGINT:
            raise KeyboardInterrupt
        if self.leaving:
            self.leaving = False
            self.check()

    def check(self) -> None:
        """Raise Stopped or MadeRoom where one of these was wished for."""
        if self.stop:
            raise Stopped
        if self.room:
            raise MadeRoom

    def on_save(self, *_: object) -> None:
        self.save = True

    @contextmanager
    def leave(self) -> Iterator[None]:
        """Inside, a wish to stop or to make room raises at once."""
        self.leaving = True
        try:
            self.check()
            yield
        finally:
            self.leaving = False
