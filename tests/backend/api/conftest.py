"""The real run of tests.backend.conftest, and what its analyses hold."""

from pathlib import Path

import pytest

from backend.runs.results import Results


@pytest.fixture(scope="session")
def run(trained: tuple[Path, str]) -> str:
    return trained[1]


@pytest.fixture(scope="session")
def results(trained: tuple[Path, str]) -> Results:
    return Results(trained[0] / "runs" / trained[1])
