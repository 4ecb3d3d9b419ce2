"""The directory of a run: made for a test, and what was written into it."""

from pathlib import Path

from backend.runs.events import EventReader
from backend.runs.folder import RunFolder
from models.data import key_of


def made(home: Path, config: dict, name: str = "clapp-stripes-0000", **settings: object):
    folder = RunFolder(home / "runs" / name)
    config = config | settings
    about = {"id": name, "created": "2026", "config": config, "dataset": key_of(config["data"])}
    folder.create(about)
    return folder


def events(folder: RunFolder, kind: str) -> list[dict]:
    found = EventReader(folder.path / "events.jsonl").events()
    return [event for event in found if event["kind"] == kind]


def weights(folder: RunFolder, epoch: int) -> bytes:
    name = f"checkpoints/epoch-{epoch:04d}/encoder.safetensors"
    return (folder.path / name).read_bytes()
