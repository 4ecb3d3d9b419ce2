"""Train a network, then analyse it."""

import argparse
import sys
from typing import TYPE_CHECKING, Any

from backend.cli.bar import Bar
from backend.cli.flags import home_flag, preset, preset_flag, setting_flags, utf8
from backend.cli.home import Home, opened
from backend.cli.stream import put
from backend.errors import RequestError
from backend.jobs.following import follow
from backend.jobs.starting import launch
from backend.runs.advice import command_line
from backend.runs.store import Row
from backend.settings import VERSION, Settings
from models.config import SETTINGS, TrainConfig
from models.parallel import check_alone, processes, under_torchrun
from models.size import warning

if TYPE_CHECKING:
    from models.data.dataset import Dataset
    from models.parallel.ranks import Ranks

ENDS = {"finished": 0, "failed": 1, "stopped": 130}  # exit codes
BY_SETTINGS = ("bad_config", "bad_data")  # a run that failed so keeps what made it fail


def add(command: argparse.ArgumentParser) -> None:
    command.description = (
        "Train a network and analyse it. The run's id is printed first. Ctrl+C stops after the "
        "step under way and saves; --resume goes on from there."
    )
    command.add_argument("--resume", metavar="RUN", help="go on with a run that ended too early")
    command.add_argument("--name", type=utf8, default="", help="a name for people")
    command.add_argument("--no-analyse", action="store_true", help="only train")
    preset_flag(command)
    setting_flags(command)
    home_flag(command)
    command.set_defaults(run=run)


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Train in this process, or as one of those that torchrun started."""
    if processes() == 1:
        return lead(options, settings)
    from backend.jobs.torchrun import together

    return together(lambda ranks: lead(options, settings, ranks))


def lead(options: argparse.Namespace, settings: Settings, ranks: "Ranks | None" = None) -> int:
    from backend.jobs.inline import Inline

    bar = Bar()
    launcher = Inline(not options.no_analyse, bar.event, ranks)
    with opened(settings, launcher) as home:
        row = resumed(home, options) if options.resume else entered(home, options, settings)
        put(f"{row.id}\n", sys.stdout)
        try:
            launch(home.queue, row)
        finally:
            bar.clear()
        follow(home.queue)
        saved = any((settings.runs / row.id / "checkpoints").glob("[!.]*"))
        return ending(home.catalogue.one(row.id), options, bar, saved)


def entered(home: Home, options: argparse.Namespace, settings: Settings) -> Row:
    """A new run with the settings that were given."""
    from models.data import load, parse

    config = TrainConfig.from_dict(preset(options.preset) | given(options))
    if not under_torchrun():
        check_alone(config)
    spec = utf8(str(parse(config.data)))
    check(config, load(spec, settings.home))
    if told := warning(config):
        put(f"note: {told}\n", sys.stderr)
    config, name = config.to_dict() | {"data": spec}, " ".join(options.name.split())[:80]
    return home.store.row(home.queue.submit(config, parse(spec).key, VERSION, name, mine=True))


def check(config: TrainConfig, dataset: "Dataset") -> None:
    """Raise ConfigError or DataError where a run with these settings could only fail."""
    from models.device import pick_device
    from models.train import usable

    pick_device(config.device)
    usable(config, dataset.training_images(), dataset.training_labels())


def resumed(home: Home, options: argparse.Namespace) -> Row:
    """A run to go on with, under the settings it began with."""
    extra = [*given(options), *(word for word in ("name", "preset") if getattr(options, word))]
    if extra:
        raise RequestError(
            f"a resumed run keeps its settings, so --{extra[0].replace('_', '-')} has no place "
            "beside --resume; leave it out, or train a new run"
        )
    _, row = home.own(options.resume)
    home.queue.resume(row, mine=True)
    return home.store.row(row.id)


def given(options: argparse.Namespace) -> dict[str, Any]:
    """The settings that stand on the command line."""
    values = {row.name: getattr(options, row.name) for row in SETTINGS}
    return {name: value for name, value in values.items() if value is not None}


def ending(run: dict[str, Any], options: argparse.Namespace, bar: Bar, saved: bool) -> int:
    """Say how a described run ended and what to do next; the exit code. saved: whether it left a
    checkpoint."""
    state, error, accuracy = run["state"], run["error"], run["accuracy"]
    again = command_line("train", "--resume", run["id"], home=options.home)
    if state == "finished":
        told = (
            "" if accuracy is None else f"; the top layer's probe (fast) is right on {accuracy:.1%}"
        )
        bar.say(f"finished{told}; look at it with: {command_line('serve', home=options.home)}")
    elif state == "stopped":
        bar.say(f"stopped; go on with: {again}")
    else:
        bar.say(f"error: {error['message'] if error else f'the run is {state}'}")
        kept = "what was saved is kept; " if saved else ""
        if error and error["code"] in BY_SETTINGS:
            bar.say(f"{kept}a run that is resumed keeps its settings, so train a new one")
        else:
            bar.say(f"{kept}go on with: {again}" if kept else f"begin again with: {again}")
    return ENDS.get(state, ENDS["failed"])
