"""What every test may ask for: an empty home folder and the shared image packs."""

import os
import signal
from pathlib import Path

import pytest

# Tiny tensors gain nothing from threads, and threads that share a core wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

# What a developer has set for a Saccade of their own is not for the tests.
OF_TESTS = {"SACCADE_CHROMIUM", "SACCADE_SCREENSHOTS"}
for name in [*os.environ]:
    if (name.startswith("SACCADE_") and name not in OF_TESTS) or name in ("HOST", "PORT"):
        del os.environ[name]

# What a shell starts in the background is deaf to Ctrl+C, and so would be all that tests start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """With `-m gpu` only what has such tests is opened: where a GPU is, packages may lack that the
    others import."""
    if config.getoption("markexpr") != "gpu":
        return None
    files = collection_path.rglob("test_*.py") if collection_path.is_dir() else [collection_path]
    return not any("mark.gpu" in file.read_text(encoding="utf-8") for file in files) or None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    gpu = [item for item in items if item.get_closest_marker("gpu")]
    if not gpu:
        return
    import torch

    if not torch.cuda.is_available():
        for item in gpu:
            item.add_marker(pytest.mark.skip(reason="no CUDA device here"))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that Saccade keeps everything in for one test."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("SACCADE_HOME", str(folder))
    return folder


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of image packs beside the checkout, ../shared/data; must be there in CI."""
    if not SHARED.is_dir():
        reason = f"the image packs are not at {SHARED}"
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
    return SHARED
