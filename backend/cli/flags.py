"""Flags that several commands take, and how their words are read."""

import argparse
from pathlib import Path
from typing import Any

from backend.errors import RequestError
from backend.settings import default_home
from models.config import SETTINGS, Setting, nearest
from models.errors import ConfigError
from models.recipes import RECIPES


def home_flag(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--home",
        type=folder,
        metavar="DIR",
        help="folder of everything Saccade keeps "
        f"(default: SACCADE_HOME, else {default_home()})".replace("%", "%%"),
    )


def folder(text: str) -> Path:
    if not text:
        raise argparse.ArgumentTypeError("the name of a folder is wanted, not an empty word")
    return Path(text)


def run_word(command: argparse.ArgumentParser) -> None:
    command.add_argument("run_id", metavar="RUN", help="id of a run, as `saccade runs` shows it")


def preset_flag(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--preset",
        metavar="WORD",
        help=f"settings that go together ({', '.join(RECIPES)}); those given beside it come first",
    )


def preset(word: str | None) -> dict[str, Any]:
    """The settings of that preset; none where no word is given."""
    if word and word not in RECIPES:
        raise ConfigError(f"unknown preset {word!r}; {nearest(word, RECIPES)}")
    return RECIPES[word].settings if word else {}


def setting_flags(command: argparse.ArgumentParser) -> None:
    """One flag for each setting of a training run; None where it is not given."""
    group = command.add_argument_group("settings")
    for row in SETTINGS:
        setting_flag(group, row.name)


def setting_flag(group: argparse._ActionsContainer, name: str) -> None:
    row = next(row for row in SETTINGS if row.name == name)
    group.add_argument(
        f"--{row.name.replace('_', '-')}",
        dest=row.name,
        type={"int": whole, "float": decimal}.get(row.type, utf8),
        metavar=row.unit.upper() or row.type.upper(),
        help=described(row),
    )


def described(row: Setting) -> str:
    """The help of a setting: its sentence, what it may be, and its default."""
    limits = [f"from {row.minimum:.10g}"] if row.minimum is not None else []
    limits += [f"to {row.maximum:.10g}"] if row.maximum is not None else []
    limits += [", ".join(row.choices)] if row.choices else []
    return f"{row.help} [{'; '.join([*limits, f'default: {row.default}'])}]".replace("%", "%%")


def whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"a whole number is wanted, not {text!r}") from None


def decimal(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"a number is wanted, not {text!r}") from None


def port_number(text: str) -> int:
    number = whole(text)
    if not 0 <= number <= 65535:
        raise argparse.ArgumentTypeError(f"a port is a number from 0 to 65535, not {number}")
    return number


def utf8(text: str) -> str:
    """A name or a path as it is. Raises RequestError if it has bytes in it that are no text."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise RequestError(f"{text!r} is not written in UTF-8; give it another name") from None
    return text


def words(text: str) -> list[str]:
    """Words between commas."""
    return [word.strip() for word in text.split(",") if word.strip()]
