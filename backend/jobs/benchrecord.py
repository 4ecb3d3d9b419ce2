"""What is in the record of a bench: its settings, its definitions, and a row for each run?"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from backend.analysis import protocols, seeds, speed, votes
from backend.analysis.machine import machine
from backend.analysis.material import Material
from backend.errors import ConflictError
from backend.jobs.summary import REFERENCES, summary
from backend.jobs.wanted import SEPARATE, Wanted
from backend.runs.benches import BenchFolder, read
from models.config import TrainConfig
from models.data import Dataset, key_of
from models.data.dataset import fingerprint
from models.device import pick_device
from models.rules import RULES

PIXELS, CONTROL = REFERENCES
SEED = 0  # of the held-out images, and of the crops, of every probe: the same for all rows
DEFINITIONS = {
    "seconds": (
        "Seconds: time between the first and the last event of training, checkpoints included, all "
        "attempts together, beside whatever else the machine did. Images: those seen in training, "
        "all passes together; a rule that learns from labels sees only the labelled ones, so that "
        "as many epochs are fewer steps. The rules meet the same images of a batch; whole-image "
        "encoders see other views of them."
    ),
    "alone": speed.DEFINITION,
    "loss": (
        "Loss: mean of the last epoch, of the first seed, of one term of a layer's loss. At chance "
        "it is 2 for a hinge loss (two signs), 2.83 for InfoNCE among 17, and the logarithm of the "
        "number of classes for cross-entropy; kinds do not compare."
    ),
    "interval": seeds.DEFINITION,
    "random": (
        "Random: the untrained encoder, of the same seed and so the very weights that each rule "
        "began with, at epoch 0. Pixels: the same measures on the raw pixels of the same view."
    ),
}


def begun(
    folder: BenchFolder, wanted: Wanted, dataset: Dataset, materials: Sequence[Material]
) -> dict[str, Any]:
    """The record on the disk, or a new one. Raises ConflictError if it is of other settings.

    materials: the images as each kind of encoder sees them, for counts and definitions.
    """
    new = fresh(folder.name, wanted, dataset, materials)
    if not folder.record.exists():
        return new
    old = read(folder.record)
    asked, before = new["settings"] | new["data"], old["settings"] | old["data"]
    before = settings_of(TrainConfig()) | before  # a setting that is younger than the record
    for name in ("key", "fingerprint", *SEPARATE):
        if before.get(name) != asked[name]:
            told = {"key": "data", "fingerprint": "images (by fingerprint)"}.get(name, name)
            raise ConflictError(
                f"bench {folder.name} was made with {told.replace('_', ' ')} "
                f"{before.get(name)}, but {asked[name]} was asked for; give the same, or "
                "another --name"
            )
    for name in ("rules", "seeds", "protocols"):  # more of these only add to it
        old[name] = list(dict.fromkeys([*old[name], *new[name]]))
    new["definitions"] = old["definitions"] | new["definitions"]
    return old | {name: new[name] for name in ("version", "settings", "definitions")}


def settings_of(config: TrainConfig) -> dict[str, Any]:
    return {name: getattr(config, name) for name in SEPARATE}


def fresh(
    name: str, wanted: Wanted, dataset: Dataset, materials: Sequence[Material]
) -> dict[str, Any]:
    """A new record, without a row."""
    w, m, d = wanted, materials[0], dataset
    told = {
        "k": min(votes.K, len(m.train)),
        "n_train": len(m.train),
        "n_labelled": int(m.labelled.sum()),
    }
    return {
        "name": name,
        "created": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "version": w.version,
        "command": w.command,
        "settings": settings_of(w.config),
        "rules": [*w.rules],
        "seeds": [*w.seeds],
        "protocols": [*w.protocols],
        "data": {
            "key": key_of(w.config.data),
            "title": d.title,
            "fingerprint": fingerprint([d.labels, d.split, d.images]),
            "images": int((d.split != 1).sum()),
            "n_train": len(m.train),
            "n_test": int(m.labelled.sum()),
            "split": m.split,
            "classes": list(m.classes),
            "chance": m.chance,
        },
        "k": told["k"],
        "machine": machine(pick_device(w.config.device)),
        "definitions": {word: protocols.definition(word, materials, SEED) for word in w.protocols}
        | {"neighbours": votes.DEFINITION.format(**told)}
        | DEFINITIONS,
        "rows": [],
        "alone": {},
        "summary": [],
    }


def row_of(record: dict[str, Any], rule: str, seed: int | None, view: str) -> dict[str, Any]:
    """The row of the record, made if it is missing."""
    for row in record["rows"]:
        if (row["rule"], row["seed"], row["view"]) == (rule, seed, view):
            return row
    known = RULES.get(rule)
    row = {
        "rule": rule,
        "seed": seed,
        "view": view,
        "labels": bool(known and known.labels),
        "crosses": bool(known and known.crosses),
        "loss_at": known.loss_at if known else "none",
        "run": None,
        "epoch": None,
        "done": False,
        "error": None,
        "adopted": False,
        "probes": {},
        "neighbours": [],
        "losses": None,
        "images": None,
        "seconds": None,
        "images_per_second": None,
        "torch": None,
    }
    record["rows"].append(row)
    return row


def keep(record: dict[str, Any], wanted: Wanted, folder: BenchFolder) -> None:
    """Write the record as it stands, with the summary over seeds."""
    for row in record["rows"]:
        if row["rule"] == CONTROL:
            row["run"] = run_beside(record, row)
    record["command"] = command(record, wanted, folder.name)
    record["updated"] = datetime.now(UTC).isoformat(timespec="milliseconds")
    record["summary"] = summary(record)
    folder.write(record)


def command(record: dict[str, Any], wanted: Wanted, name: str) -> str:
    """What makes the record as it stands, in a home without runs."""
    words = [wanted.command]
    if set(record["rules"]) != set(RULES) - {CONTROL}:
        words += ["--rules", ",".join(record["rules"])]
    words += ["--seeds", str(len(record["seeds"]))]
    words += ["--protocols", ",".join(record["protocols"]), "--name", name]
    return " ".join(words)


def run_beside(record: dict[str, Any], control: dict[str, Any]) -> str | None:
    """A run that has the weights of a control as its epoch 0."""
    place = (control["view"], control["seed"])
    alike = (row for row in record["rows"] if (row["view"], row["seed"]) == place)
    return next((r["run"] for r in alike if r["done"] and r["rule"] != CONTROL), None)
