"""A checkpoint as files to work with elsewhere: coordinates, units and probes, CSV or NPZ."""

import csv
import io
import json
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from fastapi import APIRouter, Depends, Response

from backend.api.deps import Analysed, OfWhole
from backend.api.exports import place
from backend.api.units import PER_UNIT

router = APIRouter(prefix="/runs/{run}", tags=["tables"], dependencies=[Depends(place)])

CSV, NPZ = "text/csv", "application/octet-stream"
MEASURED = (*PER_UNIT, "maximum")
PROBED = ("accuracy", "low", "high")


def kind(word: str) -> dict[str, Any]:
    """How a route says that it answers with a file."""
    told = {"content": {word: {}}, "description": "A file to save."}
    return {"response_class": Response, "responses": {200: told}}


def file_of(seen: Analysed, name: str, kind: str, data: bytes) -> Response:
    told = f'attachment; filename="{seen.run}-epoch-{seen.epoch}-{name}"'
    return Response(data, media_type=kind, headers={"content-disposition": told})


@router.get("/coordinates.csv", **kind(CSV))
def coordinates_csv(seen: OfWhole):
    """Where each test image lies on the map of every layer: a row an image, as CSV."""
    ids, labels, maps = places(seen)
    names = [f"{axis}_layer{layer}" for layer in seen.layers for axis in "xy"]
    columns = [found[axis].tolist() for found in maps for axis in "xy"]
    split, classes = seen.summary()["split"], named(seen, labels)
    rows = zip(ids.tolist(), classes, [split] * len(ids), *columns, strict=True)
    return file_of(
        seen, "coordinates.csv", CSV, table(["image", "class", "split", *names], rows, seen)
    )


@router.get("/coordinates.npz", **kind(NPZ))
def coordinates_npz(seen: OfWhole):
    """The same as NumPy arrays: x and y [layer, image], ids, labels, and how they were made."""
    ids, labels, maps = places(seen)
    summary = seen.summary()
    told = {
        **{"run": seen.run, "epoch": seen.epoch, "dataset": summary["dataset"]},
        "parameters": [seen.map_parameters(n) for n in seen.layers],
        "definition": summary["definitions"].get("embedding", ""),
    }
    stream = io.BytesIO()
    np.savez_compressed(
        stream,
        ids=ids,
        labels=labels,
        classes=np.array(summary["classes"], str),
        split=np.array(summary["split"]),
        layers=np.array(seen.names, str),
        x=np.stack([found["x"] for found in maps]),
        y=np.stack([found["y"] for found in maps]),
        kept_neighbours=np.array([found["kept_neighbours"] for found in maps], np.float32),
        about=np.array(json.dumps(told)),
    )
    return file_of(seen, "coordinates.npz", NPZ, stream.getvalue())


@router.get("/units.csv", **kind(CSV))
def units_csv(seen: OfWhole):
    """What each unit of every layer was measured to be: a row a unit, as CSV."""
    classes = seen.summary()["classes"]
    names = ["layer", "unit", "best_class", *MEASURED, *(f"dprime {name}" for name in classes)]
    rows = (row for layer in seen.layers for row in unit_rows(seen, layer, classes))
    return file_of(seen, "units.csv", CSV, table(names, rows, seen))


@router.get("/probes.csv", **kind(CSV))
def probes_csv(seen: OfWhole):
    """Accuracy of the linear probe by layer and analysed epoch, with its interval, as CSV."""
    rows = (
        [epoch, layer, seen.names[layer], *(found[name] for name in PROBED)]
        for epoch in seen.epochs
        for layer in seen.layers
        if (found := seen.probe(layer, epoch))
    )
    return file_of(seen, "probes.csv", CSV, table(["epoch", "layer", "name", *PROBED], rows, seen))


def places(seen: Analysed) -> tuple[np.ndarray, np.ndarray, list[dict[str, np.ndarray]]]:
    """Ids and labels [image], and the map of each layer."""
    maps = [seen.read("embedding", layer) for layer in seen.layers]
    return seen.results.ids(seen.epoch), seen.results.labels(seen.epoch), maps


def named(seen: Analysed, labels: np.ndarray) -> list[str]:
    """The class of each image; an empty text where it has no label."""
    classes = seen.summary()["classes"]
    return [classes[label] if label >= 0 else "" for label in labels.tolist()]


def unit_rows(seen: Analysed, layer: int, classes: list[str]) -> Iterator[list[Any]]:
    found = seen.read("selectivity", layer)
    labelled = "dprime" in found
    for unit in range(seen.widths[layer]):
        best = int(found["best_class"][unit]) if labelled else -1
        dprime = found["dprime"][unit].tolist() if labelled else [None] * len(classes)
        yield [
            *(layer, unit, classes[best] if best >= 0 else ""),
            *(found[name][unit].item() for name in MEASURED),
            *dprime,
        ]


def table(names: list[str], rows: Iterable[Iterable[Any]], seen: Analysed) -> bytes:
    """CSV in UTF-8 under a line that says whose it is; what is no finite number stays empty."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    stream.write(f"# Saccade: run {seen.run}, epoch {seen.epoch}\n")
    writer.writerow(harmless(name) for name in names)
    writer.writerows([harmless(value) for value in row] for row in rows)
    return stream.getvalue().encode()


def harmless(value: Any) -> Any:
    """A cell: no formula of a spreadsheet, no NaN, numbers as short as they are exact."""
    if isinstance(value, float):
        return np.format_float_positional(np.float32(value), trim="-") if finite(value) else ""
    if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")):
        return f"'{value}"
    return "" if value is None else value


def finite(value: float) -> bool:
    return bool(np.isfinite(value))
