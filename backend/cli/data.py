"""List, fetch and pack images."""

import argparse
import sys
from pathlib import Path

from backend.cli.flags import home_flag
from backend.cli.runs import table
from backend.settings import Settings
from models.data import DATASETS, Dataset, available, download, load, parse

NAMED = 10  # unreadable files that are named one by one


def add(command: argparse.ArgumentParser) -> None:
    command.description = "List the data sets, fetch one, or make one file of a folder of images."
    command.set_defaults(run=lambda *_: command.print_help() or 0)
    parts = command.add_subparsers(title="commands", metavar="COMMAND")
    for word, what, run in (
        ("list", "list the kinds of data set and whether they are there", list_all),
        ("get", "fetch a data set where it must be, and decode it", get),
        ("pack", "make one .npz file of a folder of images", pack),
    ):
        part = parts.add_parser(word, help=what, description=f"{what[0].upper()}{what[1:]}.")
        if word == "get":
            part.add_argument("data", metavar="DATA", help="a word, WORD:ROOT, a pack or a folder")
        elif word == "pack":
            part.add_argument("folder", type=Path, metavar="FOLDER")
            part.add_argument("out", type=Path, metavar="OUT.npz")
        home_flag(part)
        part.set_defaults(run=run)


def list_all(_: argparse.Namespace, settings: Settings) -> int:
    rows = [("data", "ready", "what it is")]
    for word, source in DATASETS.items():
        if source.path == "always":
            ready = f"give {source.needs}"
        else:
            ready = "no" if available(word, settings.home) else "yes"
        rows.append((word, ready, source.sentence))
    print(table(rows))
    return 0


def get(options: argparse.Namespace, settings: Settings) -> int:
    named = parse(options.data)
    if DATASETS[named.word].megabytes and not named.path:
        settings.home.mkdir(parents=True, exist_ok=True)
        download(named.word, settings.home)
    print(described(load(str(named), settings.home)))
    return 0


def pack(options: argparse.Namespace, _: Settings) -> int:
    from models.data.pack import write_pack

    made = write_pack(options.folder, options.out)
    name_skipped(made.skipped)
    for remark in made.remarks:
        print(remark, file=sys.stderr)
    known = f", with {', '.join(made.columns)}" if made.columns else ""
    print(f"{options.out}: {made.images} images{known}")
    return 0


def described(dataset: Dataset) -> str:
    """How many images of which kind a data set holds, and where it is from."""
    name_skipped(dataset.skipped)
    splits = [(word, len(dataset.indices(word))) for word in ("train", "test", "unlabelled")]
    counts = ", ".join(f"{n} {word}" for word, n in splits if n)
    height, width = dataset.images.shape[2:]
    return (
        f"{dataset.title}: {counts} images of {width} x {height} pixels, "
        f"{len(dataset.classes)} classes; licence: {dataset.licence}"
    )


def name_skipped(skipped) -> None:
    for item in skipped[:NAMED]:
        print(f"left out: {item.name} {item.reason}", file=sys.stderr)
    if len(skipped) > NAMED:
        print(f"left out: {len(skipped) - NAMED} more", file=sys.stderr)
