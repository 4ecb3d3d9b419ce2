"""Which runs exist and in which state: the one file that speaks SQL.

Every change of state is a compare-and-set in one immediate transaction, together with its row in
`moves`: of two processes that want the same change, one gets it.
"""

import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from backend.errors import DiskFullError, RunError

SCHEMA = Path(__file__).with_name("schema.sql")
PATIENCE = 10.0  # seconds to wait for another process's transaction


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


class Store:
    """Runs and their states in one SQLite file; safe to use from threads and processes at once.

    Raises RunError if the file cannot be used, DiskFullError if there is no room.
    """

    def __init__(self, path: Path) -> None:
        self.path, self.lock = path, threading.Lock()
        with self.told():
            path.parent.mkdir(parents=True, exist_ok=True)
            self.connection = sqlite3.connect(
                path, timeout=PATIENCE, isolation_level=None, check_same_thread=False
            )
            for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
                self.connection.execute(f"PRAGMA {pragma}")
            self.connection.executescript(SCHEMA.read_text(encoding="utf-8"))

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
            " error_code, error_message FROM runs LEFT JOIN attempts"
            f" ON attempts.run = id AND attempts.attempt = runs.attempt {rest}"
        )
        with self.lock, self.told():
            found = self.connection.execute(sql, values).fetchall()
        return [
            Row(*first, {"code": code, "message": message} if code else None)
            for *first, code, message in found
        ]

    def add(self, run: str, created: str, state: str, attempt: int, now: float) -> bool:
        """Enter a run; False where it is there already."""
        with self.transaction() as sql:
            new = sql(
                "INSERT OR IGNORE INTO runs (id, created, state, attempt, changed)"
                " VALUES (?, ?, ?, ?, ?)",
                (run, created, state, attempt, now),
            ).rowcount
            if new:
                note(sql, run, attempt, "", state, now)
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
    ) -> bool:
        """Change the state of a run that is still as `row` says; False where it is not.

        `attempt` begins another attempt; `error` says why the run ended so.
        """
        new = row.attempt if attempt is None else attempt
        failure = (error["code"], error["message"]) if error else (None, None)
        with self.transaction() as sql:
            done = sql(
                "UPDATE runs SET state = ?, attempt = ?, changed = ?, error_code = ?,"
                " error_message = ? WHERE id = ? AND state = ? AND attempt = ?",
                (target, new, now, *failure, row.id, row.state, row.attempt),
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
            if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
                raise DiskFullError(
                    f"the disk of {self.path.parent} is full: make room and try again"
                ) from None
            raise RunError(
                f"the database {self.path} cannot be used ({error}); if it is damaged, move it "
                "away: it is made again from the run directories"
            ) from None
        except OSError as error:
            raise RunError(
                f"the folder {self.path.parent} cannot be used ({error.strerror}); "
                "name another one with --home"
            ) from error


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
