"""Run the benchmarks one after the other and write one table, beside the last one.

python -m benchmarks [NAME ...]        writes benchmarks/results.json and results.md
python -m benchmarks NAME --OPTION ... the same of one benchmark that is to run otherwise

A figure is compared with the one of the same name in results.json as it was: their ratio, so that
what a change made worse is seen. Figures of two machines do not compare, and the table says so.
"""

import argparse
import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.record import number

FOLDER = Path(__file__).parent
KEPT, PAGE = FOLDER / "results.json", FOLDER / "results.md"
NOT_RUN = {"__init__", "__main__", "crowd", "record"}
NAMES = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem not in NOT_RUN)
LESS_IS_BETTER = ("s", "ms", "kB", "MB", "%")  # units begin with one of these, or more is better
Record = dict


def run(name: str, options: list[str]) -> Record:
    """One benchmark in a process of its own; what it prints is shown as it comes."""
    command = [sys.executable, "-m", f"benchmarks.{name}", "--json", *options]
    last = ""
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout or ():
            if not line.startswith("{"):
                print(line, end="", flush=True)
            last = line
    if process.returncode:
        raise SystemExit(f"benchmark {name} ended with {process.returncode}")
    when = datetime.now(UTC).isoformat(timespec="minutes")
    return json.loads(last) | {"options": options, "when": when}


def by_name(record: Record | None) -> dict[tuple[str, str], float]:
    rows = record["rows"] if record else ()
    return {(row["name"], row["unit"].split(",")[0]): row["value"] for row in rows}


def page(records: dict[str, Record], before: dict[str, Record]) -> str:
    """All records as Markdown, each figure with its ratio to the one before."""
    text = ["# What was measured", "", "`make bench` wrote this page; nothing in it is typed."]
    for name, record in sorted(records.items()):
        machine, versions = record["machine"], record["versions"]
        old = before.get(name)
        same = old is not None and old["machine"] == machine
        told = ", ".join(f"{word} {version}" for word, version in versions.items())
        text += [
            "",
            f"## {name}",
            "",
            " ".join([f"    python -m benchmarks.{name} --json", *record.get("options", ())]),
            "",
            f"{machine.get('gpu') or machine['processor']}, {machine['cores']} cores, "
            f"{machine['threads']} threads; Python {machine['python']}, {told}; {record['when']}.",
            "",
            "| what | median | least | most | unit | goal | times the last |",
            "|---|---|---|---|---|---|---|",
        ]
        earlier = by_name(old) if same else {}
        for row in record["rows"]:
            last = earlier.get((row["name"], row["unit"].split(",")[0]))
            cells = [
                row["name"],
                number(row["value"]),
                number(row["low"]) if "low" in row else "",
                number(row["high"]) if "high" in row else "",
                row["unit"],
                row.get("goal") or "",
                f"{row['value'] / last:.2f}" if last else "",
            ]
            text.append("| " + " | ".join(cell.replace("|", "/") for cell in cells) + " |")
        text += [*extra(record)]
    return "\n".join(text) + "\n"


def extra(record: Record) -> list[str]:
    """What a row of train_step tells beside its speed."""
    rows = [row for row in record["rows"] if "share_of_floor" in row]
    if not rows:
        return []
    head = "| what | peak memory over the resident, MB | share of the floor | matrix rate |"
    lines = [
        f"| {row['name']} | {row['peak_mb']:,.0f} | {row['share_of_floor']:.2f} of "
        f"{number(row['floor_images_per_s'])} images/s | {number(row['matrix_gflops'])} GFLOP/s "
        f"{row['matrix_dtype']} |"
        for row in rows
    ]
    return ["", head, "|---|---|---|---|", *lines]


def worse(records: dict[str, Record], before: dict[str, Record]) -> list[str]:
    """Figures that are more than a tenth worse than the last ones of the same machine."""
    found = []
    for name, record in records.items():
        old = before.get(name)
        if old is None or old["machine"] != record["machine"]:
            continue
        earlier = by_name(old)
        for key, value in by_name(record).items():
            if not earlier.get(key):
                continue
            ratio = value / earlier[key]
            less = key[1].split()[0] in LESS_IS_BETTER
            if (ratio if less else 1 / ratio) > 1.1:
                found.append(f"{name}: {key[0]}: {ratio:.2f} times the last {key[1]}")
    return found


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    options.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(NAMES)}")
    known, own = options.parse_known_args()
    names = known.names or NAMES
    if own and len(names) != 1:
        raise SystemExit(f"{own[0]} is for one benchmark; name it before it")
    for name in names:
        if name not in NAMES:
            raise SystemExit(f"there is no benchmark {name}; there are {', '.join(NAMES)}")
    before = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    records = dict(before)
    for name in names:
        print(f"== {name}", flush=True)
        records[name] = run(name, own)
        KEPT.write_text(json.dumps(records, indent=1) + "\n")
    PAGE.write_text(page(records, before))
    for line in worse(records, before):
        print(f"worse: {line}")


if __name__ == "__main__":
    main()
