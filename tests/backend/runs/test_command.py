"""Does the command of a run, typed into a shell, give a run with the same settings?"""

import shlex
from contextlib import suppress

import pytest

from backend.cli import parser
from backend.cli.train import given
from backend.runs.command import command_of
from models.config import SETTINGS, TrainConfig
from models.errors import ConfigError
from models.rules import RULES

NAMES = ("it's", "$(reboot)", 'a `b` "c"', "-rf", "--home=x", "ein Versuch; ls", "ünï \\ 'q'")


def back(command: str) -> tuple[dict, str]:
    """The settings and the name that the command line reads out of a command."""
    program, *words = shlex.split(command)
    options = parser().parse_args(words)
    assert program == "saccade"
    return TrainConfig.from_dict(given(options)).to_dict(), options.name


@pytest.mark.parametrize("rule", RULES)
def test_only_what_differs_from_the_defaults_of_the_rule_is_said(rule: str) -> None:
    config = TrainConfig(rule=rule)
    said = "" if rule == TrainConfig.rule else f" --rule {rule}"
    assert command_of({"config": config.to_dict()}) == f"saccade train{said}"
    assert back(f"saccade train{said}")[0] == config.to_dict()


@pytest.mark.parametrize("row", SETTINGS, ids=lambda row: row.name)
def test_every_setting_comes_back_from_the_command(row) -> None:
    odd = {"data": "/my images/it's $HOME", "keep": "0,2", "learning_rate": 1.25e-07, "crop": 96}
    choice = odd.get(row.name, row.choices[-1] if row.choices else row.minimum)
    tried = 0
    for rule in row.rules or RULES:
        with suppress(ConfigError):  # a word that this rule does not have
            config = TrainConfig.from_dict({"rule": rule, row.name: choice}).to_dict()
            assert back(command_of({"config": config})) == (config, "")
            tried += 1
    assert tried


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_quoted_for_the_shell(name: str) -> None:
    command = command_of({"config": TrainConfig(epochs=3).to_dict(), "name": name})
    assert back(command) == (TrainConfig(epochs=3).to_dict(), name)


def test_an_imported_run_and_settings_of_no_rule_have_no_command() -> None:
    assert command_of({"config": {}, "model": {"family": "timm"}}) is None
    assert command_of({"config": {"rule": "none"}}) is None
    assert command_of({"config": {"rule": ["clapp"]}}) is None
