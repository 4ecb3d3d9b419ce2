"""Is a change of state made once, by one, and kept?"""

import threading
from contextlib import closing
from pathlib import Path

import pytest

from backend.errors import RunError
from backend.runs.store import Store, usable


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


@pytest.mark.parametrize("how", ["no database", "a page of noise"])
def test_a_damaged_database_is_put_away(home: Path, how: str) -> None:
    path = home / "saccade.db"
    with closing(Store(path)) as store:
        for number in range(200):
            store.add(f"run-{number}", "2026", "queued", 1, 1.0)
    data = bytearray(path.read_bytes())
    data[: 8192 if how == "no database" else 0] = b"x" * (8192 if how == "no database" else 0)
    data[8192:12288] = b"\x7f" * 4096
    path.write_bytes(data)
    store, away = usable(path)
    with closing(store):
        assert store.rows() == [] and store.database.damage() == ""
    assert away and away.read_bytes() == data


def test_a_database_is_of_the_runs_in_one_folder(tmp_path: Path) -> None:
    homes = [tmp_path / word for word in ("a", "b", "moved")]
    for inside in (True, False):
        path = homes[0] / "saccade.db" if inside else tmp_path / "elsewhere" / "saccade.db"
        with closing(Store(path)) as store:
            store.belong(homes[0] / "runs")
            store.belong(homes[0] / ".." / "a" / "runs")
            with pytest.raises(RunError, match=f"is of the runs in {homes[0]}/runs, and those in"):
                store.belong(homes[1] / "runs")
    homes[0].rename(homes[2])
    with closing(Store(homes[2] / "saccade.db")) as store:
        store.belong(homes[2] / "runs")


def test_every_change_is_noted_with_its_attempt(store: Store) -> None:
    store.add("a", "2026", "queued", 1, 1.0)
    store.move(store.row("a"), "interrupted", 2.0)
    store.move(store.row("a"), "queued", 3.0, attempt=2, resumes=1)
    assert store.moves("a") == [
        (1, "", "queued"),
        (1, "queued", "interrupted"),
        (2, "interrupted", "queued"),
    ]
    assert store.row("a").resumes == 1
