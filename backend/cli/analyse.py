"""Analyse the checkpoints of a run."""

import argparse
from collections.abc import Iterable
from itertools import chain, pairwise
from typing import TYPE_CHECKING

from backend.cli.bar import Bar, analysing, duration, piece, subject
from backend.cli.flags import decimal, home_flag, run_word, utf8, whole, words
from backend.cli.home import check_there, opened
from backend.errors import ConflictError
from backend.jobs.pace import Pace
from backend.runs.advice import command_line
from backend.runs.arrays import ANALYSES
from backend.runs.folder import PATIENCE
from backend.settings import Settings
from models.config import TrainConfig
from models.imported import Imported, config_from

if TYPE_CHECKING:
    from backend.jobs.analyse import AnalysisProgress


def add(command: argparse.ArgumentParser) -> None:
    command.description = (
        "Do the analyses of a run that are missing: maps, units, probes, neighbours, learning. "
        "What is there already is named and not done again; Ctrl+C keeps what is finished."
    )
    run_word(command)
    command.add_argument(
        "--epochs", type=words, metavar="E,E", help="checkpoints to analyse (default: all kept)"
    )
    command.add_argument(
        "--data", type=utf8, help="images to analyse it on (default: those of the run)"
    )
    command.add_argument(
        "--only", type=words, metavar="WORD,WORD", help=f"of these: {', '.join(ANALYSES)}"
    )
    command.add_argument(
        "--perplexity",
        type=decimal,
        metavar="NUMBER",
        help="of the maps: about how many neighbours an image minds [from 2; to 500; default: 30]",
    )
    command.add_argument("--device", default="auto", help="auto, cpu, cuda or mps")
    home_flag(command)
    command.set_defaults(run=run)


def run(options: argparse.Namespace, settings: Settings) -> int:
    epochs = options.epochs and [number(word) for word in options.epochs]
    check_there(settings)
    with opened(settings) as home:
        folder, _ = home.own(options.run_id)
    if not folder.lock.take(PATIENCE):
        raise ConflictError(f"run {folder.id} is at work; wait until it has ended, or stop it")
    try:
        config = config_from(folder.about())
        return work(folder.path, config, options, epochs, settings)
    finally:
        folder.lock.release()


def number(word: str) -> int:
    try:
        return whole(word)
    except argparse.ArgumentTypeError as error:
        raise ConflictError(f"--epochs: {error}") from None


def work(
    path,
    config: TrainConfig | Imported,
    options,
    epochs: list[int] | None,
    settings: Settings,
) -> int:
    from backend.jobs.analyse import analyse
    from models.data import load

    chosen = {} if options.perplexity is None else {"perplexity": options.perplexity}
    dataset = load(options.data or config.data, settings.home)
    bar = Bar()
    try:
        follow(analyse(path, dataset, epochs, options.device, options.only, **chosen), bar)
    except KeyboardInterrupt:
        again = command_line("analyse", path.name, home=options.home)
        bar.say(f"stopped; what is finished is kept; go on with: {again}")
        return 130
    return 0


def follow(steps: Iterable["AnalysisProgress"], bar: Bar) -> None:
    """Show each step as it ends, and what was there already once for the input and each epoch."""
    pace, cached = Pace(), []
    for before, step in pairwise(chain([None], steps)):
        if cached and before and before.layer == 0 != step.layer:
            bar.say(f"the input: {described(cached)}")
            cached.clear()
        if step.complete:
            bar.say(f"{subject(step.epoch, step.layer)}: {described(cached)}")
            cached.clear()
        elif step.cached:
            cached.append(step.what)
        elif step.seconds:
            bar.say(f"{piece(step.epoch, step.what, step.layer)}  {duration(step.seconds)}")
        elif pace.due():
            event = {**vars(step), "seconds_left": pace.left_of(step.fraction)}
            bar.show(step.fraction, analysing(event))


def described(cached: list[str]) -> str:
    """What was there already, each word once."""
    there = [word for word in ANALYSES if word in cached]
    return f"analysed ({', '.join(there)}: there already)" if there else "analysed"
