"""A bench's record as tables, for the terminal and as a page of Markdown."""

from typing import Any

from backend.cli.bar import duration
from backend.cli.runs import table

PIXELS = "pixels"
REFERENCES = (PIXELS, "random")


def blocks(record: dict[str, Any], markdown: bool) -> list[tuple[str, list[tuple[str, ...]]]]:
    """The tables of a record: one a protocol, the neighbours, and what each rule cost."""
    rows, found = record["summary"], []
    for word in record["protocols"]:
        there = [(row, row["probes"][word]) for row in rows if row["probes"].get(word)]
        if there:
            title = f"Linear probe, protocol {word}, % of the test images"
            found.append((title, by_layer(there, record, markdown)))
    there = [(row, row["neighbours"]) for row in rows if row["neighbours"]]
    title = f"Neighbours, k = {record['k']}, % of the test images"
    found.append((title, by_layer(there, record, markdown)))
    head = ("rule", "images", "seconds", "images/s apart", "memory apart, MB")
    head += ("final loss of each layer",)
    costs = [cost_of(row, record) for row in rows if row["rule"] in record["rules"]]
    if costs:
        found.append(("What training cost", [head, *costs]))
    return found


def by_layer(
    there: list[tuple[dict, list[dict]]], record: dict[str, Any], markdown: bool
) -> list[tuple]:
    layers = sorted({e["layer"] for _, found in there for e in found if e["layer"]})
    joined = any(each["layer"] is None for _, found in there for each in found)
    head = ["rule", "labels", "crosses layers", *(f"layer {n}" for n in layers)]
    head += ["all layers"] if joined else []
    lines = [tuple(head)]
    for row, found in there:
        known = {each["layer"]: each for each in found}
        facts = ("yes" if row[fact] else "no" for fact in ("labels", "crosses"))
        cells = [name_of(row, record), *facts]
        if row["rule"] == PIXELS and 0 in known:
            cells += [share(known[0], markdown), *[""] * (len(layers) - 1)]
        else:
            cells += [share(known.get(n), markdown) for n in layers]
        cells += [share(known.get(None), markdown)] if joined else []
        lines.append(tuple(cells))
    return lines


def name_of(row: dict[str, Any], record: dict[str, Any]) -> str:
    """A rule, with what tells two references apart and, where not all are finished, its seeds."""
    several = len({other["view"] for other in record["summary"]}) > 1
    told = [row["view"]] if several and row["rule"] in REFERENCES else []
    if row["rule"] != PIXELS and len(row["seeds"]) < len(record["seeds"]):
        told.append(f"{len(row['seeds'])} of {len(record['seeds'])} seeds")
    return row["rule"] + (f" ({', '.join(told)})" if told else "")


def share(found: dict[str, float] | None, markdown: bool) -> str:
    """An accuracy with its interval, in per cent."""
    if found is None:
        return ""
    value, low, high = (100 * found[name] for name in ("accuracy", "low", "high"))
    if markdown:
        return f"{value:.1f} ({low:.1f} to {high:.1f})"
    return f"{value:.1f} ±{max(value - low, high - value):.1f}"


def cost_of(row: dict[str, Any], record: dict[str, Any]) -> tuple[str, ...]:
    first = next(r for r in record["rows"] if r["rule"] == row["rule"] and r["done"])
    losses = (first["losses"] or {}).get("losses") or [[]]
    speed, memory = row["images_per_second"], row["memory_mb"]
    return (
        name_of(row, record),
        "" if first["images"] is None else f"{first['images']:,}",
        "" if row["seconds"] is None else duration(row["seconds"]),
        "" if speed is None else f"{speed:.1f}",
        "" if memory is None else f"{memory:,}",
        " ".join(f"{loss:.3f}" for loss in losses[-1]),
    )


def as_text(record: dict[str, Any]) -> str:
    parts = [f"{title}\n{table(rows)}" for title, rows in blocks(record, markdown=False)]
    return "\n\n".join(parts)


def as_markdown(record: dict[str, Any]) -> str:
    """The whole record for people: command, machine, tables, definitions, what failed."""
    machine, data = record["machine"], record["data"]
    lines = [f"# Rules on {data['title']}", "", f"    {record['command']}", ""]
    on = [f"{machine['processor']}, {machine['cores']} cores, {machine['threads']} threads"]
    on += [machine["gpu"]] if "gpu" in machine else []
    lines += [
        f"Measured on {', '.join(on)}; {machine['system']}, Python {machine['python']}, torch "
        f"{machine['torch']}, numpy {machine['numpy']}, Saccade {record['version']}; begun "
        f"{record['created'][:10]}.",
        "",
        f"{data['images']:,} training images ({data['n_train']:,} with labels for the probes), "
        f"{data['n_test']:,} test images, {len(data['classes'])} classes, chance "
        f"{data['chance']:.1%}; images {data['fingerprint']}. Seeds: "
        f"{', '.join(map(str, record['seeds']))}.",
        "",
    ]
    for title, rows in blocks(record, markdown=True):
        lines += [f"## {title}", ""]
        lines += [f"| {' | '.join(cells)} |" for cells in rows[:1]]
        lines += ["|" + "---|" * len(rows[0])]
        lines += [f"| {' | '.join(cells)} |" for cells in rows[1:]]
        lines += [""]
    lines += ["The row `pixels` has one figure, of the raw pixels themselves.", ""]
    used = [*record["protocols"], "neighbours", "interval", "random", "seconds", "alone"]
    lines += ["## Definitions", ""]
    lines += [f"- **{word}**: {record['definitions'][word]}" for word in used]
    failed = [row for row in record["rows"] if row["error"]]
    if failed:
        lines += ["", "## Failed", ""]
        lines += [f"- {row['rule']}, seed {row['seed']}: {row['error']}" for row in failed]
    return "\n".join(lines) + "\n"
