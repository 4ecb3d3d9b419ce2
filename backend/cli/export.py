"""Write a run's features to a file, or hand it on: a small copy, or its weights in a known form."""

import argparse
import asyncio
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from backend.cli.bar import Bar
from backend.cli.flags import home_flag, run_word, whole
from backend.cli.home import check_there, opened
from backend.errors import ConflictError, DataError, RequestError
from backend.settings import Settings
from models.config import TrainConfig, nearest
from models.imported import Imported, config_from


def add(command: argparse.ArgumentParser) -> None:
    command.description = (
        "Write image features of all layers: layer0 (the pixels of the view), layer1 and on, "
        "float32 [n, channels], with ids and labels [n]. Or hand the run on: the last encoder in "
        "half precision, every map, unit and probe, no image and no feature; or encoders alone, in "
        "half precision, which saccade import --format shared makes a run of; or one HTML file "
        "that shows it in a browser without a server. Or write the weights of an epoch as the "
        "published CLAPP code (clapp2021) saves them."
    )
    run_word(command)
    out = command.add_mutually_exclusive_group(required=True)
    out.add_argument("--features", type=Path, metavar="OUT.npz")
    out.add_argument("--share", type=Path, metavar="FOLDER", help="a new folder for a small copy")
    out.add_argument("--html", type=Path, metavar="OUT.html", help="the page of the run, one file")
    out.add_argument(
        "--weights",
        type=Path,
        metavar="FOLDER",
        help="a new folder for the encoder of the first kept epoch and of --epoch",
    )
    out.add_argument(
        "--format", metavar="WORD", help=f"write weights, as one of these: {', '.join(FORMATS)}"
    )
    command.add_argument("--to", type=Path, metavar="FOLDER", help="a new folder for --format")
    command.add_argument(
        "--no-images", action="store_true", help="leave the images out of the --html file"
    )
    command.add_argument("--data", help="images to pass through (default: those of the run)")
    command.add_argument("--split", help="train, test or unlabelled (default: test)")
    command.add_argument(
        "--epoch",
        type=whole,
        metavar="N",
        help="checkpoint (default: the last; for --html all that are analysed)",
    )
    command.add_argument("--device", help="auto, cpu, cuda or mps (default: auto)")
    home_flag(command)
    command.set_defaults(run=run)


def run(options: argparse.Namespace, settings: Settings) -> int:
    if options.features:
        check(options.features, ".npz", "features go")
    if options.html:
        check(options.html, ".html", "the page of a run goes")
    if options.format is not None:
        check_format(options)
    elif options.to:
        raise RequestError("--to is the folder of --format; leave it out, or give --format too")
    check_flags(options)
    check_there(settings)
    with opened(settings) as home:
        folder = home.catalogue.folder(options.run_id)
    if options.share:
        from backend.jobs.share import share

        size = share(folder.path, options.share)
        print(f"{options.share}: {size / 1e6:.1f} MB, run {folder.id}")
        return 0
    if options.html:
        return write_page(options, settings)
    config = config_from(folder.about())
    epochs = folder.checkpoints()
    epoch = max(epochs, default=0) if options.epoch is None else options.epoch
    if options.weights:
        from backend.jobs.share import share_weights

        both = sorted({min(epochs, default=0), epoch})
        size = share_weights(folder.path, both, options.weights)
        told = " and ".join(map(str, both))
        print(f"{options.weights}: {size / 1e6:.1f} MB, epochs {told} of run {folder.id}")
        return 0
    if options.format:
        files = FORMATS[options.format](folder.path, epoch, options.to)
        print(f"{options.to}: {', '.join(files)}, epoch {epoch} of run {folder.id}")
        return 0
    n = write(folder.path, config, epoch, options, settings)
    print(f"{options.features}: {n} images, epoch {epoch} of run {folder.id}")
    return 0


def check_flags(options: argparse.Namespace) -> None:
    """Refuse what only the features are written with."""
    out = next((f"--{word}" for word in OTHERS if getattr(options, word)), None)
    names = ("data", "split", "device", *(["epoch"] if options.share else []))
    if options.no_images and not options.html:
        raise RequestError("--no-images has no place without --html; leave it out")
    for name in names if out else ():
        if getattr(options, name) is not None:
            raise RequestError(f"--{name} has no place beside {out}; leave it out")


OTHERS = ("share", "html", "weights", "format")  # what is written instead of features


def check(out: Path, suffix: str, what: str) -> None:
    if out.suffix != suffix:
        raise RequestError(f"{what} into a {suffix} file, and {out} is none; name it {out}{suffix}")
    if out.exists():
        raise RequestError(f"{out} exists already; remove it or give another name")
    if not out.parent.is_dir():
        raise RequestError(f"there is no folder {out.parent} to write {out.name} into; make it")


def write_page(options: argparse.Namespace, settings: Settings) -> int:
    """Write the standalone file, and say how large it is and what is in it."""
    from backend.standalone.export import export

    bar = Bar()
    epochs = None if options.epoch is None else [options.epoch]
    done = asyncio.run(
        export(options.run_id, options.html, settings, epochs, not options.no_images, bar.show)
    )
    bar.clear()
    epochs_told = ", ".join(map(str, done.epochs))
    print(
        f"{options.html}: {done.size / 1e6:.1f} MB, run {options.run_id}, epochs {epochs_told}, "
        f"{done.answers} answers, {done.images} images ({done.licence})"
    )
    return 0


def check_format(options: argparse.Namespace) -> None:
    if options.format not in FORMATS:
        raise RequestError(f"unknown format {options.format!r}; {nearest(options.format, FORMATS)}")
    if options.to is None:
        raise RequestError(f"--format {options.format} writes a folder; name a new one with --to")
    if options.to.exists():
        raise ConflictError(f"{options.to} exists already; name a new folder")
    if not options.to.absolute().parent.is_dir():
        raise RequestError(f"there is no folder {options.to.parent} to make {options.to.name} in")


def clapp2021(run: Path, epoch: int, folder: Path) -> list[str]:
    """As a log folder of the published CLAPP code; the names of its files."""
    from models.published import write as write_log

    return write_log(run, epoch, folder)


FORMATS: dict[str, Callable[[Path, int, Path], list[str]]] = {"clapp2021": clapp2021}


def write(
    path: Path,
    config: TrainConfig | Imported,
    epoch: int,
    options: argparse.Namespace,
    settings: Settings,
) -> int:
    """Write the file, which appears when it is whole; the number of images."""
    from backend.analysis.activity import activity, encoder_layers, pixels
    from models.checkpoint import load_encoder
    from models.data import load
    from models.device import pick_device

    device, split = pick_device(options.device or "auto"), options.split or "test"
    encoder = load_encoder(path, epoch).to(device)
    dataset = load(options.data or config.data, settings.home)
    ids = dataset.indices(split)
    if not len(ids):
        raise DataError(f"{dataset.title} has no {split} images; choose another --split")
    bar, upper, arrays = Bar(), encoder_layers(encoder), {}
    with tempfile.TemporaryDirectory(prefix=".features-", dir=options.features.parent) as folder:
        for batch in activity(
            lambda views: [*pixels(views), *upper(views)],
            dataset.images,
            ids,
            config.crop,
            config.colour,
            device,
        ):
            for layer, answer in enumerate(batch.answers):
                if batch.rows.start == 0:
                    arrays[f"layer{layer}"] = np.lib.format.open_memmap(
                        Path(folder) / f"{layer}.npy",
                        "w+",
                        np.float32,
                        (len(ids), answer.features.shape[1]),
                    )
                arrays[f"layer{layer}"][batch.rows] = answer.features
            bar.show(batch.rows.stop / len(ids), f"{batch.rows.stop} of {len(ids)} images")
        bar.clear()
        part = Path(folder) / "features.npz"
        np.savez(part, **arrays, ids=ids, labels=dataset.labels[ids])
        os.replace(part, options.features)
    return len(ids)
