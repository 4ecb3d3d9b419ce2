"""Does a bench compare what it says, go on where it was, and take what is there already?"""

import io
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy import stats

from backend.analysis.seen import Seen
from backend.jobs.bench import Bench
from backend.jobs.benchruns import BenchRuns
from backend.runs.results import Results
from backend.settings import CHECKOUT
from tests.backend.cli.benches import TINY, of, striped
from tests.backend.cli.conftest import Say


def rows(record: dict) -> dict:
    return {(row["rule"], row["seed"], row["view"]): row for row in record["rows"]}


def accuracies(found: list[dict]) -> list[float]:
    return [each["accuracy"] for each in found]


def stored(results: Results, epoch: int) -> list[float]:
    """The probe accuracies of an analysed checkpoint, layers 1 to 6."""
    return [float(results.read("probe", epoch, n)["accuracy"]) for n in range(1, 7)]


def test_a_bench_measures_what_an_analysis_measures(
    say: Say, pack: Path, home: Path, tmp_path: Path
) -> None:
    page = tmp_path / "rules.md"
    asked = ("--rules", "clapp,supervised", "--name", "two", "--epochs", 2)
    code, out, err = say("bench", "rules", "--data", pack, *asked, *TINY, "--out", page)
    assert code == 0, err
    record = of(home, "two")
    found = rows(record)
    view = "patches-64-grey"
    assert set(found) == {
        ("pixels", None, view),
        ("random", 0, view),
        ("clapp", 0, view),
        ("supervised", 0, view),
    }
    clapp = found["clapp", 0, view]
    run = home / "runs" / clapp["run"]
    assert say("analyse", clapp["run"])[0] == 0
    results = Results(run)
    probes = {epoch: stored(results, epoch) for epoch in (0, 2)}
    assert accuracies(clapp["probes"]["fast"]) == pytest.approx(probes[2])
    assert accuracies(found["random", 0, view]["probes"]["fast"]) == pytest.approx(probes[0])
    pixels = float(results.read("probe", None, 0)["accuracy"])
    assert accuracies(found["pixels", None, view]["probes"]["fast"]) == pytest.approx([pixels])
    assert found["random", 0, view]["run"] == clapp["run"]

    assert clapp["losses"]["epochs"] == [1, 2] and len(clapp["losses"]["losses"][0]) == 6
    assert clapp["images"] == 2 * 24 and clapp["seconds"] > 0
    alone = record["alone"]["clapp"]
    assert (alone["steps"], alone["batch"]) == (20, 12)
    assert alone["images_per_second"] > 0 and alone["memory_mb"] > 50

    text = page.read_text()
    assert "saccade bench rules --data stripes.npz --encoder vgg6-tiny --epochs 2" in text
    assert str(pack.parent) not in text + json.dumps(record)
    assert all(word in out for word in ("pixels", "random", "clapp", "supervised", "±"))
    assert re.search(r"^\| random \| no \| no \|( [\d.]+ \([\d.]+ to [\d.]+\) \|){6}$", text, re.M)
    assert record["definitions"]["fast"] in text and record["definitions"]["neighbours"] in text


@pytest.mark.usefixtures("untimed")
def test_the_control_of_each_seed_is_the_encoder_that_a_run_of_this_seed_begins_with(
    say: Say, pack: Path, home: Path
) -> None:
    asked = ("--data", pack, "--epochs", 0, *TINY)
    code, _, err = say("bench", "rules", *asked, "--rules", "random", "--seeds", 2, "--name", "two")
    assert code == 0, err
    found, begun = rows(of(home, "two")), {}
    for seed in (0, 1):
        run = say("train", *asked, "--seed", seed)[1].strip()
        begun[seed] = stored(Results(home / "runs" / run), 0)
        control = found["random", seed, "patches-64-grey"]
        assert accuracies(control["probes"]["fast"]) == pytest.approx(begun[seed])
    assert begun[0] != pytest.approx(begun[1])


@pytest.mark.usefixtures("untimed")
def test_a_bench_goes_on_where_it_was_and_adds_what_is_asked_for(
    say: Say, pack: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    common = ("bench", "rules", "--data", pack, "--name", "on", "--epochs", 1, *TINY)
    measured, given = [], Bench.measured

    def interrupted(bench: Bench, row: dict, *more):
        if row["rule"] == "supervised":
            raise KeyboardInterrupt
        measured.append(row["rule"])
        yield from given(bench, row, *more)

    monkeypatch.setattr(Bench, "measured", interrupted)
    code, _, err = say(*common, "--rules", "clapp,supervised")
    assert code == 130 and "goes on from there" in err
    before = rows(of(home, "on"))
    assert measured == ["pixels", "random", "clapp"]
    assert not any(row["done"] for row in before.values() if row["rule"] == "supervised")

    monkeypatch.setattr(Bench, "measured", given)
    code, out, err = say(*common, "--rules", "clapp,supervised", "--seeds", 2, "--json")
    assert code == 0 and "clapp, seed 0: in the record already" in err
    assert re.search(r"supervised, seed 0: takes run \S+, which is finished", err)
    record, after = json.loads(out), rows(of(home, "on"))
    assert record == of(home, "on")
    assert all(after[key] == row for key, row in before.items() if row["done"])
    assert len(list((home / "runs").iterdir())) == 4

    for row in record["summary"]:
        group = [each for each in after.values() if each["rule"] == row["rule"]]
        assert len(group) == (1 if row["rule"] == "pixels" else 2)
        for what in (lambda x: x["probes"]["fast"], lambda x: x["neighbours"]):
            for layer, told in enumerate(what(row)):
                values = [what(each)[layer]["accuracy"] for each in group]
                assert told["accuracy"] == pytest.approx(np.mean(values))
                if len(values) > 1 and np.ptp(values):
                    wanted = stats.t.interval(0.95, 1, np.mean(values), stats.sem(values))
                    low, high = np.clip(wanted, 0, 1)
                    assert (told["low"], told["high"]) == pytest.approx((low, high))

    code, _, err = say(*common, "--rules", "clapp", "--protocols", "fast,all-layers")
    assert code == 0 and of(home, "on")["protocols"] == ["fast", "all-layers"]


@pytest.mark.usefixtures("untimed")
def test_a_run_with_the_same_settings_is_taken_and_its_features_with_it(
    say: Say, pack: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, out, _ = say("train", "--data", pack, "--epochs", 1, *TINY)
    assert code == 0
    run, looked, given = out.strip(), [], Seen.look
    taken = home / "runs" / run

    def look(seen: Seen, cells: bool = False):
        looked.append(seen.preset)
        yield from given(seen, cells)

    monkeypatch.setattr(Seen, "look", look)
    asked = ("--rules", "clapp", "--name", "taken", "--epochs", 1)
    code, _, err = say("bench", "rules", "--data", pack, *asked, *TINY)
    assert code == 0 and f"clapp, seed 0: takes run {run}, which is finished" in err
    row = next(row for row in of(home, "taken")["rows"] if row["rule"] == "clapp")
    assert row["run"] == run and row["adopted"]
    assert len(looked) == 2  # the pixels and the random encoder; not the run, which was analysed
    assert len(list((home / "runs").iterdir())) == 1
    assert accuracies(row["probes"]["fast"]) == pytest.approx(stored(Results(taken), 1))

    code, _, err = say(
        *("bench", "rules", "--data", pack, "--rules", "clapp", "--name", "other", "--epochs", 1),
        *(*TINY, "--learning-rate", 0.001),
    )
    assert code == 0 and "clapp, seed 0: trains run" in err


@pytest.mark.usefixtures("untimed")
def test_a_preset_holds_for_every_rule_that_has_its_options(
    say: Say, pack: Path, home: Path
) -> None:
    asked = ("--data", pack, "--preset", "stl10-small", "--epochs", 1, *TINY)
    code, out, _ = say("train", *asked, "--keep", "0,1,7")
    assert code == 0
    run = out.strip()
    bench = ("bench", "rules", *asked, "--rules", "clapp,supervised", "--name", "small")
    code, _, err = say(*bench)
    assert code == 0 and f"clapp, seed 0: takes run {run}, which is finished" in err
    record = of(home, "small")
    told = {"learning_rate": 0.001, "schedule": "cosine", "init": "he", "w_init": "identity"}
    assert record["settings"].items() >= told.items()
    words = "--init he --w-init identity --epochs 1 --batch 12 --learning-rate 0.001"
    assert f"{words} --schedule cosine --device cpu" in record["command"]
    found = {row["rule"]: row for row in record["rows"]}
    other = json.loads((home / "runs" / found["supervised"]["run"] / "run.json").read_text())
    assert (other["config"]["init"], other["config"]["w_init"]) == ("he", "auto")
    begun = stored(Results(home / "runs" / run), 0)
    assert accuracies(found["random"]["probes"]["fast"]) == pytest.approx(begun)

    code, _, err = say(*bench, "--w-init", "uniform")
    assert code == 2 and "w init identity, but uniform was asked for" in err


@pytest.mark.slow
def test_a_bench_that_was_killed_goes_on_with_the_same_run(
    say: Say, pack: Path, home: Path, until: Callable
) -> None:
    words = ["bench", "rules", "--data", pack, "--rules", "clapp", "--epochs", 40, "--name", "kill"]
    command = [sys.executable, "-m", "backend", *map(str, [*words, *TINY, "--home", home])]
    process = subprocess.Popen(
        command, cwd=CHECKOUT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    until(
        lambda: (
            b'"kind":"epoch"' in b"".join(f.read_bytes() for f in home.glob("runs/*/events.jsonl"))
        )
    )
    os.kill(process.pid, signal.SIGKILL)
    process.wait(timeout=20)
    (run,) = (home / "runs").iterdir()
    code, _, err = say(*words, *TINY)
    assert code == 0 and f"goes on with run {run.name}, which was interrupted" in err
    record = of(home, "kill")
    assert [row["run"] for row in record["rows"] if row["rule"] == "clapp"] == [run.name]
    assert record["summary"][-1]["epoch"] == 40 and not list(run.parent.parent.glob("benches/*/.*"))


@pytest.mark.usefixtures("untimed")
def test_a_rule_that_fails_is_recorded_and_ends_no_other(
    say: Say, home: Path, tmp_path: Path
) -> None:
    small = tmp_path / "small.npz"
    striped(small, side=40)  # too few patch rows for a rule that predicts
    asked = ("--rules", "clapp,supervised", "--name", "fails", "--epochs", 1)
    code, out, err = say("bench", "rules", "--data", small, *asked, *TINY)
    assert code == 1 and "error: clapp: views of 40 pixels have 4 patch rows" in err
    assert "Traceback" not in err and re.search(r"^supervised +yes", out, re.M)
    found = {row["rule"]: row for row in of(home, "fails")["rows"]}
    assert not found["clapp"]["done"] and "set steps to" in found["clapp"]["error"]
    assert found["supervised"]["done"] and found["supervised"]["error"] is None
    assert [row["rule"] for row in of(home, "fails")["summary"]] == [
        "pixels",
        "random",
        "supervised",
    ]


@pytest.mark.usefixtures("untimed")
def test_a_reason_of_the_system_is_recorded_without_where_its_file_lies(
    say: Say, pack: Path, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_):
        yield from ()
        (tmp_path / "secret" / "weights.safetensors").read_bytes()

    monkeypatch.setattr(BenchRuns, "finished", fails)
    asked = ("--rules", "clapp", "--epochs", 0, "--name", "io")
    code, _, err = say("bench", "rules", "--data", pack, *asked, *TINY)
    row = next(row for row in of(home, "io")["rows"] if row["rule"] == "clapp")
    assert code == 1 and "(weights.safetensors): No such file or directory" in row["error"]
    assert str(tmp_path) not in err + json.dumps(of(home, "io"))
    assert str(tmp_path) in (home / "benches" / "io" / "log.txt").read_text()


@pytest.mark.usefixtures("untimed")
def test_a_run_that_saw_other_images_is_not_taken(say: Say, home: Path, tmp_path: Path) -> None:
    pack = tmp_path / "flat.npz"
    striped(pack, 64)
    asked = ("bench", "rules", "--data", pack, "--rules", "clapp", "--epochs", 1, *TINY)
    assert say(*asked, "--name", "before")[0] == 0
    code, _, err = say(*asked, "--name", "again")
    assert code == 0 and "takes run" in err
    with np.load(pack) as held:
        arrays = dict(held)
    draw = np.random.default_rng(5)
    files = []
    for _ in arrays["labels"]:
        stream = io.BytesIO()
        Image.fromarray(draw.integers(0, 256, (64, 64, 3), np.uint8)).save(stream, "PNG")
        files.append(stream.getvalue())
    arrays["data"] = np.frombuffer(b"".join(files), np.uint8)
    arrays["offsets"] = np.cumsum([0, *map(len, files)], dtype=np.int64)
    np.savez(pack, **arrays)
    code, _, err = say(*asked, "--name", "after")
    assert code == 0 and "trains run" in err and "takes run" not in err
    taken = {row["rule"]: row["run"] for row in of(home, "after")["rows"] if row["run"]}
    assert taken["clapp"] not in {row["run"] for row in of(home, "before")["rows"]}
