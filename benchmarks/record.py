"""What a benchmark measures, as a table for people or one JSON object for machines.

Every benchmark is `python -m benchmarks.NAME [--json] [--out DIR]` with a function `rows(options)`
that yields one dictionary a figure: `name`, `value`, `unit`, `goal` and, where it was repeated,
`low`, `high` and `runs`. None asserts a time.
"""

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

from backend.analysis.machine import machine

Row = dict[str, Any]
PACKAGES = ("torch", "numpy", "scikit-learn", "openTSNE", "plotly")
RUNS = 5  # repetitions of what is timed, at least
HOW = ("json", "out", "plot")  # options that say how a record is told, not what is measured


def parser(description: str | None) -> argparse.ArgumentParser:
    """The options that all benchmarks have."""
    made = argparse.ArgumentParser(description=description)
    made.add_argument("--json", action="store_true", help="one JSON object as the last line")
    made.add_argument("--out", type=Path, metavar="DIR", help="write that object to DIR/NAME.json")
    made.add_argument("--runs", type=int, default=RUNS, help="repetitions (default: %(default)s)")
    words = {"choices": ("auto", "cpu", "cuda"), "default": "auto"}
    made.add_argument("--device", **words, help="cpu: without the GPUs; cuda: not without one")
    return made


def parsed(options: argparse.ArgumentParser, least: int = 1) -> argparse.Namespace:
    """The options as given. Without the GPUs, this process and those it starts do not see them.

    least: the GPUs that the benchmark needs to use any.
    """
    given = options.parse_args()
    if given.device == "cpu":
        os.environ["CUDA_VISIBLE_DEVICES"] = ""
    elif given.device == "cuda" and torch.cuda.device_count() < least:
        options.error(
            f"--device cuda, but this needs {least} CUDA GPUs and torch finds "
            f"{torch.cuda.device_count()} here; leave it out, or say cpu"
        )
    return given


def alternately(
    calls: dict[str, Callable[[], Any]],
    runs: int = RUNS,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, list[float]]:
    """Seconds of each call, `runs` times, turn by turn, so that all meet the same machine.

    One round to warm up is not counted. clock: `time.process_time` leaves out what other work
    takes from this process.
    """
    taken: dict[str, list[float]] = {name: [] for name in calls}
    for number in range(runs + 1):
        for name, call in calls.items():
            start = clock()
            call()
            if number:
                taken[name].append(clock() - start)
    return taken


def figure(
    name: str, values: Iterable[float], unit: str, goal: str | None = None, **more: Any
) -> Row:
    """One row: the median of the values, their least and greatest, and how many there are."""
    values = list(values)
    spread = {"low": min(values), "high": max(values), "runs": len(values)}
    row = {"name": name, "value": statistics.median(values), "unit": unit, "goal": goal}
    return row | (spread if len(values) > 1 else {}) | more


def told(
    benchmark: str, rows: Iterable[Row], given: argparse.Namespace, device: str | None = None
) -> None:
    """Print each row as it comes; the whole as the last line, or in a folder, where asked for.

    device: on which it ran; default: a CUDA GPU where there is one.
    """
    kept = []
    for row in rows:
        kept.append(row)
        print(line(row), flush=True)
    if given.json or given.out:
        device = device or ("cuda" if torch.cuda.is_available() else "cpu")
        whole = json.dumps(record(benchmark, kept, given, torch.device(device)))
        if given.out:
            given.out.mkdir(parents=True, exist_ok=True)
            (given.out / f"{benchmark}.json").write_text(whole + "\n")
        if given.json:
            print(whole, flush=True)


def record(
    benchmark: str, rows: list[Row], given: argparse.Namespace, device: torch.device
) -> dict[str, Any]:
    """`options` is what was said, `asked` all that this came to, defaults included."""
    asked = {name: value for name, value in vars(given).items() if name not in HOW}
    return {
        "benchmark": benchmark,
        "machine": machine(device),
        "versions": versions(),
        "options": options_of(sys.argv[1:]),
        "asked": json.loads(json.dumps(asked, default=str)),
        "when": datetime.now(UTC).isoformat(timespec="minutes"),
        "rows": rows,
    }


def options_of(words: list[str]) -> list[str]:
    """What was asked of a benchmark, without how its record is told."""
    how = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    how.add_argument("--json", action="store_true")
    how.add_argument("--out")
    return how.parse_known_args(words)[1]


def versions() -> dict[str, str]:
    """Of the packages that are installed here."""
    found = {}
    for name in PACKAGES:
        with suppress(PackageNotFoundError):
            found[name] = version(name)
    return found


def line(row: Row) -> str:
    """A row as people read it: name, value, spread, unit, goal."""
    spread = f" ({number(row['low'])} to {number(row['high'])})" if "low" in row else ""
    goal = f"; goal {row['goal']}" if row.get("goal") else ""
    return f"{row['name']}: {number(row['value'])}{spread} {row['unit']}{goal}"


def number(value: float) -> str:
    """Four significant digits, without an exponent."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
