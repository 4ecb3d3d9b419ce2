"""Say where images that were not analysed lie on the maps of a run."""

import argparse
import csv
import json
import sys
from pathlib import Path

import numpy as np

from backend.cli.flags import home_flag, run_word, utf8, whole
from backend.cli.home import check_there, opened
from backend.errors import RequestError
from backend.runs.advice import command_line
from backend.runs.results import Results
from backend.settings import Settings
from models.imported import config_from

PLACES = ("image", "layer", "x", "y")


def add(command: argparse.ArgumentParser) -> None:
    command.description = (
        "Place PNG, JPEG or WebP files on the map of every layer of an analysed epoch, layer 0 "
        "being the pixels, in the coordinates of the page. The maps stay as they are, and each "
        "file is placed by itself. Prints a table of image, layer, x, y, separated by commas."
    )
    run_word(command)
    command.add_argument("images", nargs="+", metavar="IMAGE", type=utf8, help="files to place")
    command.add_argument("--epoch", type=whole, metavar="N", help="(default: the last analysed)")
    command.add_argument(
        "--data", type=utf8, help="the images that the maps show (default: those of the run)"
    )
    command.add_argument("--json", action="store_true", help="the same as JSON, for programs")
    command.add_argument("--device", default="auto", help="auto, cpu, cuda or mps")
    home_flag(command)
    command.set_defaults(run=run)


def run(options: argparse.Namespace, settings: Settings) -> int:
    from backend.analysis.placing import DEFINITION
    from backend.jobs.place import place
    from models.data import load

    check_there(settings)
    with opened(settings) as home:
        folder = home.catalogue.folder(options.run_id)
    epoch = options.epoch
    if epoch is None:
        analysed = set(Results(folder.path).epochs()) & set(folder.checkpoints())
        if not analysed:
            first = command_line("analyse", folder.id, home=options.home)
            raise RequestError(f"run {folder.id} has no map yet; run: {first}")
        epoch = max(analysed)
    dataset = load(options.data or config_from(folder.about()).data, settings.home)
    pictures = read(options.images, min(dataset.images.shape[2:]))
    found = place(folder.path, dataset, epoch, pictures, settings.home, options.device)
    rows = [
        dict(zip(PLACES, (name, layer, *(round(float(v), 4) for v in xy)), strict=True))
        for layer, places in found.items()
        for name, xy in zip(options.images, places, strict=True)
    ]
    if options.json:
        about = {"run": folder.id, "epoch": epoch, "definition": DEFINITION}
        print(json.dumps(about | {"places": rows}))
        return 0
    table = csv.DictWriter(sys.stdout, PLACES, lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    return 0


def read(names: list[str], side: int) -> np.ndarray:
    """The files as the images of a folder are read: uint8 [m, 3, side, side]."""
    from models.data.picture import UnreadableError, fit, read_picture

    pictures = []
    for name in names:
        try:
            pictures.append(fit(read_picture(Path(name), at_least=side), side))
        except UnreadableError as reason:
            raise RequestError(f"the image {name} {reason}; give another") from None
    return np.stack(pictures)
