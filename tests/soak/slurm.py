"""Slurm's faults, many times over: what was tried, how often, and how often it went wrong."""

from collections import Counter
from pathlib import Path

import pytest

CASES = Path(__file__).parents[1] / "backend" / "jobs" / "long_slurm.py"


class Counts:
    """Gives each test that wants it `cases` cases, and counts how they ended, by name."""

    def __init__(self, cases: int) -> None:
        self.cases, self.tried, self.bad = cases, Counter(), Counter()

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        if "case" in metafunc.fixturenames:
            metafunc.parametrize("case", range(self.cases))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        name = report.nodeid.split("::")[-1].split("[")[0].removeprefix("test_").replace("_", " ")
        if report.when == "setup":
            self.tried[name] += not report.skipped
        self.bad[name] += report.failed


def soak(cases: int) -> list[tuple[str, int, int]]:
    """Rows of (what, tried, bad)."""
    counts = Counts(cases)
    pytest.main(["-q", "-p", "no:cacheprovider", str(CASES)], plugins=[counts])
    return [(f"slurm: {name}", tried, counts.bad[name]) for name, tried in counts.tried.items()]
