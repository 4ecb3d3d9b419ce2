"""Where do runs run, and how many? The words of SACCADE_LAUNCHER; what settings make of them."""

from collections.abc import Callable

from backend.errors import ConfigError
from backend.jobs.launcher import Launcher
from backend.jobs.limits import Limits
from backend.jobs.local import Local
from backend.jobs.slurm import Slurm, Wanted
from backend.settings import Settings


def local(_: Settings) -> Launcher:
    return Local()


def slurm(settings: Settings) -> Launcher:
    return Slurm(
        Wanted(
            partition=settings.partition,
            account=settings.account,
            time_limit=settings.time_limit,
            memory=settings.memory,
            nodes=settings.nodes,
            gpus=settings.gpus,
            cpus=settings.cpus,
        )
    )


def limits_of(settings: Settings) -> Limits:
    return Limits(
        cpu_runs=settings.cpu_runs, free_mb=settings.free_mb, auto_resume=settings.auto_resume
    )


LAUNCHERS: dict[str, Callable[[Settings], Launcher]] = {"local": local, "slurm": slurm}


def launcher_of(settings: Settings) -> Launcher:
    """The launcher that the settings name. Raises ConfigError where there is none."""
    if settings.launcher not in LAUNCHERS:
        raise ConfigError(
            f"SACCADE_LAUNCHER is {settings.launcher!r}; set it to {' or '.join(LAUNCHERS)}"
        )
    return LAUNCHERS[settings.launcher](settings)
