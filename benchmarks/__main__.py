"""Run the benchmarks one after the other and write one table, beside the last one.

python -m benchmarks [NAME ...]        each as it was recorded last: results.json and results.md
python -m benchmarks NAME --OPTION ... the same of one benchmark that is to run otherwise
python -m benchmarks --take DIR        enters records that --out DIR wrote on another machine

A figure is compared with the one in the results.json that is committed, so that what a change made
worse is seen. A benchmark that fails, or measures nothing here, leaves its last record.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

import torch

from backend.analysis.machine import machine
from benchmarks.table import Record, compared, earlier, page, place, worse

FOLDER = Path(__file__).parent
KEPT, PAGE = FOLDER / "results.json", FOLDER / "results.md"
NOT_RUN = {"__init__", "__main__", "crowd", "pretrain", "record", "table"}
NAMES = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem not in NOT_RUN)


def run(name: str, options: list[str]) -> Record | None:
    """One benchmark in a process of its own; what it prints is shown as it comes. None where it
    fails."""
    command = [sys.executable, "-m", f"benchmarks.{name}", "--json", *options]
    last = ""
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout or ():
            if not line.startswith("{"):
                print(line, end="", flush=True)
            last = line
    return json.loads(last) if not process.returncode and last.startswith("{") else None


def on_disk() -> dict[str, Record]:
    return json.loads(KEPT.read_text()) if KEPT.exists() else {}


def committed() -> dict[str, Record]:
    """The records of the last commit, or where there is none those on the disk."""
    command = ["git", "show", f"HEAD:./{KEPT.name}"]
    try:
        done = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True)
    except FileNotFoundError:
        return on_disk()
    return on_disk() if done.returncode else json.loads(done.stdout)


class Results:
    """results.json and results.md as they grow."""

    def __init__(self) -> None:
        self.before, self.records, self.told = committed(), on_disk(), []

    def enter(self, record: Record) -> None:
        last = self.before.get(place(record))
        self.records[place(record)] = compared(record, last)
        self.told += worse(record, last)
        if last and not earlier(record, last):
            print(f"{record['benchmark']}: not compared with the last, which was asked otherwise")
        KEPT.write_text(json.dumps(self.records, indent=1) + "\n")
        PAGE.write_text(page(self.records))


def options_of(name: str, records: dict[str, Record]) -> list[str]:
    """How a benchmark was recorded last: here, or else elsewhere, whose drawing is left alone."""
    here = machine(torch.device("cuda" if torch.cuda.is_available() else "cpu"))
    on_this = place({"benchmark": name, "machine": here})
    elsewhere = [found for found in records.values() if found["benchmark"] == name]
    elsewhere.sort(key=lambda found: "gpu" in found["machine"])
    if on_this in records:
        return records[on_this]["options"]
    figure = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    figure.add_argument("--plot")
    return next((figure.parse_known_args(found["options"])[1] for found in elsewhere), [])


def taken(results: Results, folder: Path) -> list[str]:
    """Enter the records in a folder; returns the files that hold none."""
    odd = []
    for path in sorted(folder.glob("*.json")):
        record = json.loads(path.read_text())
        if record.get("benchmark") in NAMES and record.get("rows") and "asked" in record:
            results.enter(record)
        else:
            odd.append(path.name)
    return odd


def measured(results: Results, names: list[str], own: list[str]) -> list[str]:
    """Run and enter benchmarks; returns those of which nothing was entered."""
    missed = []
    for name in names:
        print(f"== {name}", flush=True)
        record = run(name, own or options_of(name, results.records))
        if record and record["rows"] and record["benchmark"] == name:
            results.enter(record)
        else:
            missed.append(name)
    return missed


def main() -> None:
    options = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    options.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(NAMES)}")
    options.add_argument("--take", type=Path, metavar="DIR", help="records made elsewhere")
    known, own = options.parse_known_args()
    names = known.names or ([] if known.take else NAMES)
    if own and len(names) != 1:
        raise SystemExit(f"{own[0]} is for one benchmark; name it before it")
    for name in names:
        if name not in NAMES:
            raise SystemExit(f"there is no benchmark {name}; there are {', '.join(NAMES)}")
    results = Results()
    if known.take and not known.take.is_dir():
        raise SystemExit(f"there is no folder {known.take} to take records from")
    missed = taken(results, known.take) if known.take else []
    missed += measured(results, names, own)
    for line in results.told:
        print(f"worse: {line}")
    if missed:
        raise SystemExit(f"without a record, and left as it was: {', '.join(missed)}")


if __name__ == "__main__":
    main()
