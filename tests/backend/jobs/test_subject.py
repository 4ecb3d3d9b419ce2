"""Is what is missing of an analysis told apart from what is there, and from what cannot be?"""

import shutil

import pytest

from backend.jobs.analyse import analyse
from backend.runs.arrays import ANALYSES, LATER, OF_ENCODERS
from backend.runs.results import Results
from models.errors import RunError
from tests.backend.jobs.stripes import LAYERS, bytes_of, ended, new_run, stripes


def test_a_second_time_everything_is_cached(analysed):
    run, _ = analysed
    before = bytes_of(run)
    steps = list(analyse(run, stripes(), device="cpu"))
    assert ended(steps) == []
    assert [step.what for step in steps if step.cached and not step.complete] == [
        *(word for word in ANALYSES if word not in OF_ENCODERS),  # the input learns nothing
        *ANALYSES,
        *ANALYSES,
    ]
    assert steps[-1].complete and steps[-1].fraction == 1
    assert bytes_of(run) == before


def test_a_damaged_file_is_made_again_and_nothing_else(tmp_path):
    run = new_run(tmp_path, epochs=(0,))
    list(analyse(run, stripes(), device="cpu"))
    before = bytes_of(run)
    path = Results(run).path("probe", 0, 4)
    path.write_bytes(path.read_bytes()[:50])
    steps = list(analyse(run, stripes(), device="cpu"))
    assert ended(steps) == [(0, "probes", 4)]
    assert {step.what for step in steps if step.cached} == set(ANALYSES)
    assert bytes_of(run) == before


def test_another_perplexity_draws_the_maps_again_and_nothing_else(tmp_path):
    run, many = new_run(tmp_path, epochs=(0,)), stripes(test=40)
    list(analyse(run, many, device="cpu", perplexity=5))
    defined = Results(run).summary(0)["definitions"]
    other = list(analyse(run, many, device="cpu", perplexity=9, only=["probes"]))
    assert ended(other) == [] and Results(run).epochs() == [0]
    again = ended(list(analyse(run, many, device="cpu", perplexity=9)))
    assert {what for _, what, layer in again if layer} == {"embedding"}
    summary = Results(run).summary(0)
    assert summary["parameters"]["embedding"]["perplexity"] == 9
    assert "perplexity 9" in summary["definitions"]["embedding"]
    told = {word: said for word, said in summary["definitions"].items() if word != "embedding"}
    assert "cosine" in told and told.items() < defined.items()


def test_other_images_replace_what_was_there(tmp_path):
    run = new_run(tmp_path)
    list(analyse(run, stripes(), device="cpu"))
    list(analyse(run, stripes(test=16), epochs=[3], device="cpu"))
    assert Results(run).epochs() == [3]
    assert Results(run).summary(None)["n_test"] == Results(run).summary(3)["n_test"] == 16


def test_a_run_analysed_before_there_was_a_learning_analysis_is_shown_and_gets_it(tmp_path):
    run = new_run(tmp_path, epochs=(0, 3))
    before = [word for word in ANALYSES if word != "learning"]
    list(analyse(run, stripes(), device="cpu", only=before))
    results = Results(run)
    assert results.epochs() == [0, 3] and not results.has("learning", 3, 1)
    files = bytes_of(run)
    steps = list(analyse(run, stripes(), device="cpu", only=["learning"]))
    assert ended(steps) == [(3, "learning", None), (0, "learning", None)]
    assert all(results.has("learning", epoch, layer) for epoch in (0, 3) for layer in LAYERS[1:])
    assert results.summary(3)["done"] == list(ANALYSES)
    assert "24 training images" in results.summary(3)["definitions"]["learning"]
    assert files.items() <= bytes_of(run).items()
    assert ended(list(analyse(run, stripes(), device="cpu"))) == []


@pytest.mark.parametrize(
    ("settings", "layers"),
    [
        ({"rule": "hinge-cpc"}, [6]),
        ({"rule": "greedy-infomax"}, [1, 2, 3, 4, 5, 6]),
        ({"rule": "clapp++", "spatial": "no", "feedback": "both"}, [1, 2, 3, 4, 5, 6]),
    ],
    ids=lambda value: value["rule"] if isinstance(value, dict) else "",
)
def test_a_rule_has_learning_figures_of_the_layers_that_carry_a_loss(tmp_path, settings, layers):
    run = new_run(tmp_path, epochs=(0,), **settings)
    list(analyse(run, stripes(), device="cpu", only=["learning"]))
    results = Results(run)
    assert [layer for layer in LAYERS[1:] if results.has("learning", 0, layer)] == layers


@pytest.mark.parametrize(
    ("rule", "said"), [("supervised", "learns from labels"), ("random", "has no loss")]
)
def test_a_rule_without_learning_figures_is_told_in_a_sentence(tmp_path, rule, said):
    run = new_run(tmp_path, epochs=(0,), rule=rule)
    with pytest.raises(RunError, match=f"the learning of run stripes-0a1b: .*{said}"):
        list(analyse(run, stripes(), device="cpu", only=["learning"]))
    list(analyse(run, stripes(), device="cpu", only=["activity", "learning"]))
    assert said in Results(run).summary(0)["parameters"]["learning"]["reason"]
    assert not Results(run).has("learning", 0, 6)


def test_a_checkpoint_without_the_rule_is_analysed_but_for_learning(tmp_path, monkeypatch):
    monkeypatch.setattr("models.checkpoint.RULE_BYTES", 1000)
    run = new_run(tmp_path, epochs=(0,))
    list(analyse(run, stripes(), device="cpu"))
    assert Results(run).epochs() == [0] and not Results(run).has("learning", 0, 6)
    assert not Results(run).has("predictions", 0, 6)


@pytest.mark.parametrize(
    ("settings", "layers", "said"),
    [
        ({"rule": "clapp-s", "symmetric": "yes"}, [1, 2, 3, 4, 5, 6], None),
        ({"rule": "cpc"}, [6], None),
        ({"rule": "clapp++", "spatial": "no"}, [], "predicts another view of the image"),
        ({"rule": "supervised"}, [], "learns from labels"),
    ],
    ids=lambda value: value["rule"] if isinstance(value, dict) else "",
)
def test_a_rule_that_looks_rows_ahead_has_predictions_and_another_says_why_not(
    tmp_path, settings, layers, said
):
    run = new_run(tmp_path, epochs=(0,), **settings)
    list(analyse(run, stripes(), device="cpu", only=["activity", "predictions"]))
    results = Results(run)
    assert [layer for layer in LAYERS[1:] if results.has("predictions", 0, layer)] == layers
    reason = results.summary(0)["parameters"]["predictions"].get("reason")
    assert said in reason if said else reason is None
    if said:
        with pytest.raises(RunError, match=f"the predictions of run stripes-0a1b: .*{said}"):
            list(analyse(run, stripes(), device="cpu", only=["predictions"]))
    else:
        assert ended(list(analyse(run, stripes(), device="cpu", only=["predictions"]))) == []


def test_what_an_earlier_saccade_did_not_keep_is_added_to_what_is_there(analysed, tmp_path):
    run = tmp_path / analysed[0].name
    shutil.copytree(analysed[0], run)
    results, whole = Results(run), bytes_of(run)
    for epoch, layer in [(None, 0), *((3, layer) for layer in LAYERS[1:])]:
        for what, names in LATER.items():
            found = results.read(what, epoch, layer)
            results.write(what, epoch, layer, {k: v for k, v in found.items() if k not in names})
    assert results.epochs() == [0, 3] and bytes_of(run) != whole
    only = list(analyse(run, stripes(), device="cpu", only=["neighbours"]))
    assert ended(only) == [] and results.epochs() == [0, 3]
    steps = ended(list(analyse(run, stripes(), device="cpu")))
    assert {(epoch, what) for epoch, what, layer in steps if layer} == {
        (3, "selectivity"),
        (3, "probes"),
        (3, "embedding"),
    }
    assert bytes_of(run) == whole
    assert ended(list(analyse(run, stripes(), device="cpu"))) == []


def test_what_cannot_be_added_any_more_is_left_as_it_is(analysed, tmp_path):
    run = tmp_path / analysed[0].name
    shutil.copytree(analysed[0], run)
    results = Results(run)
    for path in run.rglob("features-*"):
        path.unlink()
    found = results.read("probe", 3, 6)
    del found["predicted"], found["confidence"]
    results.write("probe", 3, 6, found)
    assert ended(list(analyse(run, stripes(), device="cpu"))) == []
    assert results.epochs() == [0, 3]
