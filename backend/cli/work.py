"""Start and follow the runs that wait, without the page."""

import argparse
import signal
import threading

from backend.cli.flags import home_flag
from backend.cli.home import opened
from backend.settings import Settings


def add(command: argparse.ArgumentParser) -> None:
    command.description = (
        "Start and follow the runs of a home folder, without the page; `saccade serve --no-work` "
        "is the other half. Ctrl+C ends it; runs go on. It touches HOME/work.beat as it works."
    )
    home_flag(command)
    command.set_defaults(run=run)


def run(_: argparse.Namespace, settings: Settings) -> int:
    from backend.app import logger
    from backend.jobs.supervisor import Supervisor

    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    with opened(settings) as home:
        beat = settings.home / "work.beat"
        supervisor = Supervisor(home.queue, logger(settings), beat.touch)
        supervisor.start()
        print(f"works off the runs of {settings.home}  (Ctrl+C ends it; runs go on)", flush=True)
        ended.wait()
        supervisor.stop()
    return 0
