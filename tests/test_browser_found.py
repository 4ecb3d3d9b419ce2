"""Does .ci/browser find a browser wherever playwright put it, and get one where apt cannot?"""

import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[1] / ".ci" / "browser"
PROGRAMS = ("bash", "dirname", "find", "grep", "head", "mkdir", "touch")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout on a computer without a browser, of which `bin` has all the programs."""
    for folder in (".ci", ".venv/bin", "bin", "home"):
        (tmp_path / folder).mkdir(parents=True)
    shutil.copy(SCRIPT, tmp_path / ".ci")
    for name in PROGRAMS:
        (tmp_path / "bin" / name).symlink_to(shutil.which(name))
    return tmp_path


def program(path: Path, text: str) -> None:
    path.write_text(f"#!{shutil.which('bash')}\n{text}\n")
    path.chmod(0o755)


def found(checkout: Path, *words: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [checkout / "bin" / "bash", checkout / ".ci" / "browser", *words],
        env={"PATH": str(checkout / "bin"), "HOME": str(checkout / "home")},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_the_browser_is_where_playwright_says(checkout: Path) -> None:
    own = checkout / "Chrome for Testing.app" / "Google Chrome for Testing"
    program(checkout / ".venv" / "bin" / "python", f"echo '{own}'")
    assert (found(checkout, "--look").returncode, found(checkout, "--look").stdout) == (1, "")
    own.parent.mkdir()
    own.touch()
    assert found(checkout, "--look").stdout == f"{own}\n"


def test_playwright_installs_one_where_apt_fails(checkout: Path) -> None:
    own = checkout / "home" / ".cache" / "ms-playwright" / "shell" / "chrome-headless-shell"
    program(checkout / "bin" / "id", "echo 0")
    program(checkout / "bin" / "apt-get", '[ "$1" = update ]')
    install = "[ \"$*\" = '-m playwright install --with-deps chromium' ] || exit\n"
    install += f"mkdir -p '{own.parent}' && touch '{own}'"
    program(checkout / ".venv" / "bin" / "python", install)
    assert found(checkout).stdout == f"{own}\n"
