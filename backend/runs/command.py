"""Which command does in a terminal what a run of the page did?"""

import shlex
from typing import Any

from models.config import SETTINGS, TrainConfig
from models.errors import SaccadeError


def command_of(about: dict[str, Any]) -> str | None:
    """`saccade train` with the settings of a run.json that differ from the defaults of its rule.

    It is quoted for a POSIX shell. None where the run was imported, or its settings make no sense.
    """
    if "model" in about:
        return None
    try:
        usual = TrainConfig(rule=about["config"].get("rule", TrainConfig.rule)).to_dict()
        values = TrainConfig.from_dict(about["config"]).to_dict()
    except (SaccadeError, TypeError):
        return None
    words = ["saccade", "train"]
    for row in SETTINGS:
        own = row.default if row.name == "rule" else usual[row.name]
        if values[row.name] != own:
            words += [f"--{row.name.replace('_', '-')}", written(values[row.name])]
    if name := about.get("name"):
        words.append(f"--name={name}" if name.startswith("-") else "--name")
        words += [] if name.startswith("-") else [name]
    return shlex.join(words)


def written(value: int | float | str) -> str:
    """A value as the command line reads it back exactly."""
    return repr(value) if isinstance(value, float) else str(value)
