"""Start processes with torchrun, on this machine alone, so that no fault outlives a test."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HERE = {"GLOO_SOCKET_IFNAME": "lo"} if sys.platform == "linux" else {}
LOCAL = ("--standalone", "--local-addr", "127.0.0.1")
PATIENCE = 240  # seconds; a hundred times what any of these takes alone


def started(count: int, *words: object) -> subprocess.Popen:
    """`count` processes of `python -m` these words, with what they say in one pipe."""
    command = [sys.executable, "-m", "torch.distributed.run", *LOCAL, "--nproc-per-node"]
    env = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "COV_"))}
    path = os.pathsep.join(p for p in (str(ROOT), env.get("PYTHONPATH")) if p)
    return subprocess.Popen(
        [*command, str(count), "-m", *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=env | HERE | {"OMP_NUM_THREADS": "1", "PYTHONPATH": path},
        start_new_session=True,
    )


def ended(agent: subprocess.Popen) -> tuple[int, str]:
    """Exit code and output. A hang fails: torchrun is told to stop all it started."""
    try:
        said, _ = agent.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        agent.terminate()
        try:
            said, _ = agent.communicate(timeout=60)
        finally:
            agent.kill()
        raise AssertionError(f"the processes hung; they said: {said[-3000:]}") from None
    return agent.returncode, said
