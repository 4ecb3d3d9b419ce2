"""Where Saccade keeps its things, how the server is reached and where runs run; typed, from the
environment. A variable that is empty counts as not set.

SACCADE_HOME            the folder of everything it keeps: database, runs, data
SACCADE_TOKEN           what a request must carry; the word auto: one that is made and kept
SACCADE_CPU_RUNS        runs on the processor at once
SACCADE_AUTO_RESUME     times that an interrupted run goes on without being asked
SACCADE_FREE_MB         megabytes that must be free on the disk before a run begins
SACCADE_RATE            requests a second that one address may send in the long run
SACCADE_DATABASE        the database, where HOME lies on a disk that several computers share
SACCADE_ALLOWED_HOSTS   further names the page may be asked for under, between commas
SACCADE_LAUNCHER        where runs run: a word of backend/launchers.py
SACCADE_PARTITION, SACCADE_ACCOUNT, SACCADE_TIME_LIMIT, SACCADE_MEMORY, SACCADE_NODES,
SACCADE_GPUS, SACCADE_CPUS   what a run asks of a cluster: backend.jobs.slurm.Wanted
"""

import importlib.util
from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from models.errors import ConfigError

CHECKOUT = Path(__file__).resolve().parents[1]
VERSION = "0.1.0"


def default_home() -> Path:
    """`.saccade` in the checkout; in the user's own folder where Saccade runs from no checkout."""
    checkout = (CHECKOUT / "pyproject.toml").is_file()
    return (CHECKOUT if checkout else Path.home()) / ".saccade"


def plotly_script() -> Path:
    """plotly.js as the installed Python package brings it; the package itself is not imported."""
    found = importlib.util.find_spec("plotly")
    places = found.submodule_search_locations if found else None
    return Path(places[0] if places else "plotly") / "package_data" / "plotly.min.js"


class Settings(BaseSettings):
    """All that one server or command is told about its surroundings."""

    model_config = SettingsConfigDict(
        env_prefix="SACCADE_", env_ignore_empty=True, extra="forbid", frozen=True
    )

    home: Path = Field(default_factory=default_home)
    database: Path = Field(default_factory=lambda given: given["home"] / "saccade.db")
    host: str = "127.0.0.1"
    port: int = Field(8000, ge=0, le=65535)
    token: SecretStr | None = None
    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = ()
    rate: int = Field(200, ge=1)
    data: Annotated[
        tuple[str, ...], NoDecode
    ] = ()  # data sets to show beside the built-in ones, as typed
    cpu_runs: int = Field(1, ge=1, le=64)
    auto_resume: int = Field(1, ge=0, le=100)
    free_mb: int = Field(2048, ge=0)
    pretrained: Path = CHECKOUT / "models" / "pretrained"  # runs that ship
    frontend: Path = CHECKOUT / "frontend"
    plotly: Path = Field(default_factory=plotly_script)
    work: bool = True  # whether the server starts runs itself, or leaves that to `saccade work`
    launcher: str = "local"
    partition: str = ""
    account: str = ""
    time_limit: str = ""
    memory: str = ""
    nodes: int = Field(1, ge=1)
    gpus: int = Field(0, ge=0)
    cpus: int = Field(0, ge=0)

    @field_validator("home", "database")
    @classmethod
    def absolute(cls, path: Path) -> Path:
        try:
            return path.expanduser().absolute()
        except RuntimeError:
            raise ValueError("there is no such user whose home folder that could be") from None

    @field_validator("allowed_hosts", "data", mode="before")
    @classmethod
    def between_commas(cls, words: object) -> object:
        if not isinstance(words, str):
            return words
        return [word.strip() for word in words.split(",") if word.strip()]

    @field_validator("token")
    @classmethod
    def empty_is_none(cls, token: SecretStr | None) -> SecretStr | None:
        return token or None

    @property
    def runs(self) -> Path:
        return self.home / "runs"

    @property
    def benches(self) -> Path:
        return self.home / "benches"

    @property
    def uploads(self) -> Path:
        return self.home / "uploads"

    @property
    def cache(self) -> Path:
        return self.home / "cache"


def read(**given: object) -> Settings:
    """The settings, with what the command line gives. Raises ConfigError with the flag or the
    variable."""
    try:
        return Settings(**given)
    except ValidationError as error:
        first = error.errors()[0]
        word = str(first["loc"][0])
        name = f"--{word}" if word in given else f"SACCADE_{word.upper()}"
        came = str(first["input"]) if isinstance(first["input"], Path) else first["input"]
        reason = first["msg"].removeprefix("Value error, ").lower()
        raise ConfigError(f"{name} is {came!r}, but: {reason}; mend it or leave it out") from None
