"""Are the epochs that were asked for analysed in order, told of, and gone on with after a break?"""

import pytest

from backend.jobs.analyse import analyse
from backend.runs.results import Results
from models.errors import CheckpointError, ConfigError, DataError, RunError
from tests.backend.jobs.stripes import LAYERS, bytes_of, ended, new_run, stripes


def test_one_forward_pass_a_checkpoint_and_the_input_once(analysed):
    passes = [step for step in ended(analysed[1]) if step[1] == "activity"]
    assert passes == [(3, "activity", 0), (3, "activity", None), (0, "activity", None)]


def test_units_of_the_first_checkpoint_come_before_slow_work_and_the_input_before_each_layer(
    analysed,
):
    done = [(epoch, what, layer) for epoch, what, layer in ended(analysed[1]) if epoch == 3]
    layered = [(what, layer) for word in ("probes", "embedding", "neighbours")
               for what, layer in ((word, n) for n in LAYERS)]  # fmt: skip
    units = [("activity", 0), ("activity", None)]
    rest = [("learning", None), ("predictions", None), ("tuning", None)]
    assert [step[1:] for step in done] == [*units, *layered, *rest]


def test_progress_rises_from_0_to_1_and_says_when_an_epoch_is_complete(analysed):
    fractions = [step.fraction for step in analysed[1]]
    assert fractions[0] == 0 and fractions[-1] == 1
    assert fractions == sorted(fractions)
    assert [step.epoch for step in analysed[1] if step.complete] == [3, 0]
    assert not any(step.cached for step in analysed[1])


def test_epochs_and_analyses_can_be_chosen(tmp_path):
    run = new_run(tmp_path)
    steps = list(analyse(run, stripes(), epochs=[3], only=["probes"], device="cpu"))
    results = Results(run)
    assert {what for _, what, _ in ended(steps)} == {"activity", "probes"}
    assert not results.folder(0).exists() and results.epochs() == []
    assert results.summary(3)["done"] == ["activity", "maximizers", "selectivity", "probes"]
    rest = ended(list(analyse(run, stripes(), epochs=[3], only=["embedding"], device="cpu")))
    assert (3, "activity", None) not in rest and (3, "embedding", 6) in rest


@pytest.mark.parametrize("stop_at", [("activity", None), ("neighbours", 4), ("embedding", 2)])
def test_an_interrupted_analysis_goes_on_where_it_was(analysed, tmp_path, stop_at):
    run = new_run(tmp_path, epochs=(3,))
    work = analyse(run, stripes(), device="cpu")
    spoken = 0
    while spoken < 2:  # a pass has begun and seen some images; a smaller step has just ended
        step = next(work)
        spoken += (step.what, step.layer) == stop_at
    work.close()
    assert Results(run).epochs() == []
    rest = ended(list(analyse(run, stripes(), device="cpu")))
    assert ((3, "activity", None) in rest) == (stop_at[0] == "activity")
    assert (3, *stop_at) not in rest or stop_at[0] == "activity"
    assert bytes_of(run).items() <= bytes_of(analysed[0]).items()
    assert not list(run.rglob(".*")) and not list(run.rglob("patches-*"))


def test_bad_wishes_are_one_sentence(tmp_path):
    run = new_run(tmp_path)
    for wish, error, said in (
        ({"epochs": [7]}, CheckpointError, "epoch 7 was asked for.*keeps epochs: 0, 3"),
        ({"only": ["probe"]}, ConfigError, "unknown analysis 'probe'; did you mean 'probes'?"),
        ({"device": "tpu"}, ConfigError, "tpu"),
    ):
        with pytest.raises(error, match=said):
            next(analyse(run, stripes(), **wish))
    with pytest.raises(DataError, match="too few images"):
        next(analyse(run, stripes(train=1, test=1)))
    (run / "run.json").write_text("{")
    with pytest.raises(RunError, match="run.json of run stripes-0a1b cannot be read"):
        next(analyse(run, stripes()))


def test_a_damaged_checkpoint_is_one_sentence_before_the_slow_work_on_the_input(tmp_path):
    run = new_run(tmp_path, epochs=(0,))
    weights = run / "checkpoints" / "epoch-0000" / "encoder.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\x01")
    with pytest.raises(CheckpointError, match="epoch-0000 of run stripes-0a1b is damaged"):
        list(analyse(run, stripes(), device="cpu"))
    results = Results(run)
    assert results.has("selectivity", None, 0) and not results.has("embedding", None, 0)
    assert results.standing() == ([], [])
