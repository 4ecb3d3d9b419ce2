"""Which runs exist and in which state: the one file that speaks SQL.

Every change of state is a compare-and-set in one immediate transaction, together with its row in
`moves`: of two processes that want the same change, one gets it.
"""

import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from backend.errors import BusyError, DamagedError, DiskFullError, RunError
from backend.runs.advice import command_line

SCHEMA = Path(__file__).with_name("schema.sql")
VERSION = 3  # of the tables, as schema.sql makes them
MIGRATIONS = {  # what makes tables of this version into those of the next
    1: "ALTER TABLE runs ADD COLUMN resumes INTEGER NOT NULL DEFAULT 0",
    2: "CREATE TABLE folder (runs TEXT NOT NULL) STRICT",
}
PATIENCE = 10.0  # seconds to wait for another process's transaction
BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
UNWRITABLE = {
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_IOERR,
}
DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
PARTS = ("", "-wal", "-shm")  # the files of one database


@dataclass(frozen=True)
class Row:
    """What the store knows of a run."""

    id: str
    created: str
    state: str
    attempt: int
    changed: float  # unix seconds
    handle: str  # of the current attempt, "" while there is none
    error: dict[str, str] | None  # {"code", "message"}
    resumes: int = 0  # attempts that Saccade began by itself since a person last asked for one


class Store:
    """Runs and their states in one SQLite file; safe to use from threads and processes at once.

    Raises RunError if the file cannot be used, DamagedError if it never can, DiskFullError if there
    is no room, BusyError if another process keeps it.
    """

    def __init__(self, path: Path) -> None:
        self.path, self.lock = path, threading.Lock()
        with self.told():
            path.parent.mkdir(parents=True, exist_ok=True)
            self.connection = connect(path)
            try:
                self.prepare()
            except BaseException:
                self.connection.close()
                raise

    def prepare(self) -> None:
        """Make the tables, or bring them up to date. Raises RunError for those of a newer Saccade.

        The file of older tables is copied first: saccade.db of version 1 to saccade.db.version-1.
        """
        self.check_version()  # before anything is written
        patiently(self.connection, "PRAGMA journal_mode = WAL")
        for pragma in ("synchronous = FULL", "foreign_keys = ON"):
            self.connection.execute(f"PRAGMA {pragma}")
        if self.version() == VERSION:
            return
        with self.transaction() as sql:
            version = self.check_version()  # another process may have been faster
            if 0 < version < VERSION:
                self.back_up(version)
            for older in range(version, VERSION) if version else ():
                sql(MIGRATIONS[older])
            for statement in SCHEMA.read_text(encoding="utf-8").split(";\n"):
                sql(statement)
            sql(f"PRAGMA user_version = {VERSION}")

    def version(self) -> int:
        """Of the tables in the file; 0 where there are none."""
        (found,) = patiently(self.connection, "PRAGMA user_version").fetchone()
        unnumbered = "SELECT count(*) FROM sqlite_schema WHERE name = 'runs'"
        return found or patiently(self.connection, unnumbered).fetchone()[0]

    def check_version(self) -> int:
        if (version := self.version()) > VERSION:
            raise RunError(
                f"the database {self.path} was made by a newer Saccade (its tables have version "
                f"{version}, this one knows {VERSION}); update Saccade, or name another folder "
                "with --home"
            )
        return version

    def back_up(self, version: int) -> None:
        """Copy what is committed; it appears whole or not at all."""
        copy = self.path.with_name(f"{self.path.name}.version-{version}")
        new = copy.with_name(f"{copy.name}.new")
        new.unlink(missing_ok=True)
        with closing(connect(self.path)) as reader, closing(sqlite3.connect(new)) as writer:
            reader.backup(writer)
        new.replace(copy)

    def close(self) -> None:
        with self.lock:
            self.connection.close()

    def rows(self, states: Iterable[str] | None = None) -> list[Row]:
        """Runs in some states, or all, oldest first."""
        found = self.select("ORDER BY created, runs.rowid")
        return [row for row in found if states is None or row.state in states]

    def row(self, run: str) -> Row | None:
        return next(iter(self.select("WHERE id = ?", run)), None)

    def select(self, rest: str, *values: object) -> list[Row]:
        sql = (
            "SELECT id, created, state, runs.attempt, changed, coalesce(handle, ''),"
            " resumes, error_code, error_message FROM runs LEFT JOIN attempts"
            f" ON attempts.run = id AND attempts.attempt = runs.attempt {rest}"
        )
        with self.lock, self.told():
            found = self.connection.execute(sql, values).fetchall()
        return [
            Row(*first, {"code": code, "message": message} if code else None, resumes)
            for *first, resumes, code, message in found
        ]

    def add(
        self,
        run: str,
        created: str,
        state: str,
        attempt: int,
        now: float,
        *,
        handle: str | None = None,
        error: dict[str, str] | None = None,
        resumes: int = 0,
    ) -> bool:
        """Enter a run; False where it is there already."""
        failure = (error["code"], error["message"]) if error else (None, None)
        with self.transaction() as sql:
            new = sql(
                "INSERT OR IGNORE INTO runs (id, created, state, attempt, changed, resumes,"
                " error_code, error_message) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (run, created, state, attempt, now, resumes, *failure),
            ).rowcount
            if new:
                note(sql, run, attempt, "", state, now)
                if handle is not None:
                    hold(sql, run, attempt, handle)
        return bool(new)

    def move(
        self,
        row: Row,
        target: str,
        now: float,
        *,
        attempt: int | None = None,
        handle: str | None = None,
        error: dict[str, str] | None = None,
        resumes: int | None = None,
    ) -> bool:
        """Change the state of a run that is still as `row` says; False where it is not.

        `attempt` begins another attempt; `error` says why the run ended so.
        """
        new = row.attempt if attempt is None else attempt
        again = row.resumes if resumes is None else resumes
        failure = (error["code"], error["message"]) if error else (None, None)
        with self.transaction() as sql:
            done = sql(
                "UPDATE runs SET state = ?, attempt = ?, changed = ?, resumes = ?, error_code = ?,"
                " error_message = ? WHERE id = ? AND state = ? AND attempt = ?",
                (target, new, now, again, *failure, row.id, row.state, row.attempt),
            ).rowcount
            if done:
                note(sql, row.id, new, row.state, target, now)
                if handle is not None:
                    hold(sql, row.id, new, handle)
        return bool(done)

    def set_handle(self, row: Row, handle: str) -> None:
        """Say how the process of the row's attempt is found again."""
        with self.transaction() as sql:
            hold(sql, row.id, row.attempt, handle)

    def remove(self, row: Row) -> bool:
        """Forget a run that is still as `row` says."""
        with self.transaction() as sql:
            done = sql(
                "DELETE FROM runs WHERE id = ? AND state = ? AND attempt = ?",
                (row.id, row.state, row.attempt),
            ).rowcount
        return bool(done)

    def moves(self, run: str) -> list[tuple[int, str, str]]:
        """Each change of a run's state, in order: (attempt, from, to)."""
        with self.lock, self.told():
            sql = "SELECT attempt, source, target FROM moves WHERE run = ? ORDER BY number"
            return self.connection.execute(sql, (run,)).fetchall()

    def belong(self, runs: Path) -> None:
        """Note in which folder the directories of the runs are. Raises RunError if it is another.

        Beside the database it is noted by its name: both may be moved together.
        """
        here, beside = runs.resolve(), self.path.resolve().parent
        with self.transaction() as sql:
            if (noted := sql("SELECT runs FROM folder").fetchone()) is None:
                written = here.name if here.parent == beside else str(here)
                sql("INSERT INTO folder (runs) VALUES (?)", (written,))
        if noted and (known := beside / noted[0]) != here:
            again = command_line("runs", "--rebuild", home=runs.parent)
            raise RunError(
                f"the database {self.path} is of the runs in {known}, and those in {here} are "
                "wanted; set SACCADE_DATABASE to another file or unset it, or, where the folder "
                f"was moved, make the database again with: {again}"
            )

    def clear(self) -> None:
        """Forget every run, and in which folder they are."""
        with self.transaction() as sql:
            sql("DELETE FROM runs")
            sql("DELETE FROM folder")

    def damage(self) -> str:
        """What SQLite finds wrong with the file; "" where it is sound."""
        with self.lock, self.told():
            (found,) = self.connection.execute("PRAGMA integrity_check(1)").fetchone()
        return "" if found == "ok" else found

    @contextmanager
    def transaction(self) -> Iterator:
        with self.lock, self.told():
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                yield self.connection.execute
                self.connection.execute("COMMIT")
            except BaseException:
                if self.connection.in_transaction:
                    self.connection.execute("ROLLBACK")
                raise

    @contextmanager
    def told(self) -> Iterator[None]:
        """SQLite's errors, and those of the folder, as one sentence."""
        try:
            yield
        except sqlite3.Error as error:
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # without its finer distinction
            if code in BUSY:
                raise BusyError(
                    f"the database {self.path} has been in use by another process for "
                    f"{PATIENCE:.0f} s; try again, or end the process that holds it"
                ) from None
            if code == sqlite3.SQLITE_FULL:
                raise DiskFullError(
                    f"the disk of {self.path.parent} is full: make room and try again"
                ) from None
            if code in UNWRITABLE:
                raise RunError(
                    f"the database {self.path} cannot be read and written ({error}), which its "
                    f"folder {self.path.parent} must let you do; mend that, or name another folder "
                    "with --home"
                ) from None
            kind = DamagedError if code in DAMAGED else RunError
            raise kind(
                f"the database {self.path} cannot be used ({error}); if it is damaged, make it "
                "again from the run directories with: saccade runs --rebuild"
            ) from None
        except OSError as error:
            raise RunError(
                f"the folder {self.path.parent} cannot be used ({error.strerror}); "
                "name another one with --home"
            ) from error


def connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=PATIENCE, isolation_level=None, check_same_thread=False)


def patiently(connection: sqlite3.Connection, statement: str) -> sqlite3.Cursor:
    """Execute a statement of which SQLite says at once, without its timeout, that it must wait."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            return connection.execute(statement)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF not in BUSY or time.monotonic() > end:
                raise
        time.sleep(0.02)


def usable(path: Path) -> tuple[Store, Path | None]:
    """A store that works at `path`, and where the files of a damaged one were put for it."""
    with suppress(DamagedError):
        store = Store(path)
        if not store.damage():
            return store, None
        store.close()
    away = path.with_name(f"{path.name}.damaged-{time.time_ns()}")
    for part in PARTS:
        with suppress(FileNotFoundError):
            path.with_name(path.name + part).rename(away.with_name(away.name + part))
    return Store(path), away


def note(sql, run: str, attempt: int, source: str, target: str, at: float) -> None:
    sql(
        "INSERT INTO moves (run, attempt, source, target, at) VALUES (?, ?, ?, ?, ?)",
        (run, attempt, source, target, at),
    )


def hold(sql, run: str, attempt: int, handle: str) -> None:
    sql(
        "INSERT INTO attempts (run, attempt, handle) VALUES (?, ?, ?)"
        " ON CONFLICT DO UPDATE SET handle = excluded.handle",
        (run, attempt, handle),
    )
