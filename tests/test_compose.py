"""Does the compose file say what it should, to the tool that reads it?"""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def compose() -> list[str]:
    if shutil.which("docker-compose"):
        return ["docker-compose"]
    docker = shutil.which("docker")
    if (
        docker
        and subprocess.run([docker, "compose", "version"], capture_output=True).returncode == 0
    ):
        return [docker, "compose"]
    reason = "docker-compose is not installed"
    pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)


@pytest.mark.parametrize("profile", [[], ["--profile", "gpu"]])
def test_the_compose_file_is_accepted(compose: list[str], profile: list[str]) -> None:
    done = subprocess.run(
        [*compose, *profile, "config"], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert ("saccade-gpu" in done.stdout) or not profile
    assert "no-new-privileges" in done.stdout
    assert "127.0.0.1" in done.stdout
    assert "0.0.0.0" not in done.stdout
    assert "SACCADE_TOKEN: auto" in done.stdout


def test_the_container_answers_to_the_port_that_the_page_has_outside(compose: list[str]) -> None:
    given = {"PORT": "9123", "SACCADE_TOKEN": "t" * 40}
    done = subprocess.run(
        [*compose, "config"], cwd=ROOT, env=os.environ | given, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "127.0.0.1:9123,localhost:9123" in done.stdout
    assert "t" * 40 in done.stdout and "SACCADE_TOKEN: auto" not in done.stdout
