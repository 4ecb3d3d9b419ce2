"""Is a change of state made once, by one, and kept?"""

import threading
from pathlib import Path

import pytest

from backend.errors import RunError
from backend.runs.store import Store


@pytest.fixture
def store(home: Path):
    store = Store(home / "saccade.db")
    yield store
    store.close()


def test_a_run_is_entered_once(store: Store) -> None:
    assert store.add("a", "2026", "queued", 1, 1.0)
    assert not store.add("a", "2027", "running", 2, 2.0)
    assert (store.row("a").created, store.row("a").state) == ("2026", "queued")


def test_a_state_changes_only_from_what_it_was(store: Store) -> None:
    store.add("a", "2026", "queued", 1, 1.0)
    before = store.row("a")
    assert store.move(before, "starting", 2.0)
    assert not store.move(before, "stopped", 3.0)
    assert store.row("a").state == "starting"


def test_a_late_word_of_an_older_attempt_is_void(store: Store) -> None:
    store.add("a", "2026", "running", 1, 1.0)
    old = store.row("a")
    store.move(old, "interrupted", 2.0)
    store.move(store.row("a"), "running", 3.0, attempt=2)
    assert not store.move(old, "finished", 4.0)
    assert (store.row("a").state, store.row("a").attempt) == ("running", 2)


def test_each_attempt_has_its_own_handle(store: Store) -> None:
    store.add("a", "2026", "starting", 1, 1.0)
    store.set_handle(store.row("a"), "first")
    assert store.row("a").handle == "first"
    store.move(store.row("a"), "starting", 2.0, attempt=2)
    assert store.row("a").handle == ""
    store.set_handle(store.row("a"), "second")
    store.set_handle(store.row("a"), "second again")
    assert store.row("a").handle == "second again"


def test_an_error_goes_with_its_state(store: Store) -> None:
    store.add("a", "2026", "running", 1, 1.0)
    store.move(store.row("a"), "failed", 2.0, error={"code": "oom_host", "message": "no memory"})
    assert store.row("a").error == {"code": "oom_host", "message": "no memory"}
    store.move(store.row("a"), "queued", 3.0, attempt=2)
    assert store.row("a").error is None


def test_of_many_who_want_the_same_change_one_gets_it(home: Path) -> None:
    stores = [Store(home / "saccade.db") for _ in range(4)]
    stores[0].add("a", "2026", "queued", 1, 1.0)
    row, won, start = stores[0].row("a"), [], threading.Barrier(8)

    def claim(store: Store) -> None:
        start.wait()
        won.append(store.move(row, "starting", 2.0))

    threads = [threading.Thread(target=claim, args=(stores[n % 4],)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(won) == [False] * 7 + [True]
    for store in stores:
        store.close()


def test_rows_come_oldest_first_and_outlive_the_process(home: Path) -> None:
    store = Store(home / "saccade.db")
    store.add("b", "2027", "queued", 1, 1.0)
    store.add("a", "2026", "finished", 1, 1.0)
    store.close()
    store = Store(home / "saccade.db")
    assert [row.id for row in store.rows()] == ["a", "b"]
    assert [row.id for row in store.rows({"queued"})] == ["b"]
    assert store.remove(store.row("a")) and store.row("a") is None
    store.close()


def test_a_file_that_is_no_database_is_told_in_a_sentence(home: Path) -> None:
    (home / "saccade.db").write_text("not a database, but long enough to look like one" * 40)
    with pytest.raises(RunError, match="cannot be used"):
        Store(home / "saccade.db")


def test_a_home_that_cannot_be_made_is_told_in_a_sentence(home: Path) -> None:
    (home / "file").write_text("")
    with pytest.raises(RunError, match="name another one with --home"):
        Store(home / "file" / "home" / "saccade.db")
