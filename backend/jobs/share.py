"""What of a run is small enough to travel with the code or in a mail, without images and features:
a copy to be looked at (last encoder in half precision, all maps, units and probes), or the encoders
alone, to be imported and analysed where the images are."""

import shutil
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from backend.errors import ConflictError
from backend.runs.advice import command_line
from backend.runs.events import EventReader, line_of
from backend.runs.facts import are_losses, is_count, is_number
from backend.runs.folder import RunFolder
from backend.runs.results import Results
from models.checkpoint import epoch_folder, kept, load_encoder, opened, save_shared
from models.errors import CheckpointError, RunError
from models.sealed import manifest_of, place

SHARED_EVENTS = ("epoch", "checkpoint", "analysed", "end")
LARGEST = 2**31  # bytes of one file of a checkpoint


def share(run: Path, copy: Path) -> int:
    """Write the copy into the new folder `copy`, named as the run will be; returns its bytes.

    Raises ConflictError if `copy` exists, RunError if nothing of the run is analysed.
    """
    source, results = RunFolder(run), Results(run)
    about, epochs = source.about(), results.epochs()
    if not epochs:
        first = command_line("analyse", run.name, home=run.parent.parent)
        raise RunError(f"run {run.name} has no finished analysis; run: {first}")
    if copy.exists():
        raise ConflictError(f"{copy} exists already; name a new folder")

    def fill(new: Path) -> None:
        save_shared(run, kept(run)[-1], new, about["dataset"])
        for file in results.shareable():
            target = new / file.relative_to(run)
            target.parent.mkdir(parents=True, exist_ok=True)
            (repack if file.suffix == ".npz" else shutil.copyfile)(file, target)
        tell(run, new, SHARED_EVENTS)

    make(copy, about, fill)
    return size(copy)


def share_weights(run: Path, epochs: Sequence[int], copy: Path) -> int:
    """Write the encoders of some epochs into the new folder `copy`; returns its bytes.

    Raises ConflictError if `copy` exists, CheckpointError if an epoch was not kept.
    """
    if copy.exists():
        raise ConflictError(f"{copy} exists already; name a new folder")
    about = RunFolder(run).about()
    for epoch in epochs:
        load_encoder(run, epoch)  # refused before anything is written

    def fill(new: Path) -> None:
        for epoch in epochs:
            save_shared(run, epoch, new, about["dataset"])
        tell(run, new, ("epoch",))

    make(copy, about, fill)
    return size(copy)


def take_over(copy: Path, folder: RunFolder) -> list[int]:
    """Take checkpoints and the losses of each epoch from a shared copy into a new run; the epochs.

    Every checkpoint is read and verified. Raises CheckpointError, also where there is none.
    """
    epochs = kept(copy)
    if not epochs:
        raise CheckpointError(
            f"{copy} holds no checkpoint; give a folder that saccade export --weights or --share "
            "has written"
        )
    for event in EventReader(copy / "events.jsonl").events():
        told = {name: event.get(name) for name in ("epoch", "losses", "seconds")}
        if event.get("kind") == "epoch" and usual(**told):
            folder.tell("epoch", **told)
    for epoch in epochs:
        load_encoder(copy, epoch)
        files, here = opened(copy, epoch), epoch_folder(folder.path, epoch)
        payload = {name: files.bytes_of(name, LARGEST) for name in files.files}
        place(here, payload | {"manifest.json": manifest_of(payload)})
        folder.tell("checkpoint", epoch=epoch)
    return epochs


def usual(epoch: Any, losses: Any, seconds: Any) -> bool:
    """Whether an event of somebody else tells finite losses of a numbered epoch."""
    return is_count(epoch) and are_losses(losses) and is_number(seconds)


def make(copy: Path, about: dict[str, Any], fill: Callable[[Path], None]) -> None:
    """Make the folder, which appears when it is filled, or not at all; where its images lay on the
    disk of another does not go along."""
    config = about["config"] | {"data": about["dataset"]}
    about = about | {"id": copy.name, "config": config}
    RunFolder(copy).create(about, lambda new: fill(new.path))


def tell(run: Path, copy: Path, kinds: Sequence[str]) -> None:
    """Write the events of some kinds, numbered anew."""
    events = EventReader(run / "events.jsonl").events()
    told = (event for event in events if event["kind"] in kinds)
    lines = [line_of(event | {"seq": seq}) for seq, event in enumerate(told, start=1)]
    (copy / "events.jsonl").write_bytes(b"".join(lines))


def size(copy: Path) -> int:
    return sum(file.stat().st_size for file in copy.rglob("*") if file.is_file())


def repack(file: Path, target: Path) -> None:
    """The same arrays in a smaller archive, which numpy reads as well."""
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_LZMA) as new:
        for name in old.namelist():
            new.writestr(zipfile.ZipInfo(name), old.read(name), zipfile.ZIP_LZMA)
