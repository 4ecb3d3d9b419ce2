"""Where does Saccade keep its things, and who says so?"""

from pathlib import Path

import pytest

from backend.settings import CHECKOUT, Settings


def test_the_home_is_in_the_checkout_unless_the_environment_names_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("SACCADE_HOME", raising=False)
    assert Settings().home == CHECKOUT / ".saccade"
    monkeypatch.setenv("SACCADE_HOME", str(tmp_path))
    assert Settings().home == tmp_path


def test_a_home_is_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert Settings(home=Path("here")).home == tmp_path / "here"
    assert Settings(home=Path("~/there")).home == Path.home() / "there"


def test_allowed_hosts_stand_between_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SACCADE_ALLOWED_HOSTS", "lab.example, other.example,")
    assert Settings().allowed_hosts == ("lab.example", "other.example")


def test_plotly_comes_with_its_package() -> None:
    assert Settings().plotly.stat().st_size > 10**6
