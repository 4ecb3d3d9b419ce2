"""List the runs, or make their database again."""

import argparse
import json
import sys
from contextlib import closing
from typing import Any

from backend.cli.flags import home_flag
from backend.cli.home import check_there, opened
from backend.cli.stream import put
from backend.jobs.local import Local
from backend.jobs.queue import Queue
from backend.runs.advice import command_line
from backend.runs.store import usable
from backend.settings import Settings

HEAD = ("run", "state", "data", "rule", "encoder", "epochs", "analysed", "top layer", "name")


def add(command: argparse.ArgumentParser) -> None:
    command.description = "List the runs, newest first, those that ship with Saccade last."
    command.add_argument("--json", action="store_true", help="as the HTTP interface gives them")
    command.add_argument(
        "--rebuild",
        action="store_true",
        help="first make the database again from the run directories alone; end the server before",
    )
    home_flag(command)
    command.set_defaults(run=run)


def run(options: argparse.Namespace, settings: Settings) -> int:
    check_there(settings)
    if options.rebuild:
        rebuild(settings)
    with opened(settings) as home:
        found = home.catalogue.all()
        refused = [*home.catalogue.refusals(), *home.queue.refused.values()]
    for reason in refused:
        put(f"note: {reason}\n", sys.stderr)
    if options.json:
        print(json.dumps({"runs": found}, indent=1))
    elif found:
        print(table([HEAD, *map(cells, found)]))
        for run in found:
            for warning in run["warnings"]:
                print(f"warning: {run['id']}: {warning['message']}")
    else:
        print(f"no runs yet; begin one with: {command_line('train', home=options.home)}")
    return 0


def rebuild(settings: Settings) -> None:
    store, away = usable(settings.database)
    with closing(store):
        store.clear()  # it may be of a folder that was moved since
        queue = Queue(store, settings.runs, settings.home, Local())
        queue.rebuild()
        count = len(store.rows())
    told = f"the database was made again from {count} run directories\n"
    put(told + (f"the damaged one is {away}\n" if away else ""), sys.stderr)


def cells(run: dict[str, Any]) -> tuple[str, ...]:
    """One run as a row of the table."""
    config, accuracy = run["config"], run["accuracy"]
    done = max([*run["history"]["epochs"], *run["checkpoints"], *run["analysed"]], default=0)
    return (
        run["id"],
        run["state"] + (", ships" if run["shipped"] else ""),
        run["dataset"],
        *(str(config.get(name, "-")) for name in ("rule", "encoder")),
        f"{done}/{config.get('epochs', '-')}",
        str(len(run["analysed"])),
        "-" if accuracy is None else f"{accuracy:.1%}",
        "" if run["name"] == run["id"] else run["name"],
    )


def table(rows: list[tuple[str, ...]]) -> str:
    """Rows under each other, each column as wide as it must be."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("  ".join(f"{cell:<{w}}" for cell, w in zip(row, widths, strict=True)) for row in rows)
    return "\n".join(line.rstrip() for line in lines)
