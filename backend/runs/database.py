"""One SQLite file: is it sound, are its tables this Saccade's, and whose turn is it?"""

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from backend.errors import BusyError, DamagedError, DiskFullError, RunError

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


class Database:
    """The tables of schema.sql in one file; safe to use from threads and processes at once.

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

    def select(self, sql: str, *values: object) -> list[tuple]:
        """What one statement finds."""
        with self.lock, self.told():
            return self.connection.execute(sql, values).fetchall()

    @contextmanager
    def transaction(self) -> Iterator:
        """Gives what executes a statement; all that it executed holds, or nothing."""
        with self.lock, self.told():
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                yield self.connection.execute
                self.connection.execute("COMMIT")
            except BaseException:
                if self.connection.in_transaction:
                    self.connection.execute("ROLLBACK")
                raise

    def damage(self) -> str:
        """What SQLite finds wrong with the file; "" where it is sound."""
        try:
            ((found,),) = self.select("PRAGMA integrity_check(1)")
        except DamagedError as error:
            return str(error)
        return "" if found == "ok" else found

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


def put_away(path: Path) -> Path:
    """Rename the files of a damaged database, so that another can be made. Returns the new path."""
    away = path.with_name(f"{path.name}.damaged-{time.time_ns()}")
    for part in PARTS:
        with suppress(FileNotFoundError):
            path.with_name(path.name + part).rename(away.with_name(away.name + part))
    return away
