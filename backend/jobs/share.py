"""Copy of an analysed run that is small enough to travel with the code or in a mail: the encoder
of the last epoch in half precision, all maps, units and probes, no image and no feature."""

import json
import shutil
import zipfile
from pathlib import Path

from backend.errors import ConflictError
from backend.runs.events import EventReader
from backend.runs.folder import RunFolder
from backend.runs.results import Results
from models.checkpoint import kept, save_shared
from models.errors import RunError

SHARED_EVENTS = ("epoch", "checkpoint", "analysed", "end")


def share(run: Path, copy: Path) -> int:
    """Write the copy into the new folder `copy`, named as the run will be; returns its bytes.

    Raises ConflictError if `copy` exists, RunError if nothing of the run is analysed.
    """
    source, results = RunFolder(run), Results(run)
    about, epochs = source.about(), results.epochs()
    if not epochs:
        raise RunError(f"run {run.name} has no finished analysis; run: saccade analyse {run.name}")
    if copy.exists():
        raise ConflictError(f"{copy} exists already; name a new folder")
    RunFolder(copy).create(about | {"id": copy.name})
    save_shared(run, kept(run)[-1], copy)
    for file in results.shareable():
        target = copy / file.relative_to(run)
        target.parent.mkdir(parents=True, exist_ok=True)
        (repack if file.suffix == ".npz" else shutil.copyfile)(file, target)
    events = EventReader(run / "events.jsonl").events()
    told = [event for event in events if event["kind"] in SHARED_EVENTS]
    lines = [json.dumps(event | {"seq": seq}) for seq, event in enumerate(told, start=1)]
    (copy / "events.jsonl").write_text("".join(f"{line}\n" for line in lines))
    return sum(file.stat().st_size for file in copy.rglob("*") if file.is_file())


def repack(file: Path, target: Path) -> None:
    """The same arrays in a smaller archive, which numpy reads as well."""
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_LZMA) as new:
        for name in old.namelist():
            new.writestr(zipfile.ZipInfo(name), old.read(name), zipfile.ZIP_LZMA)
