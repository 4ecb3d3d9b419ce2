"""Threads that wait: what is said to OpenMP, and to whom."""

import json
import os
import subprocess
import sys

import pytest

PROGRAMS = {
    "command line": "from backend.cli import main; main(['runs', '--home', '{home}'])",
    "worker": "from backend.jobs.worker import main; main(['--run-dir', '{home}/none'])",
    "benchmarks": "import benchmarks",
}
TOLD = "; import json, os, sys; print(json.dumps([dict(os.environ), 'torch' in sys.modules]))"


def after(program, home, **given):
    """The variables of a process after it began so, and whether it had loaded torch by then."""
    env = {k: v for k, v in os.environ.items() if not k.startswith(("OMP_", "GOMP_"))} | given
    words = [sys.executable, "-c", PROGRAMS[program].format(home=home) + TOLD]
    done = subprocess.run(words, env=env, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("program", PROGRAMS)
def test_threads_spin_a_little_before_torch_is_loaded(program, tmp_path):
    env, torch_loaded = after(program, tmp_path)
    assert env["OMP_WAIT_POLICY"] == "PASSIVE"
    assert env["GOMP_SPINCOUNT"] == "1000"
    assert not torch_loaded


def test_what_the_environment_says_stays(tmp_path):
    env, _ = after("command line", tmp_path, OMP_WAIT_POLICY="ACTIVE")
    assert env["OMP_WAIT_POLICY"] == "ACTIVE"
    assert "GOMP_SPINCOUNT" not in env
    env, _ = after("command line", tmp_path, GOMP_SPINCOUNT="7")
    assert env["GOMP_SPINCOUNT"] == "7"
