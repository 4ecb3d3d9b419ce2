"""Make a run of a network that another program trained."""

import argparse
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

from backend.cli.flags import home_flag, utf8, whole, words
from backend.cli.home import opened
from backend.cli.runs import table
from backend.cli.stream import put
from backend.errors import RequestError
from backend.jobs.states import State
from backend.runs.advice import command_line
from backend.runs.folder import RunFolder
from backend.settings import VERSION, Settings
from models.config import TrainConfig, nearest

LIST = "?"


def add(command: argparse.ArgumentParser) -> None:
    command.description = (
        "Make a run of a network that another program has trained, to be analysed and looked at. "
        "clapp2021: what the published CLAPP code saves, a log folder of model_LAYER_EPOCH.ckpt or "
        "one context_model.ckpt. torchvision, timm: a vision model by its name in that library, "
        "with weights from a file; nothing is downloaded. Epoch 0 of the run is the same network "
        "with random weights. shared: a folder that saccade export --weights or --share wrote. The "
        "run's id is printed first."
    )
    command.add_argument("source", metavar="PATH|NAME", type=utf8, help="what to import")
    command.add_argument(
        "--format", required=True, metavar="WORD", help=f"of these: {', '.join(FORMATS)}"
    )
    command.add_argument(
        "--data",
        type=utf8,
        help="images to analyse it on, and to train it on (default: those it names, or "
        f"{TrainConfig().data})",
    )
    command.add_argument("--name", type=utf8, default="", help="a name for people")
    clapp = command.add_argument_group("clapp2021")
    clapp.add_argument(
        "--epoch", type=whole, metavar="E", help="of those in a log folder (default: the newest)"
    )
    clapp.add_argument("--rule", metavar="WORD", help="that trained it, where files leave it open")
    clapp.add_argument(
        "--further",
        type=whole,
        metavar="EPOCHS",
        help="epochs that `saccade train --resume RUN` then trains it on (default: 0)",
    )
    zoo = command.add_argument_group("torchvision, timm")
    zoo.add_argument(
        "--weights", type=Path, metavar="FILE", help="a .safetensors file, or one of torch.save"
    )
    zoo.add_argument(
        "--layers",
        type=words,
        metavar="A,B,C",
        help="modules whose outputs are the layers; '?' lists those there are",
    )
    home_flag(command)
    command.set_defaults(run=run)


def run(options: argparse.Namespace, settings: Settings) -> int:
    if options.format not in FORMATS:
        raise RequestError(f"unknown format {options.format!r}; {nearest(options.format, FORMATS)}")
    chosen = FORMATS[options.format]
    every = {flag for row in FORMATS.values() for flag in row.flags}
    for flag in sorted(every - set(chosen.flags)):
        if getattr(options, flag) is not None:
            raise RequestError(
                f"--{flag} has no place beside --format {options.format}; leave it out"
            )
    if not chosen.names_data:
        options.data = options.data or TrainConfig().data
    return chosen.make(options, settings)


def shared(options: argparse.Namespace, settings: Settings) -> int:
    """What another Saccade has handed on."""
    from backend.jobs.share import take_over
    from models.data import key_of, parse
    from models.imported import config_from

    copy = Path(options.source)
    if not copy.is_dir():
        raise RequestError(
            f"there is no folder {copy}; give one that saccade export --weights or --share wrote"
        )
    about = RunFolder(copy).about()
    if about.get("model"):
        raise RequestError(
            f"{copy} is of a network that was imported itself; import that one from its own weights"
        )
    named = parse(options.data or about["dataset"])
    if named.path and not options.data:
        raise RequestError(f"{copy} names a path as its images; name those here with --data")
    spec = utf8(str(named))
    config = config_from({"config": about["config"] | {"data": spec}}).to_dict()
    name = " ".join((options.name or str(about.get("name", ""))).split())[:80]
    epochs: list[int] = []

    def fill(folder: RunFolder) -> None:
        epochs.extend(take_over(copy, folder))
        folder.log(
            f"epochs {', '.join(map(str, epochs))} were trained elsewhere on {about['dataset']}"
        )

    with opened(settings) as home:
        made = home.queue.enter(config, key_of(spec), VERSION, name, State.FINISHED, fill)
    put(f"{made}\n", sys.stdout)
    then = command_line("analyse", made, home=options.home)
    told = f"epochs {', '.join(map(str, epochs))} of a training on {about['dataset']}"
    put(f"{told}; look into it with: {then}\n", sys.stderr)
    return 0


def clapp2021(options: argparse.Namespace, settings: Settings) -> int:
    """What the code of Illing et al. 2021 saves."""
    from models.checkpoint import save_kept, save_resume
    from models.data import load, parse
    from models.published import read, training_of
    from models.train import usable
    from models.training import begin

    further = options.further or 0
    if further < 0:
        raise RequestError(f"--further must be at least 0, not {further}")
    spec = utf8(str(parse(options.data)))
    dataset = load(spec, settings.home)
    published = read(Path(options.source), options.epoch, options.rule)
    last = published.epoch
    config = TrainConfig(**published.settings, data=spec, epochs=last + further, keep=f"0,{last}")
    images = dataset.training_images()
    view = min(config.crop, *images.shape[2:])
    n = len(usable(config, images, None)) if further else 0

    def fill(folder: RunFolder) -> None:
        for training in (begin(config, view), training_of(published, config, view, n)):
            save_kept(folder.path, training)
            folder.tell("checkpoint", epoch=training.epoch)
        if further:
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

    state = State.STOPPED if further else State.FINISHED
    name = " ".join(options.name.split())[:80]
    with opened(settings) as home:
        key = parse(spec).key
        run_id = home.queue.enter(config.to_dict(), key, VERSION, name, state, fill)
    put(f"{run_id}\n", sys.stdout)
    then = command_line(
        *(["train", "--resume"] if further else ["analyse"]), run_id, home=options.home
    )
    told = f"{config.rule}, {config.encoder}, {config.colour}, epoch {last}"
    put(f"{told}; epoch 0 is a random encoder; go on with: {then}\n", sys.stderr)
    return 0


def greedy_infomax(options: argparse.Namespace, settings: Settings) -> int:
    """What the code of Löwe et al. 2019 saves."""
    raise RequestError(
        "the Greedy InfoMax code trains a ResNet encoder, which Saccade does not have, so its "
        "files cannot be read; --format clapp2021 reads the six-layer VGG encoder of the CLAPP "
        "code, also where Greedy InfoMax trained it (--rule greedy-infomax)"
    )


def zoo(family: str, options: argparse.Namespace, settings: Settings) -> int:
    """A model of a library with weights from a file."""
    from models.data import load, parse
    from models.zoo import examined, listing
    from models.zoo.families import build

    build(family, options.source)  # a wrong name is told before images are read
    spec = utf8(str(parse(options.data)))
    side = min(load(spec, settings.home).images.shape[2:])
    if options.layers == [LIST]:
        rows = listing(family, options.source, side)
        print(table([("layer", "module", "units x rows x columns"), *rows]))
        return 0
    if not options.weights:
        raise RequestError("import needs the file of the weights; name it with --weights FILE")
    config = examined(spec, family, options.source, options.layers or [], side)
    return kept(config, options, settings)


def kept(config, options: argparse.Namespace, settings: Settings) -> int:
    """Read the weights, and enter the run with both of its epochs."""
    from dataclasses import replace

    from models.checkpoint import save_imported
    from models.data import key_of
    from models.weights import fitted, head_of, read_weights
    from models.zoo.network import network_of

    tensors = read_weights(options.weights)
    network = network_of(config)
    if classes := head_of(network.body, tensors, config.classes):
        config = replace(config, classes=classes)
        network = network_of(config)
    random = {name: tensor.clone() for name, tensor in network.body.state_dict().items()}
    fitted(network.body, tensors, options.weights, config.name)

    def fill(folder: RunFolder) -> None:
        save_imported(folder.path, 1, network, config)
        network.body.load_state_dict(random)
        save_imported(folder.path, 0, network, config)
        for epoch in (0, 1):
            folder.tell("checkpoint", epoch=epoch)

    name, key = " ".join(options.name.split())[:80], key_of(config.data)
    with opened(settings) as home:
        made = home.queue.enter(
            config.config(), key, VERSION, name, State.FINISHED, fill, config.model()
        )
    put(f"{made}\n", sys.stdout)
    then = command_line("analyse", made, home=options.home)
    put(f"imported; look into it with: {then}\n", sys.stderr)
    return 0


class Format(NamedTuple):
    """How one kind of file is imported, and the flags that it alone has."""

    flags: tuple[str, ...]
    make: Callable[[argparse.Namespace, Settings], int]
    names_data: bool = False  # the file tells which images it is of


FORMATS = {
    "clapp2021": Format(("epoch", "rule", "further"), clapp2021),
    "greedy-infomax": Format(("epoch", "rule", "further"), greedy_infomax),
    "torchvision": Format(("weights", "layers"), partial(zoo, "torchvision")),
    "timm": Format(("weights", "layers"), partial(zoo, "timm")),
    "shared": Format((), shared, names_data=True),
}
