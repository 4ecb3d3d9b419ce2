"""Bring a network that was trained by another program."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from backend.cli.flags import home_flag, utf8, whole
from backend.cli.home import opened
from backend.cli.stream import put
from backend.errors import RequestError
from backend.jobs.states import State
from backend.runs.folder import RunFolder
from backend.settings import VERSION, Settings
from models.config import TrainConfig, nearest


def add(command: argparse.ArgumentParser) -> None:
    command.description = (
        "Make a run of a network that another program has trained, to be analysed, looked at and "
        "trained on. clapp2021: what the published CLAPP code saves, a log folder of "
        "model_LAYER_EPOCH.ckpt or one context_model.ckpt. The run's id is printed first."
    )
    command.add_argument("source", metavar="PATH", type=utf8, help="file or folder to read")
    command.add_argument(
        "--format", required=True, metavar="WORD", help=f"of these: {', '.join(FORMATS)}"
    )
    command.add_argument(
        "--epoch", type=whole, metavar="E", help="of those in a log folder (default: the newest)"
    )
    command.add_argument(
        "--rule", metavar="WORD", help="that trained it, where the files leave it open"
    )
    command.add_argument(
        "--data",
        type=utf8,
        default=TrainConfig().data,
        help="images to analyse it on, and to train it on (default: %(default)s)",
    )
    command.add_argument("--name", type=utf8, default="", help="a name for people")
    command.add_argument(
        "--further",
        type=whole,
        default=0,
        metavar="EPOCHS",
        help="epochs that `saccade train --resume RUN` then trains it on (default: 0)",
    )
    home_flag(command)
    command.set_defaults(run=run)


def run(options: argparse.Namespace, settings: Settings) -> int:
    if options.format not in FORMATS:
        raise RequestError(f"unknown format {options.format!r}; {nearest(options.format, FORMATS)}")
    return FORMATS[options.format](options, settings)


def clapp2021(options: argparse.Namespace, settings: Settings) -> int:
    """What the code of Illing et al. 2021 saves."""
    from models.checkpoint import save_kept, save_resume
    from models.data import load, parse
    from models.published import read, training_of
    from models.train import begin, usable

    if options.further < 0:
        raise RequestError(f"--further must be at least 0, not {options.further}")
    spec = utf8(str(parse(options.data)))
    dataset = load(spec, settings.home)
    published = read(Path(options.source), options.epoch, options.rule)
    last = published.epoch
    config = TrainConfig(
        **published.settings, data=spec, epochs=last + options.further, keep=f"0,{last}"
    )
    images = dataset.training_images()
    view = min(config.crop, *images.shape[2:])
    n = len(usable(config, images, None)) if options.further else 0

    def fill(folder: RunFolder) -> None:
        for training in (begin(config, view), training_of(published, config, view, n)):
            save_kept(folder.path, training)
            folder.tell("checkpoint", epoch=training.epoch)
        if options.further:
            save_resume(folder.path, training)
        read_from = ", ".join(file.name for file in published.files)
        folder.log(
            f"epoch {last} is read from {read_from}, files of the published CLAPP code: rule "
            f"{config.rule}, {config.encoder}, {config.colour}; what it was trained on they do "
            f"not tell, {config.data} is what it is analysed on"
        )
        folder.log(
            f"epoch 0 is the untrained encoder of the same widths, seed {config.seed}: the "
            "baseline, and not what this training began with"
        )

    state = State.STOPPED if options.further else State.FINISHED
    name = " ".join(options.name.split())[:80]
    with opened(settings) as home:
        key = parse(spec).key
        run_id = home.queue.enter(config.to_dict(), key, VERSION, name, state, fill)
    put(f"{run_id}\n", sys.stdout)
    here = f" --home {options.home}" if options.home else ""
    then = f"train --resume {run_id}" if options.further else f"analyse {run_id}"
    told = f"{config.rule}, {config.encoder}, {config.colour}, epoch {last}"
    put(f"{told}; epoch 0 is a random encoder; go on with: saccade {then}{here}\n", sys.stderr)
    return 0


def greedy_infomax(options: argparse.Namespace, settings: Settings) -> int:
    """What the code of Löwe et al. 2019 saves."""
    raise RequestError(
        "the Greedy InfoMax code trains a ResNet encoder, which Saccade does not have, so its "
        "files cannot be read; --format clapp2021 reads the six-layer VGG encoder of the CLAPP "
        "code, also where Greedy InfoMax trained it (--rule greedy-infomax)"
    )


FORMATS: dict[str, Callable[[argparse.Namespace, Settings], int]] = {
    "clapp2021": clapp2021,
    "greedy-infomax": greedy_infomax,
}
