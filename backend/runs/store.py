"""Which runs exist and in which state: the rows of the database, and the statements on them.

Every change of state is a compare-and-set in one immediate transaction, together with its row in
`moves`: of two processes that want the same change, one gets it.
"""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from backend.errors import DamagedError, RunError
from backend.runs.advice import command_line
from backend.runs.database import Database, put_away


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
    """Runs and their states in one SQLite file; raises what its Database raises."""

    def __init__(self, path: Path) -> None:
        self.database = Database(path)

    def close(self) -> None:
        self.database.close()

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
        return [
            Row(*first, {"code": code, "message": message} if code else None, resumes)
            for *first, resumes, code, message in self.database.select(sql, *values)
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
        with self.database.transaction() as sql:
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
        with self.database.transaction() as sql:
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
        with self.database.transaction() as sql:
            hold(sql, row.id, row.attempt, handle)

    def remove(self, row: Row) -> bool:
        """Forget a run that is still as `row` says."""
        with self.database.transaction() as sql:
            done = sql(
                "DELETE FROM runs WHERE id = ? AND state = ? AND attempt = ?",
                (row.id, row.state, row.attempt),
            ).rowcount
        return bool(done)

    def moves(self, run: str) -> list[tuple[int, str, str]]:
        """Each change of a run's state, in order: (attempt, from, to)."""
        sql = "SELECT attempt, source, target FROM moves WHERE run = ? ORDER BY number"
        return self.database.select(sql, run)

    def belong(self, runs: Path) -> None:
        """Note in which folder the directories of the runs are. Raises RunError if it is another.

        Beside the database it is noted by its name: both may be moved together.
        """
        path = self.database.path
        here, beside = runs.resolve(), path.resolve().parent
        with self.database.transaction() as sql:
            if (noted := sql("SELECT runs FROM folder").fetchone()) is None:
                written = here.name if here.parent == beside else str(here)
                sql("INSERT INTO folder (runs) VALUES (?)", (written,))
        if noted and (known := beside / noted[0]) != here:
            again = command_line("runs", "--rebuild", home=runs.parent)
            raise RunError(
                f"the database {path} is of the runs in {known}, and those in {here} are "
                "wanted; set SACCADE_DATABASE to another file or unset it, or, where the folder "
                f"was moved, make the database again with: {again}"
            )

    def clear(self) -> None:
        """Forget every run, and in which folder they are."""
        with self.database.transaction() as sql:
            sql("DELETE FROM runs")
            sql("DELETE FROM folder")


def usable(path: Path) -> tuple[Store, Path | None]:
    """A store that works at `path`, and where the files of a damaged one were put for it."""
    with suppress(DamagedError):
        store = Store(path)
        if not store.database.damage():
            return store, None
        store.close()
    away = put_away(path)
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
