"""Compare learning rules on the same images."""

import argparse
import json
import re
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from backend.cli.bar import Bar
from backend.cli.benchtable import as_markdown, as_text
from backend.cli.flags import home_flag, preset, preset_flag, setting_flag, utf8, whole, words
from backend.cli.home import opened
from backend.cli.stream import put
from backend.errors import ConflictError, RequestError
from backend.runs.benches import BenchFolder
from backend.settings import VERSION, Settings
from models.config import TrainConfig, nearest
from models.rules import RULES

if TYPE_CHECKING:
    from backend.jobs.bench import Bench
    from backend.jobs.wanted import Wanted

CONTROL = "random"
SHARED = (
    *("data", "encoder", "init", "w_init", "epochs", "batch", "learning_rate", "schedule"),
    *("precision", "device"),
)


def add(command: argparse.ArgumentParser) -> None:
    command.description = "Compare learning rules on the same images."
    command.set_defaults(run=lambda *_: command.print_help() or 0)
    parts = command.add_subparsers(title="commands", metavar="COMMAND")
    what = "train every rule on the same images and measure each"
    part = parts.add_parser(
        "rules",
        help=what,
        description=(
            "Train every rule on the same images in the same order from the same encoder, measure "
            "each and write one record, HOME/benches/NAME/bench.json. A run of this home with "
            "exactly these settings is taken instead of a new one; a bench that was stopped goes "
            "on where it was. The untrained encoder and raw pixels are always part of it."
        ),
    )
    part.add_argument(
        "--rules", type=words, metavar="A,B,C", help="learning rules (default: all of them)"
    )
    part.add_argument(
        "--seeds", type=whole, default=1, metavar="S", help="how many: 0 to S - 1 (default: 1)"
    )
    part.add_argument(
        "--protocols",
        type=words,
        default=["fast"],
        metavar="A,B",
        help="of the linear probes: fast, paper, all-layers (default: fast)",
    )
    part.add_argument(
        "--name", type=utf8, help="of the bench (default: made of data, encoder and epochs)"
    )
    part.add_argument("--out", type=Path, metavar="FILE.md", help="write the table as Markdown")
    part.add_argument("--json", action="store_true", help="print the record instead of the table")
    preset_flag(part)
    told = "an option is passed over by rules that do not have it"
    group = part.add_argument_group("settings of all runs", told)
    for name in SHARED:
        setting_flag(group, name)
    home_flag(part)
    part.set_defaults(run=run)


def run(options: argparse.Namespace, settings: Settings) -> int:
    check_out(options.out)
    rules, seeds, protocols = asked(options)
    from backend.jobs.bench import Bench
    from backend.jobs.inline import Inline
    from models.data import load, parse

    given = given_of(options)
    spec = utf8(str(parse(given.get("data", "photos"))))
    wanted = wanted_of(given | {"data": spec}, rules, seeds, protocols)
    dataset = load(wanted.config.data, settings.home)
    name = options.name or usual_name(wanted, parse(wanted.config.data).key)
    folder = BenchFolder(settings.benches, name)
    folder.path.mkdir(parents=True, exist_ok=True)
    if not folder.lock.take():
        raise ConflictError(f"bench {name} is at work in another process; wait until it has ended")
    bar = Bar()
    try:
        launcher = Inline(analyses=False, watch=bar.event)
        with opened(settings, launcher) as home:
            bench = Bench(folder, wanted, dataset, home.queue)
            try:
                follow(bench, bar)
            except KeyboardInterrupt:
                bar.say("stopped; what is done is kept; the same command goes on from there")
                return 130
    finally:
        folder.lock.release()
        folder.tidy()
    return report(bench, options, bar)


def follow(bench: "Bench", bar: Bar) -> None:
    for step in bench.work():
        if step.fraction is None:
            bar.say(step.words)
        else:
            bar.show(step.fraction, step.words)
    bar.clear()


def report(bench: "Bench", options: argparse.Namespace, bar: Bar) -> int:
    """Print the table or the record, write the page of --out; the exit code."""
    record = bench.record
    if options.json:
        put(json.dumps(record, indent=1) + "\n", sys.stdout)
    else:
        put(as_text(record) + "\n", sys.stdout)
    if options.out:
        options.out.write_text(as_markdown(record), encoding="utf-8")
        bar.say(f"{options.out} is written")
    for row in bench.failed:
        bar.say(f"error: {row['rule']}: {row['error']}")
    return 1 if bench.failed else 0


def asked(options: argparse.Namespace) -> tuple[tuple[str, ...], ...]:
    """Rules, seeds and protocols. Raises RequestError for a word that is none."""
    from backend.analysis.protocols import PROTOCOLS

    for word in options.rules or ():
        if word not in RULES:
            raise RequestError(f"unknown rule {word!r}; {nearest(word, RULES)}")
    for word in options.protocols:
        if word not in PROTOCOLS:
            raise RequestError(f"unknown protocol {word!r}; {nearest(word, PROTOCOLS)}")
    if options.seeds < 1:
        raise RequestError(f"--seeds says how many seeds, at least 1 (seed 0), not {options.seeds}")
    rules = tuple(dict.fromkeys(options.rules or RULES))
    return (
        tuple(rule for rule in rules if rule != CONTROL),
        tuple(range(options.seeds)),
        tuple(word for word in PROTOCOLS if word in options.protocols) or ("fast",),
    )


def given_of(options: argparse.Namespace) -> dict[str, Any]:
    """The settings of all runs: those of the preset, under those that stand on the command line."""
    flags = {name: getattr(options, name) for name in SHARED}
    told = preset(options.preset) | {n: value for n, value in flags.items() if value is not None}
    return {name: value for name, value in told.items() if name in SHARED}


def wanted_of(given: dict[str, Any], rules, seeds, protocols) -> "Wanted":
    from backend.jobs.wanted import Wanted

    config = TrainConfig.from_dict(given)
    line = ["saccade", "bench", "rules", "--data", shown(config.data)]
    for name in SHARED[1:]:
        if name in given or name in ("encoder", "epochs"):
            line += [f"--{name.replace('_', '-')}", f"{getattr(config, name)}"]
    return Wanted(config, rules, seeds, protocols, shlex.join(line), VERSION)


def shown(spec: str) -> str:
    """A data set as it may be told to others: of a path, the file's own name."""
    word, _, path = spec.rpartition(":")
    name = Path(path).name
    return f"{word}:{name}" if word else name


def usual_name(wanted: "Wanted", key: str) -> str:
    config = wanted.config
    text = f"rules-{key}-{config.encoder}-{config.epochs}"
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:100]


def check_out(out: Path | None) -> None:
    """Raises RequestError before any work if the page of --out could not be written."""
    if out is None:
        return
    if out.suffix != ".md":
        raise RequestError(f"--out is a page of Markdown, and {out} is none; name it {out}.md")
    if not out.absolute().parent.is_dir():
        raise RequestError(f"there is no folder {out.parent} to write {out.name} into; make it")
    if out.is_dir():
        raise RequestError(f"{out} is a folder; name a file in it")
