"""Does `saccade check` print figures that hold, and refuse what it cannot check in a sentence?"""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from backend.analysis import fourfactors
from backend.cli import main
from backend.runs.results import Results

Check = Callable[..., tuple[int, str, str]]


@pytest.fixture
def check(
    home: Path, trained: tuple[Path, str], capsys: pytest.CaptureFixture
) -> Callable[..., tuple[int, str, str]]:
    """Run the command on a copy of the trained run: (exit code, stdout, stderr)."""
    shutil.copytree(trained[0] / "runs", home / "runs")
    shutil.copy(trained[0] / "saccade.db", home)

    def run(*words: object) -> tuple[int, str, str]:
        code = main(["check", trained[1], *map(str, words)])
        out = capsys.readouterr()
        return code, out.out, out.err

    return run


def test_every_layer_is_told_in_both_precisions_with_the_stored_figures(
    check: Check, trained: tuple[Path, str]
) -> None:
    code, out, _ = check("--epoch", 1)
    assert code == 0 and out.startswith(f"run {trained[1]}, epoch 1: clapp, vgg6-tiny\n")
    assert out.rstrip().endswith("every distance is within its bound")
    assert "24 training images in batches of 24" in out.replace("\n", " ")
    results = Results(trained[0] / "runs" / trained[1])
    for layer in range(1, 7):
        stored = results.read("learning", 1, layer)
        for at, precision in enumerate(("float64", "float32")):
            row = re.search(rf"^{layer} +{precision} +(.*?) +ok$", out, re.M)
            assert row, out
            figures = [float(word) for word in row[1].split()]
            assert figures[:4] == [float(f"{gap:.1e}") for gap in stored["gap"][at]]
            assert max(figures[:4]) <= figures[4]
        cosines = re.search(rf"^{layer} +([-+]\d.*)$", out, re.M)
        assert cosines and cosines[1].split() == [f"{c:+.3f}" for c in stored["cosine"]]
    assert cosines[1].split() == ["+1.000"] * 6


def test_a_distance_beyond_its_bound_is_named_and_exits_with_1(
    check: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = fourfactors.local_update

    def wrong(*words):
        update = right(*words)
        return update._replace(W_retro=update.W_retro * 1.01)

    monkeypatch.setattr(fourfactors, "local_update", wrong)
    code, out, _ = check()
    assert code == 1 and "BEYOND" in out
    assert re.search(
        r"^the four factors of the W_retro of layer 1 lie 5\.0e-03 from autograd in float64, "
        r"beyond the bound of 1\.0e-10$",
        out,
        re.M,
    )


def test_what_cannot_be_checked_is_one_sentence(
    check: Check, home: Path, trained: tuple[Path, str]
) -> None:
    code, out, err = check("--epoch", 9)
    assert (code, out) == (2, "")
    assert err == "error: epoch 9 was asked for, but the run keeps epochs: 0, 1, 2\n"

    folder = home / "runs" / trained[1]
    manifest = folder / "checkpoints" / "epoch-0002" / "manifest.json"
    told = json.loads(manifest.read_text())
    del told["files"]["rule.safetensors"]
    manifest.write_text(json.dumps(told))
    code, out, err = check()
    assert (code, out) == (2, "") and err.count("\n") == 1
    assert "epoch 2" in err and "without the rule's own weights" in err

    about = json.loads((folder / "run.json").read_text())
    for rule in ("greedy-infomax", "random"):
        config = about["config"] | {
            "rule": rule,
            "draw": "auto",
            "w_init": "auto",
            "update": "auto",
        }
        (folder / "run.json").write_text(json.dumps(about | {"config": config}))
        code, out, err = check()
        assert (code, out) == (2, "") and err.count("\n") == 1
        assert f"was trained by {rule}, whose update is not written as a product" in err
        assert "check takes runs of clapp and clapp-s" in err
