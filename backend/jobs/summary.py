"""What do the rows of a bench say together, over seeds?"""

from typing import Any

from backend.analysis import seeds

REFERENCES = ("pixels", "random")  # what every bench has, the first rows of its summary


def summary(record: dict[str, Any]) -> list[dict[str, Any]]:
    """Every rule as one kind of encoder sees, over its seeds: pixels and random first."""
    rows = [row for row in record["rows"] if row["done"]]
    order = {word: n for n, word in enumerate((*REFERENCES, *record["rules"]))}
    groups = dict.fromkeys((row["rule"], row["view"]) for row in rows)
    found = []
    for rule, view in sorted(groups, key=lambda group: order[group[0]]):
        group = [row for row in rows if (row["rule"], row["view"]) == (rule, view)]
        words = [w for w in record["protocols"] if all(w in row["probes"] for row in group)]
        alone = record["alone"].get(rule, {})
        found.append(
            {name: group[0][name] for name in ("rule", "view", "labels", "crosses", "loss_at")}
            | {
                "seeds": [row["seed"] for row in group],
                "runs": [row["run"] for row in group],
                "epoch": group[0]["epoch"],
                "probes": {
                    word: by_layer([row["probes"][word] for row in group]) for word in words
                },
                "neighbours": by_layer([row["neighbours"] for row in group]),
                "seconds": mean([row["seconds"] for row in group]),
                "images_per_second": alone.get("images_per_second"),
                "memory_mb": alone.get("gpu_memory_mb") or alone.get("memory_mb"),
            }
        )
    return found


def by_layer(found: list[list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Accuracies [seed][layer] -> one a layer, over seeds."""
    return [
        {"layer": layers[0]["layer"]} | seeds.over_seeds(list(layers))
        for layers in zip(*found, strict=True)
    ]


def mean(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return round(sum(known) / len(known), 1) if known else None
