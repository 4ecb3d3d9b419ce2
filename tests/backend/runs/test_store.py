"""Is a change of state made once, by one, and kept?"""

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from backend.errors import BusyError, DamagedError, RunError
from backend.runs import store as stores
from backend.runs.store import VERSION, Store, usable

FIRST = """
CREATE TABLE runs (
    id TEXT PRIMARY KEY, created TEXT NOT NULL, state TEXT NOT NULL, attempt INTEGER NOT NULL,
    changed REAL NOT NULL, error_code TEXT, error_message TEXT
) STRICT;
CREATE TABLE attempts (
    run TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE, attempt INTEGER NOT NULL,
    handle TEXT NOT NULL DEFAULT '', PRIMARY KEY (run, attempt)
) STRICT;
CREATE TABLE moves (
    number INTEGER PRIMARY KEY, run TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    attempt INTEGER NOT NULL, source TEXT NOT NULL, target TEXT NOT NULL, at REAL NOT NULL
) STRICT;
INSERT INTO runs VALUES ('a', '2025', 'failed', 2, 1.0, 'oom_host', 'no memory');
INSERT INTO attempts VALUES ('a', 2, 'theirs');
"""  # the tables of before they had a version


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


def test_a_folder_that_cannot_be_written_is_not_told_as_damage(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "folder.db").mkdir()
    with pytest.raises(RunError, match="mend that, or name another folder with --home") as told:
        Store(home / "folder.db")
    assert "--rebuild" not in str(told.value)
    path = home / "saccade.db"
    Store(path).close()
    readable = sqlite3.connect(f"file:{path}?mode=ro", uri=True, isolation_level=None)
    monkeypatch.setattr(stores, "connect", lambda _: readable)
    with closing(Store(path)) as store, pytest.raises(RunError, match="readonly") as told:
        store.add("a", "2026", "queued", 1, 1.0)
    assert "--rebuild" not in str(told.value) and "--home" in str(told.value)


def columns(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return [name for _, name, *_ in connection.execute("PRAGMA table_info(runs)")]


def tables(path: Path) -> set[str]:
    with closing(sqlite3.connect(path)) as connection:
        return {name for (name,) in connection.execute("SELECT name FROM sqlite_schema")}


def old(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(FIRST)


def test_tables_of_an_older_saccade_are_brought_up_to_date_after_a_copy(home: Path) -> None:
    path = home / "saccade.db"
    old(path)
    before = columns(path)
    for _ in range(2):  # the second time there is nothing to do
        with closing(Store(path)) as store:
            row = store.row("a")
        assert (row.state, row.attempt, row.handle, row.resumes) == ("failed", 2, "theirs", 0)
        assert row.error == {"code": "oom_host", "message": "no memory"}
    assert columns(home / "saccade.db.version-1") == before
    assert set(columns(path)) - set(before) == {"resumes"}
    names = {file.name for file in home.iterdir()}
    assert names == {"saccade.db", "saccade.db.version-1"}


def test_several_processes_bring_old_tables_up_to_date_once(home: Path) -> None:
    old(home / "saccade.db")
    start, found = threading.Barrier(8), []

    def open_it() -> None:
        start.wait()
        with closing(Store(home / "saccade.db")) as store:
            found.append(store.row("a").resumes)

    threads = [threading.Thread(target=open_it) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [0] * 8


def test_tables_of_a_newer_saccade_are_refused_and_left_as_they_are(home: Path) -> None:
    path = home / "saccade.db"
    Store(path).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version = {VERSION + 1}")
    before = path.read_bytes()
    with pytest.raises(RunError, match=f"newer Saccade.*version {VERSION + 1}.*update Saccade"):
        Store(path)
    assert path.read_bytes() == before
    with pytest.raises(RunError, match="newer"):
        usable(path)
    assert [file.name for file in home.iterdir()] == ["saccade.db"]


def test_new_tables_and_those_brought_up_to_date_are_the_same(home: Path) -> None:
    old(home / "old.db")
    for name in ("old", "new"):
        Store(home / f"{name}.db").close()
    assert set(columns(home / "old.db")) == set(columns(home / "new.db"))
    assert tables(home / "old.db") == tables(home / "new.db")


def test_every_version_of_the_tables_leads_to_this_one() -> None:
    assert set(stores.MIGRATIONS) == set(range(1, VERSION))


def test_a_database_that_another_process_keeps_is_told_in_a_sentence(
    home: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stores, "PATIENCE", 0.1)
    with (
        closing(Store(home / "saccade.db")) as second,
        store.transaction(),
        pytest.raises(BusyError, match="in use by another process"),
    ):
        second.add("a", "2026", "queued", 1, 1.0)


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
        assert store.rows() == [] and store.damage() == ""
    assert away and away.read_bytes() == data


def test_a_damaged_database_says_how_it_is_made_again(home: Path) -> None:
    (home / "saccade.db").write_bytes(b"x" * 8192)
    with pytest.raises(DamagedError, match="saccade runs --rebuild"):
        Store(home / "saccade.db")


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
