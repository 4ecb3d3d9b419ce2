"""Is a comparison worked out once, and does a crowd that asks for many not stop the server?"""

import threading
from collections.abc import Iterator

import pytest

from backend.api import compared
from backend.errors import BusyError


@pytest.fixture(autouse=True)
def empty() -> Iterator[None]:
    compared.kept.clear()
    yield
    compared.kept.clear()


def test_the_same_comparison_is_worked_out_once_and_the_oldest_goes() -> None:
    made: list[int] = []
    for key in [*range(compared.KEPT + 1), compared.KEPT, 0]:
        assert compared.once(("of", key), lambda key=key: made.append(key) or {"of": key}) == {
            "of": key
        }
    assert made == [*range(compared.KEPT + 1), 0]


class Counted:
    """A lock that counts who has come to it."""

    def __init__(self) -> None:
        self.lock, self.come = threading.Lock(), threading.Semaphore(0)

    def __enter__(self) -> None:
        self.come.release()
        self.lock.acquire()

    def __exit__(self, *_: object) -> None:
        self.lock.release()


def test_where_too_many_wait_the_next_is_told_to_ask_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    go, working = threading.Event(), Counted()
    monkeypatch.setattr(compared, "working", working)

    def slow() -> dict:
        go.wait(60)
        return {}

    threads = [
        threading.Thread(target=compared.once, args=(("slow", n), slow))
        for n in range(compared.WAITING)
    ]
    for thread in threads:
        thread.start()
    for _ in threads:  # until all of them are in
        assert working.come.acquire(timeout=60)
    with pytest.raises(BusyError, match="ask again"):
        compared.once("another", dict)
    go.set()
    for thread in threads:
        thread.join()
    assert compared.once("another", lambda: {"there": 1}) == {"there": 1}
