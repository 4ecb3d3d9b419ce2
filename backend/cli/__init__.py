"""The command `saccade`: serve, work, train, analyse, place, check, bench, runs, import, export,
data.

Each command is a module with `add` (its flags) and `run` (what it does); torch is imported only by
those that compute. Whatever goes wrong is one sentence on stderr: exit 2 for what was asked wrongly
or cannot be done, 1 for a run that failed or a check that does not hold, 130 after Ctrl+C.
"""

import argparse
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from backend.cli import stream
from backend.errors import RequestError, SaccadeError, failure_of
from backend.runs.advice import command_line
from backend.settings import VERSION, read
from models.parallel import processes
from models.threads import wait_briefly

WORDS = (
    "serve",
    "work",
    "train",
    "analyse",
    "place",
    "check",
    "bench",
    "runs",
    "import",
    "export",
    "data",
)
COMMANDS = {word: word for word in WORDS} | {"import": "imports"}  # word -> module
FAILED, WRONG, INTERRUPTED = 1, 2, 130


class Parser(argparse.ArgumentParser):
    """argparse, with its complaints as one sentence and without the usage lines."""

    def error(self, message: str) -> None:
        raise RequestError(f"{message}; see: {self.prog} --help")


def main(words: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    wait_briefly()
    stream.prepare()
    try:
        return answer(words)
    finally:
        stream.finish()


def answer(words: Sequence[str] | None) -> int:
    settings = None
    try:
        options = parser().parse_args(words)
        check_shared(options)
        settings = read(home=options.home) if options.home else read()
        code = options.run(options, settings)
        sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        stream.put("interrupted\n", sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # the reader of our output has had enough
        return 0
    except Exception as error:
        foreseen = settings is None or isinstance(error, SaccadeError)
        written = "" if foreseen else log(settings.home, traceback.format_exc())
        stream.put(f"error: {failure_of(error, written)['message']}\n", sys.stderr)
        return WRONG


def check_shared(options: argparse.Namespace) -> None:
    """Raise RequestError where torchrun started several processes of what only one can do."""
    command = getattr(options, "command", None)
    if command and command != "train" and processes() > 1:
        raise RequestError(
            f"torchrun started {processes()} processes, but only saccade train shares its work; "
            f"run saccade {command} without torchrun"
        )


def parser() -> argparse.ArgumentParser:
    whole = Parser(prog="saccade", description="See what a network trained by CLAPP has learned.")
    whole.add_argument("--version", action="version", version=f"saccade {VERSION}")
    whole.add_argument("--home", type=too_early, help=argparse.SUPPRESS)
    whole.set_defaults(home=None, run=lambda *_: whole.print_help() or 0)
    commands = whole.add_subparsers(title="commands", metavar="COMMAND", parser_class=Parser)
    for word, module in COMMANDS.items():
        command = import_module(f"backend.cli.{module}")
        sub = commands.add_parser(word, help=command.__doc__.splitlines()[0])
        sub.set_defaults(command=word)
        command.add(sub)
    return whole


def too_early(home: str) -> None:
    example = command_line("runs", home=Path(home))
    raise RequestError(f"--home goes behind the command, as in: {example}")


def log(home: Path, text: str) -> str:
    """Keep a traceback for whoever mends Saccade; the path of the file, "" where that cannot be."""
    try:
        with open(home / "saccade.log", "a", encoding="utf-8", errors="replace") as file:
            file.write(text)
    except OSError:
        return ""
    return file.name
