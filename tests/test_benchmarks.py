"""A benchmark's record is whole wherever it runs, and is written where it is asked for."""

import argparse
import json
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
import torch

from benchmarks import __main__ as harness
from benchmarks import record, scale
from benchmarks.closed_gates import every_patch
from benchmarks.table import LESS_IS_BETTER, MORE_IS_BETTER, compared, of_row, page, place, worse
from models import convolution

# What a machine with a GPU may lack, and what is measured there.
ABSENT = "fastapi starlette uvicorn pydantic pydantic_settings openTSNE plotly httpx torchvision"
MEASURED = """train_step depth_memory views activity_pass tsne multi_gpu scale probes learning
    closed_gates"""
WITHOUT = f"""
import sys
for name in {ABSENT.split()}:
    sys.modules[name] = None
from importlib import import_module
for name in {MEASURED.split()}:
    import_module("benchmarks." + name)
"""


def test_a_record_is_printed_and_written_with_the_packages_that_are_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(record, "PACKAGES", ("torch", "no-such-package"))
    given = argparse.Namespace(json=True, out=tmp_path / "a" / "b")
    record.told("made-up", [record.figure("a step", [2.0, 1.0, 4.0], "ms", "< 5")], given)
    row, whole = capsys.readouterr().out.splitlines()
    assert row == "a step: 2 (1 to 4) ms; goal < 5"
    found = json.loads(whole)
    assert found["versions"] == {"torch": version("torch")}
    assert found["rows"][0]["value"] == 2 and found["rows"][0]["runs"] == 3
    assert json.loads((given.out / "made-up.json").read_text()) == found


def test_a_gpu_that_is_not_there_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("torch.cuda.device_count", lambda: 1)
    monkeypatch.setattr(sys, "argv", ["views", "--device", "cuda"])
    with pytest.raises(SystemExit):
        record.parsed(record.parser("."), least=2)
    assert "this needs 2 CUDA GPUs and torch finds 1 here" in capsys.readouterr().err


def test_what_is_measured_on_a_gpu_needs_neither_server_nor_page() -> None:
    subprocess.run([sys.executable, "-c", WITHOUT], check=True, timeout=120)


def test_a_step_that_is_timed_prints_its_record_last(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmarks.train_step", "--json", "--out", str(tmp_path)]
    options = ["--encoder", "vgg6-tiny", "--batch", "2", "--runs", "2", "--device", "cpu"]
    done = subprocess.run(
        [*command, *options], check=True, stdout=subprocess.PIPE, text=True, timeout=300
    )
    whole = json.loads(done.stdout.splitlines()[-1])
    assert whole == json.loads((tmp_path / "train_step.json").read_text())
    assert whole.keys() >= {"benchmark", "machine", "versions", "rows"}
    assert whole["options"] == options
    rows = {row["variant"]: row for row in whole["rows"]}
    assert list(rows) == ["saccade", "float32", "summed", "end-to-end"]
    for row in rows.values():
        assert (row["encoder"], row["batch"]) == ("vgg6-tiny", 2)
        assert row["images_per_s"] > 0 and row["peak_mb"] >= 0 and row["share_of_floor"] > 0


def test_the_share_without_an_open_gate_is_told_and_none_is_left_out_meanwhile() -> None:
    drive = torch.tensor([0.0, 2.0, 0.0, 0.0]).view(4, 1, 1, 1).expand(4, 3, 2, 2)
    with every_patch() as closed:
        assert convolution.driven(drive) is None
    assert closed == [0.75]
    assert convolution.driven(drive).tolist() == [False, True, False, False]


def of(rows: list[dict], *options: str, **machine: str) -> dict:
    """A record as a benchmark prints it."""
    on = {"processor": "made up", "instructions": "AVX2", "cores": 2, "threads": 2}
    on |= {"python": "3", "device": "cpu"}
    return {
        **{"benchmark": "made-up", "machine": on | machine, "versions": {"torch": "2"}},
        **{"options": [*options], "asked": {"words": [*options]}, "rows": rows},
        "when": "2026-01-02T03:04+00:00",
    }


@pytest.mark.parametrize(
    ("unit", "before", "now", "told"),
    [
        ("s", 1.0, 1.2, True),
        ("s", 1.0, 0.5, False),
        ("s", 1.0, 1.05, False),
        ("images/s", 100, 80, True),
        ("images/s", 100, 130, False),
        ("% right; 98 % of units answer", 40, 30, True),
        ("% right; 98 % of units answer", 40, 50, False),
        ("power of the images", 1.0, 1.5, True),
        ("answers, of 70", 0, 3, True),
        ("answers, of 70", 3, 0, False),
        ("%", -1.0, -1.05, False),
    ],
)
def test_what_is_worse_than_the_last_time_is_told(
    unit: str, before: float, now: float, told: bool
) -> None:
    last = of([record.figure("a", [before], unit.replace("98", "97").replace("70", "71"))])
    found = worse(of([record.figure("a", [now], unit)]), last)
    assert bool(found) == told and all("made-up: a: " in line for line in found)


def test_memory_and_the_share_of_the_floor_are_compared_with_the_speed() -> None:
    row = record.figure("step", [100.0], "images/s", peak_mb=500, share_of_floor=0.5)
    row |= {"floor_images_per_s": 200, "matrix_gflops": 7, "matrix_dtype": "bfloat16"}
    new = row | {"peak_mb": 600, "share_of_floor": 0.4}
    assert len(worse(of([new]), of([row]))) == 2
    text = page({"made-up": compared(of([new]), of([row]))})
    assert "| step | 100 |  |  | images/s |  | 1.00 |" in text
    assert "| step | 600 | 1.20 | 0.40 of 200 images/s | 0.80 | 7 GFLOP/s bfloat16 |" in text


def test_figures_of_other_machines_and_other_questions_do_not_compare() -> None:
    rows, new = [record.figure("a", [1.0], "s")], [record.figure("a", [9.0], "s")]
    plain = of(rows)
    wider = of(rows, instructions="AVX512")
    for last in (None, of(rows, threads=1), of(rows, "--data", "x"), of(rows, gpu="H200"), wider):
        assert worse(of(new), last) == []
        assert compared(of(new), last)["rows"][0]["times_last"] == {}
    other_default = plain | {"asked": {"runs": 3}}
    assert worse(of(new), other_default) == []
    newer = of(new, python="4")  # a newer Python is told, and no other machine
    assert compared(newer, plain)["rows"][0]["times_last"] == {"s": 9.0}
    assert "The last: torch 2; 2026-01-02" in page({"made-up": compared(newer, plain)})
    assert place(of(rows, gpu="H200")) == "made-up on H200"
    assert place(wider) == "made-up on AVX512" != place(plain)


def test_the_table_is_made_of_the_records_and_each_unit_has_a_better_way() -> None:
    records = json.loads(harness.KEPT.read_text())
    assert harness.PAGE.read_text() == page(records)
    assert {place(found) for found in records.values()} == set(records)
    units = {u for found in records.values() for row in found["rows"] for u in of_row(row)}
    assert units <= LESS_IS_BETTER ^ MORE_IS_BETTER


def test_what_fails_keeps_its_last_record_and_the_others_are_compared_with_the_committed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made = {
        "views": of([record.figure("a", [2.0], "s")]) | {"benchmark": "views"},
        "page": of([]) | {"benchmark": "page"},
        "load": None,
    }
    last = [of([record.figure("a", [1.0], "s")]) | {"benchmark": name} for name in made]
    last = {place(found): found for found in last}
    for found in (last["views on AVX2"], made["views"]):
        found.update({"options": ["--runs", "9"], "asked": {"runs": 9}})
    asked = []

    def run(name: str, options: list[str]) -> dict | None:
        asked.append((name, options))
        return made[name]

    monkeypatch.setattr(harness, "KEPT", tmp_path / "results.json")
    monkeypatch.setattr(harness, "PAGE", tmp_path / "results.md")
    monkeypatch.setattr(harness, "run", run)
    monkeypatch.setattr(harness, "committed", lambda: last)
    harness.KEPT.write_text(json.dumps(last))
    monkeypatch.setattr(sys, "argv", ["benchmarks", "load", "page", "views"])
    for _ in range(2):  # a second run compares with what is committed, not with the first
        with pytest.raises(SystemExit, match="left as it was: load, page"):
            harness.main()
        assert "worse: views: a: 2 s, 1 the last time" in capsys.readouterr().out
        kept = json.loads(harness.KEPT.read_text())
        for name in ("load on AVX2", "page on AVX2"):
            assert kept[name] == last[name]
        assert kept["views on AVX2"]["rows"][0]["times_last"] == {"s": 2.0}
    assert asked[2] == ("views", ["--runs", "9"])  # as it was recorded


def test_what_was_never_recorded_here_is_asked_as_it_was_elsewhere() -> None:
    on_gpu = of([], "--batch", "9", gpu="H200")
    wider = of([], "--plot", "a.svg", "--batch", "7", instructions="what no machine has")
    records = {place(found): found for found in (on_gpu, wider)}
    assert harness.options_of("made-up", records) == ["--batch", "7"]
    assert harness.options_of("views", records) == []


def test_records_of_another_machine_are_entered_beside_those_of_this(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = of([record.figure("a", [1.0], "s")]) | {"benchmark": "views"}
    there = of([record.figure("a", [0.1], "s")], gpu="H200") | {"benchmark": "views"}
    for name, told in (("views", there), ("page", of([])), ("notes", {"some": "words"})):
        (tmp_path / f"{name}.json").write_text(json.dumps(told))
    kept = tmp_path / "kept" / "results.json"
    kept.parent.mkdir()
    kept.write_text(json.dumps({place(here): here}))
    monkeypatch.setattr(harness, "KEPT", kept)
    monkeypatch.setattr(harness, "PAGE", kept.with_suffix(".md"))
    monkeypatch.setattr(harness, "committed", lambda: {place(here): here})
    monkeypatch.setattr(sys, "argv", ["benchmarks", "--take", str(tmp_path)])
    with pytest.raises(SystemExit, match="notes.json, page.json"):
        harness.main()
    found = json.loads(kept.read_text())
    assert found["views on AVX2"] == here and found["views on H200"]["rows"][0]["value"] == 0.1
    monkeypatch.setattr(sys, "argv", ["benchmarks", "--take", str(tmp_path / "none")])
    with pytest.raises(SystemExit, match="there is no folder"):
        harness.main()


@pytest.mark.parametrize("words", [["tuning"], ["activity", "selectivity"]])
def test_an_analysis_is_timed_also_where_it_leaves_the_input_out(words: list[str]) -> None:
    spent = scale.one("vgg6-tiny", 24, words)["seconds"]
    assert spent["whole"] >= sum(spent[word] for word in words if word != "selectivity") > 0
    assert (spent["selectivity"] > 0) == ("selectivity" in words)
