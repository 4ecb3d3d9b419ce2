"""Where does Saccade keep its things, and who says so?"""

from pathlib import Path

import pytest

from backend.errors import ConfigError
from backend.jobs.local import Local
from backend.jobs.slurm import Slurm
from backend.launchers import launcher_of
from backend.settings import CHECKOUT, Settings, read


def test_the_home_is_in_the_checkout_unless_the_environment_names_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("SACCADE_HOME", raising=False)
    assert Settings().home == CHECKOUT / ".saccade"
    monkeypatch.setenv("SACCADE_HOME", str(tmp_path))
    assert Settings().home == tmp_path


def test_a_variable_that_is_empty_counts_as_not_set(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SACCADE_HOME", raising=False)
    unset = Settings()
    for name in ("HOME", "DATABASE", "PRETRAINED", "FRONTEND", "PLOTLY", "GPUS", "LAUNCHER"):
        monkeypatch.setenv(f"SACCADE_{name}", "")
    assert Settings() == unset and unset.home == CHECKOUT / ".saccade"


def test_a_home_is_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert Settings(home=Path("here")).home == tmp_path / "here"
    assert Settings(home=Path("~/there")).home == Path.home() / "there"


def test_several_words_stand_between_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SACCADE_ALLOWED_HOSTS", "lab.example, other.example,")
    monkeypatch.setenv("SACCADE_DATA", "/tmp/pictures, photos")
    assert Settings().allowed_hosts == ("lab.example", "other.example")
    assert Settings().data == ("/tmp/pictures", "photos")


def test_plotly_comes_with_its_package() -> None:
    assert Settings().plotly.stat().st_size > 10**6


def test_the_database_is_in_the_home_unless_it_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert Settings(home=tmp_path).database == tmp_path / "saccade.db"
    monkeypatch.setenv("SACCADE_DATABASE", str(tmp_path / "here.db"))
    assert Settings(home=tmp_path / "shared").database == tmp_path / "here.db"


def test_runs_run_on_this_computer_unless_a_cluster_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert isinstance(launcher_of(Settings(home=tmp_path)), Local)
    for name, value in {
        "LAUNCHER": "slurm",
        "PARTITION": "long",
        "TIME_LIMIT": "2:00:00",
        "GPUS": "2",
        "NODES": "3",
    }.items():
        monkeypatch.setenv(f"SACCADE_{name}", value)
    launcher = launcher_of(Settings(home=tmp_path))
    assert isinstance(launcher, Slurm)
    wanted = launcher.wanted
    assert (wanted.partition, wanted.time_limit) == ("long", "2:00:00")
    assert (wanted.gpus, wanted.nodes, wanted.cpus, wanted.account) == (2, 3, 0, "")


@pytest.mark.parametrize(
    ("variable", "value", "told"),
    [("GPUS", "two", "SACCADE_GPUS is 'two', but"), ("NODES", "0", "greater than or equal to 1")],
)
def test_a_variable_that_cannot_be_read_is_named(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, told: str
) -> None:
    monkeypatch.setenv(f"SACCADE_{variable}", value)
    with pytest.raises(ConfigError, match=told):
        read()


def test_a_launcher_that_is_not_there_is_refused_with_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="'slrm'; set it to local or slurm"):
        launcher_of(Settings(home=tmp_path, launcher="slrm"))
