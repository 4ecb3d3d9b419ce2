"""Make a run of a network that was trained elsewhere."""

import argparse
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from backend.cli.flags import home_flag, utf8, words
from backend.cli.home import opened
from backend.cli.runs import table
from backend.cli.stream import put
from backend.errors import RequestError
from backend.settings import VERSION, Settings
from models.config import nearest

LIST = "?"


def add(command: argparse.ArgumentParser) -> None:
    command.description = (
        "Make a run of a vision model with local weights, ready for `saccade analyse`. Epoch 0 is "
        "the model with random weights, epoch 1 with those of the file. Nothing is downloaded."
    )
    command.add_argument("what", metavar="NAME", help="the model, by its name in the library")
    command.add_argument(
        "--format", required=True, metavar="WORD", help=f"one of: {', '.join(FORMATS)}"
    )
    command.add_argument(
        "--weights", type=Path, metavar="FILE", help="a .safetensors file, or a .pt or .pth"
    )
    command.add_argument(
        "--layers",
        type=words,
        metavar="A,B,C",
        help="modules whose outputs are the layers; '?' lists those there are",
    )
    command.add_argument(
        "--data", type=utf8, default="photos", help="images to look at (default: photos)"
    )
    command.add_argument("--name", type=utf8, default="", help="a name for people")
    home_flag(command)
    command.set_defaults(run=run)


def run(options: argparse.Namespace, settings: Settings) -> int:
    if options.format not in FORMATS:
        raise RequestError(f"unknown format {options.format!r}; {nearest(options.format, FORMATS)}")
    return FORMATS[options.format](options, settings)


def zoo(family: str, options: argparse.Namespace, settings: Settings) -> int:
    """A model of a library with weights from a file."""
    from models.data import load, parse
    from models.zoo import build, examined, listing

    build(family, options.what)  # a wrong name is told before images are read
    spec = utf8(str(parse(options.data)))
    side = min(load(spec, settings.home).images.shape[2:])
    if options.layers == [LIST]:
        rows = listing(family, options.what, side)
        print(table([("layer", "module", "units x rows x columns"), *rows]))
        return 0
    if not options.weights:
        raise RequestError("import needs the file of the weights; name it with --weights FILE")
    config = examined(spec, family, options.what, options.layers or [], side)
    return kept(config, options, settings)


def kept(config, options: argparse.Namespace, settings: Settings) -> int:
    """Read the weights, and enter the run with both of its epochs."""
    from dataclasses import replace

    from models.checkpoint import save_imported
    from models.data import key_of
    from models.weights import fitted, head_of, read_weights
    from models.zoo import network_of

    tensors = read_weights(options.weights)
    network = network_of(config)
    if classes := head_of(network.body, tensors, config.classes):
        config = replace(config, classes=classes)
        network = network_of(config)
    random = {name: tensor.clone() for name, tensor in network.body.state_dict().items()}
    fitted(network.body, tensors, options.weights, config.name)

    def fill(folder: Path) -> None:
        save_imported(folder, 1, network, config)
        network.body.load_state_dict(random)
        save_imported(folder, 0, network, config)

    about = {
        "name": " ".join(options.name.split())[:80],
        "config": config.config(),
        "dataset": key_of(config.data),
        "version": VERSION,
        "model": config.model(),
    }
    with opened(settings) as home:
        made = home.queue.receive(about, config.name, fill)
    put(f"{made}\n", sys.stdout)
    where = f" --home {options.home}" if options.home else ""
    put(f"imported; look into it with: saccade analyse {made}{where}\n", sys.stderr)
    return 0


FORMATS: dict[str, Callable[[argparse.Namespace, Settings], int]] = {
    family: partial(zoo, family) for family in ("torchvision", "timm")
}
