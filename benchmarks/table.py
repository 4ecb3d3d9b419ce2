"""What was measured, as one page, each figure beside the one that was committed last.

A figure is known by its name and the unit up to a comma or semicolon; what follows may change.
Figures of two machines, or of two ways to ask for them, defaults included, do not compare: their
ratio is left out.
"""

from typing import Any

from benchmarks.record import number

Record = dict[str, Any]

LESS_IS_BETTER = {
    *("s", "ms", "kB", "MB", "%", "% of a step of vgg6-small", "requests", "answers"),
    *("of the radius", "power of the images", "power of the units"),
}
MORE_IS_BETTER = {
    *("images/s", "requests/s", "% right", "per cent", "points", "times"),
    *("of 1", "of its speed", "of the floor"),
}
BESIDE = {"peak_mb": "MB", "share_of_floor": "of the floor"}  # other figures that a row may have
MACHINE = ("processor", "instructions", "cores", "threads", "system", "device", "gpu")
MARGIN = 0.1  # of the last figure: what is worse by more is told


def place(record: Record) -> str:
    """What a record is kept under: its benchmark, with the GPU or the processor's instructions."""
    machine = record["machine"]
    return f"{record['benchmark']} on {machine.get('gpu') or machine['instructions']}"


def stem(unit: str) -> str:
    return unit.split(",")[0].split(";")[0]


def of_row(row: dict[str, Any]) -> dict[str, float]:
    """The figures of a row by their unit."""
    beside = {unit: row[key] for key, unit in BESIDE.items() if key in row}
    return {stem(row["unit"]): row["value"]} | beside


def earlier(record: Record, last: Record | None) -> dict[tuple[str, str], float]:
    """The figures of the last record by name and unit; none where it does not compare."""
    if last is None or last.get("asked") != record["asked"]:
        return {}
    if any(last["machine"].get(name) != record["machine"].get(name) for name in MACHINE):
        return {}
    return {
        (row["name"], unit): value for row in last["rows"] for unit, value in of_row(row).items()
    }


def compared(record: Record, last: Record | None) -> Record:
    """The record with `times_last` in each row: the ratio of its figures to the last, by unit."""
    known, rows = earlier(record, last), []
    for row in record["rows"]:
        ratios = {
            unit: value / known[row["name"], unit]
            for unit, value in of_row(row).items()
            if known.get((row["name"], unit))
        }
        rows.append(row | {"times_last": ratios})
    before = {key: last[key] for key in ("when", "versions")} if last and known else None
    return record | {"rows": rows, "last": before}


def worse(record: Record, last: Record | None) -> list[str]:
    """Figures that are worse than the last by more than MARGIN of it, a sentence each."""
    known, found = earlier(record, last), []
    for row in record["rows"]:
        for unit, value in of_row(row).items():
            before = known.get((row["name"], unit))
            if before is None:
                continue
            loss = value - before if unit in LESS_IS_BETTER else before - value
            if loss > MARGIN * abs(before):
                told = f"{number(value)} {unit}, {number(before)} the last time"
                found.append(f"{record['benchmark']}: {row['name']}: {told}")
    return found


def page(records: dict[str, Record]) -> str:
    """All records as Markdown."""
    text = [
        "# What was measured",
        "",
        "`python -m benchmarks` wrote this page; nothing in it is typed. A row without least and",
        "most was measured once. The last column is the ratio to the figure that was committed",
        "before, where that was asked for in the same way on the same machine.",
    ]
    for name, record in sorted(records.items()):
        machine, last = record["machine"], record.get("last")
        text += [
            "",
            f"## {name}",
            "",
            " ".join([f"    python -m benchmarks.{record['benchmark']}", *record["options"]]),
            "",
            f"{machine.get('gpu') or machine['processor']}, {machine['cores']} cores, "
            f"{machine['threads']} threads; Python {machine['python']}, {told(record)}."
            + (f" The last: {told(last)}." if last else ""),
            "",
            "| what | median | least | most | unit | goal | times the last |",
            "|---|---|---|---|---|---|---|",
            *(line(cells(row)) for row in record["rows"]),
            *extra(record),
        ]
    return "\n".join(text) + "\n"


def told(record: Record) -> str:
    """With which packages, and when."""
    versions = ", ".join(f"{word} {version}" for word, version in record["versions"].items())
    return f"{versions}; {record['when']}"


def line(cells: list[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "/") for cell in cells) + " |"


def cells(row: dict[str, Any]) -> list[str]:
    return [
        row["name"],
        *(number(row[key]) if key in row else "" for key in ("value", "low", "high")),
        row["unit"],
        row.get("goal") or "",
        ratio(row, stem(row["unit"])),
    ]


def ratio(row: dict[str, Any], unit: str) -> str:
    found = row.get("times_last", {}).get(unit)
    return "" if found is None else f"{found:.2f}"


def extra(record: Record) -> list[str]:
    """What a row of train_step tells beside its speed."""
    rows = [row for row in record["rows"] if "share_of_floor" in row]
    if not rows:
        return []
    head = "| what | peak memory over the resident, MB | times the last | share of the floor | "
    head += "times the last | matrix rate |"
    lines = [
        f"| {row['name']} | {row['peak_mb']:,.0f} | {ratio(row, 'MB')} | "
        f"{row['share_of_floor']:.2f} of {number(row['floor_images_per_s'])} images/s | "
        f"{ratio(row, 'of the floor')} | {number(row['matrix_gflops'])} GFLOP/s "
        f"{row['matrix_dtype']} |"
        for row in rows
    ]
    return ["", head, "|---|---|---|---|---|---|", *lines]
