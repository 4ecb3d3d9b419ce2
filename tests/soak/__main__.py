"""Try each promise many times, and write what came out as a table.

    python -m tests.soak [NAME ...] [--ci] [--out FILE.md]

Without names all of them, in their long form (hours); `--ci` tries as often as the tests do. Each
runs in a process of its own. Exit code 1 where anything was bad.
"""

import argparse
import json
import subprocess
import sys
import time
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

import torch

from backend.analysis.machine import machine

CASES = {  # name: tries of the long form, and of the tests
    "runs": (2000, 100),
    "checkpoints": (2000, 100),
    "streams": (10_000, 1000),
    "uploads": (2000, 200),
    "security": (10_000, 1000),
    "slurm": (8, 1),
}
Record = dict
HEADING = """\
# What was tried

`python -m tests.soak{words} --out FILE` wrote this page. Each promise of the READMEs is tried with
the fault that would break it; a row counts the tries and how many of them were bad. What is real,
and what stands in for something, is said at the top of each file of `tests/soak/` and
`tests/hostile/`. Power loss is not among the faults: what a killed process wrote, the system still
has.
"""


def proved(name: str, cases: int) -> Record:
    """What one proof tried, in a process of its own."""
    begun = time.monotonic()
    command = [sys.executable, "-m", "tests.soak", "--one", name, f"{cases}"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        row = [f"the proof itself ended with {done.returncode}", 1, 1, ""]
        return {"name": name, "cases": cases, "rows": [row], "seconds": time.monotonic() - begun}
    rows = json.loads(done.stdout.splitlines()[-1])
    return {"name": name, "cases": cases, "rows": rows, "seconds": time.monotonic() - begun}


def one(name: str, cases: int) -> list[list]:
    """Rows of (what, tried, bad, note); what a proof prints goes to stderr."""
    out, sys.stdout = sys.stdout, sys.stderr
    try:
        rows = import_module(f"tests.soak.{name}").soak(cases)
    finally:
        sys.stdout = out
    return [[*row, ""][:4] for row in rows]


def page(records: list[Record], words: str) -> str:
    about = machine(torch.device("cpu"))
    where = (
        f"{about['processor']}, {about['cores']} cores; {about['system']}, Python "
        f"{about['python']}, torch {about['torch']}; {datetime.now(UTC):%Y-%m-%d}."
    )
    return f"{HEADING.format(words=words)}\n{where}\n\n{table(records)}"


def table(records: list[Record]) -> str:
    text = ["| what would be bad | tried | bad | note |", "|---|---|---|---|"]
    for record in records:
        text.append(f"| **{record['name']}**, {record['seconds']:,.0f} s | | | |")
        for what, tried, bad, note in record["rows"]:
            told = str(note).replace("|", "/")
            text.append(f"| {what} | {tried:,} | {bad} | {told} |")
    return "\n".join(text) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(CASES))
    parser.add_argument("--ci", action="store_true", help="as often as the tests do")
    parser.add_argument("--out", type=Path, metavar="FILE.md", help="write the table there")
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        rows = one(given.one[0], int(given.one[1]))
        print(json.dumps(rows), flush=True)
        return 0
    if wrong := [name for name in given.names if name not in CASES]:
        parser.error(f"{wrong[0]} is no proof; choose of {', '.join(CASES)}")
    records = []
    for name in given.names or CASES:
        records.append(proved(name, CASES[name][given.ci]))
        print(table(records[-1:]), flush=True)
    if given.out:
        given.out.write_text(page(records, " --ci" if given.ci else ""), encoding="utf-8")
    return int(any(row[2] for record in records for row in record["rows"]))


if __name__ == "__main__":
    sys.exit(main())
