"""Is the file opened, shared, brought up to date and, where it cannot be used, explained?"""

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from backend.errors import BusyError, DamagedError, RunError
from backend.runs import database as databases
from backend.runs.database import VERSION, Database
from backend.runs.store import Store, usable

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


def test_a_file_that_is_no_database_is_told_in_a_sentence(home: Path) -> None:
    (home / "saccade.db").write_text("not a database, but long enough to look like one" * 40)
    with pytest.raises(RunError, match="cannot be used"):
        Database(home / "saccade.db")


def test_a_home_that_cannot_be_made_is_told_in_a_sentence(home: Path) -> None:
    (home / "file").write_text("")
    with pytest.raises(RunError, match="name another one with --home"):
        Database(home / "file" / "home" / "saccade.db")


def test_a_folder_that_cannot_be_written_is_not_told_as_damage(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "folder.db").mkdir()
    with pytest.raises(RunError, match="mend that, or name another folder with --home") as told:
        Database(home / "folder.db")
    assert "--rebuild" not in str(told.value)
    path = home / "saccade.db"
    Database(path).close()
    readable = sqlite3.connect(f"file:{path}?mode=ro", uri=True, isolation_level=None)
    monkeypatch.setattr(databases, "connect", lambda _: readable)
    with closing(Database(path)) as database, pytest.raises(RunError, match="readonly") as told:
        enter(database)
    assert "--rebuild" not in str(told.value) and "--home" in str(told.value)


def enter(database: Database) -> None:
    with database.transaction() as sql:
        sql("INSERT INTO folder (runs) VALUES ('runs')")


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
        with closing(Database(home / "saccade.db")) as database:
            found.extend(database.select("SELECT resumes FROM runs"))

    threads = [threading.Thread(target=open_it) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [(0,)] * 8


def test_tables_of_a_newer_saccade_are_refused_and_left_as_they_are(home: Path) -> None:
    path = home / "saccade.db"
    Database(path).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version = {VERSION + 1}")
    before = path.read_bytes()
    with pytest.raises(RunError, match=f"newer Saccade.*version {VERSION + 1}.*update Saccade"):
        Database(path)
    assert path.read_bytes() == before
    with pytest.raises(RunError, match="newer"):
        usable(path)
    assert [file.name for file in home.iterdir()] == ["saccade.db"]


def test_new_tables_and_those_brought_up_to_date_are_the_same(home: Path) -> None:
    old(home / "old.db")
    for name in ("old", "new"):
        Database(home / f"{name}.db").close()
    assert set(columns(home / "old.db")) == set(columns(home / "new.db"))
    assert tables(home / "old.db") == tables(home / "new.db")


def test_every_version_of_the_tables_leads_to_this_one() -> None:
    assert set(databases.MIGRATIONS) == set(range(1, VERSION))


def test_a_database_that_another_process_keeps_is_told_in_a_sentence(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(databases, "PATIENCE", 0.1)
    with (
        closing(Database(home / "saccade.db")) as first,
        closing(Database(home / "saccade.db")) as second,
        first.transaction(),
        pytest.raises(BusyError, match="in use by another process"),
    ):
        enter(second)


def test_of_a_transaction_that_fails_nothing_holds(home: Path) -> None:
    with closing(Database(home / "saccade.db")) as database:
        with pytest.raises(RunError, match="cannot be used"), database.transaction() as sql:
            sql("INSERT INTO folder (runs) VALUES ('runs')")
            sql("INSERT INTO folder (runs) VALUES (NULL)")
        assert database.select("SELECT * FROM folder") == []
        enter(database)
        assert database.select("SELECT runs FROM folder") == [("runs",)]


def test_a_damaged_database_says_how_it_is_made_again(home: Path) -> None:
    (home / "saccade.db").write_bytes(b"x" * 8192)
    with pytest.raises(DamagedError, match="saccade runs --rebuild"):
        Database(home / "saccade.db")


def test_damage_that_shows_while_it_is_looked_for_is_told_and_the_file_put_away(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, opened, select = home / "saccade.db", [], Database.select

    def fails(database: Database, *asked: object) -> list[tuple]:
        if database.path != path:  # another test's server reads its own in a thread
            return select(database, *asked)
        opened.append(database)
        raise DamagedError("malformed")

    with monkeypatch.context() as patch:
        patch.setattr(Database, "select", fails)
        store, away = usable(path)
    with closing(store):
        assert away and away.is_file() and store.rows() == []
    with pytest.raises(sqlite3.ProgrammingError, match="closed database"):
        opened[0].connection.execute("SELECT 1")
