"""Where Saccade keeps its things and how the server is reached; typed, from the environment.

SACCADE_HOME            the folder of everything it keeps: database, runs, data
SACCADE_TOKEN           what a request must carry; the word auto: one that is made and kept
SACCADE_ALLOWED_HOSTS   further names the page may be asked for under, between commas
SACCADE_CPU_RUNS        runs on the processor at once
SACCADE_AUTO_RESUME     times that an interrupted run goes on without being asked
SACCADE_FREE_MB         megabytes that must be free on the disk before a run begins
SACCADE_RATE            requests a second that one address may send in the long run
"""

import importlib.util
from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

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

    model_config = SettingsConfigDict(env_prefix="SACCADE_", extra="forbid", frozen=True)

    home: Path = Field(default_factory=default_home)
    host: str = "127.0.0.1"
    port: int = 8000
    token: SecretStr | None = None
    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = ()
    rate: int = Field(200, ge=1)
    data: tuple[str, ...] = ()  # data sets to show beside the built-in ones, as typed
    cpu_runs: int = Field(1, ge=1, le=64)
    auto_resume: int = Field(1, ge=0, le=100)
    free_mb: int = Field(2048, ge=0)
    pretrained: Path = CHECKOUT / "models" / "pretrained"  # runs that ship
    frontend: Path = CHECKOUT / "frontend"
    plotly: Path = Field(default_factory=plotly_script)

    @field_validator("home")
    @classmethod
    def absolute(cls, home: Path) -> Path:
        return home.expanduser().absolute()

    @field_validator("allowed_hosts", mode="before")
    @classmethod
    def between_commas(cls, hosts: object) -> object:
        if not isinstance(hosts, str):
            return hosts
        return [host.strip() for host in hosts.split(",") if host.strip()]

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

    @property
    def database(self) -> Path:
        return self.home / "saccade.db"
