"""Does a run go on where it stopped, and only with what it began with?"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from models import train as loop
from models.checkpoint import latest_resume, origin_of, restore, save_resume
from models.config import TrainConfig
from models.errors import CheckpointError, DataError
from models.train import train
from models.training import ARITHMETIC, begin
from tests.models.small import config, finish, identical, pictures, weights


def stopped(settings: TrainConfig, step: int, run: Path) -> None:
    """A run that ended after so many steps, and can go on."""
    for progress in train(settings, pictures()):
        if progress.step == step:
            save_resume(run, progress.training)
            break


@pytest.mark.parametrize("stop", [1, 2, 3, 4])
def test_a_resumed_run_ends_with_the_very_same_weights(stop, tmp_path):
    whole = weights(finish(config(), pictures()))
    stopped(config(), stop, tmp_path)
    resumed = finish(config(), pictures(), restore(latest_resume(tmp_path)))
    assert resumed.step == 6
    assert identical(whole, weights(resumed))


def test_a_cosine_schedule_ends_at_a_step_size_of_zero_and_with_its_own_epochs(tmp_path):
    rates = []
    for progress in train(config(schedule="cosine"), pictures()):
        rates.append(progress.training.optimisers[-1].param_groups[0]["lr"])
        if progress.step == 3:
            save_resume(tmp_path, progress.training)
    whole, steps = progress.training, progress.steps
    wanted = [2e-4 * (1 + np.cos(np.pi * step / steps)) / 2 for step in range(steps)]
    assert np.allclose(rates[1:], wanted)
    resumed = finish(config(schedule="cosine"), pictures(), restore(latest_resume(tmp_path)))
    assert identical(weights(whole), weights(resumed))
    longer = train(
        config(schedule="cosine", epochs=9), pictures(), restore(latest_resume(tmp_path))
    )
    with pytest.raises(CheckpointError, match="made with epochs 2, but the run has 9"):
        next(longer)


@pytest.mark.parametrize("rule", ["clapp", "clapp++"])
def test_what_a_step_sees_and_draws_depends_on_seed_epoch_and_batch_alone(
    rule, tmp_path, monkeypatch
):
    def met_by(settings, resume=None):
        """Views, and where the generator stands after the draws, by step."""
        met = {}
        for name in ("random_views", "two_views"):
            make = getattr(loop, name)

            def watched(images, generator, *words, make=make):
                views = make(images, generator, *words)
                met[len(met)] = views.clone(), generator
                return views

            patch.setattr(loop, name, watched)
        finish(settings, pictures(), resume)
        return {step: (views, generator.get_state()) for step, (views, generator) in met.items()}

    settings = config(rule=rule, seed=3)
    for progress in train(settings, pictures()):
        if progress.step == 4:
            save_resume(tmp_path, progress.training)
    with monkeypatch.context() as patch:
        whole = met_by(settings)
    with monkeypatch.context() as patch:
        resumed = met_by(settings, restore(latest_resume(tmp_path)))
    assert (len(whole), len(resumed)) == (6, 2)
    for step, met in resumed.items():
        assert all(map(torch.equal, met, whole[4 + step]))
    views = [views for views, _ in whole.values()]
    assert not any(torch.equal(one, other) for one, other in zip(views, views[1:], strict=False))


def test_a_run_begun_by_another_arithmetic_has_another_origin(monkeypatch):
    training = begin(config())
    before = origin_of(training)
    monkeypatch.setattr("models.checkpoint.ARITHMETIC", ARITHMETIC + 1)
    assert origin_of(training) != before


@pytest.mark.parametrize("other", ["threads", "instructions", "precision"])
def test_a_run_begun_on_another_processor_has_another_origin(other, monkeypatch):
    training = begin(config(device="cpu"))
    before, threads = origin_of(training), torch.get_num_threads()
    assert origin_of(begin(config(device="cpu", seed=7))) == before
    if other == "threads":
        monkeypatch.setattr(torch, "get_num_threads", lambda: threads + 1)
    elif other == "instructions":
        monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "NEON")
    else:
        word = "float32" if training.precision == torch.bfloat16 else "bfloat16"
        training.config = replace(training.config, precision=word)
    assert origin_of(training) != before


@pytest.mark.gpu
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_run_that_is_resumed_on_cuda_ends_with_the_very_same_weights(precision, tmp_path):
    wanted = config(device="cuda", precision=precision)
    whole = weights(finish(wanted, pictures()))
    stopped(wanted, 2, tmp_path)
    assert identical(whole, weights(finish(wanted, pictures(), restore(latest_resume(tmp_path)))))


def test_a_run_does_not_go_on_with_another_number_of_images(tmp_path):
    stopped(config(), 2, tmp_path)
    with pytest.raises(DataError, match="began with 24 training images, and now there are 12"):
        next(train(config(), pictures(12), restore(latest_resume(tmp_path))))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"rule": "clapp-s"}, "rule 'clapp', but the run has 'clapp-s'"),
        ({"learning_rate": 0.5}, "learning_rate"),
        ({"draw": "per-layer"}, "draw 'network', but the run has 'per-layer'"),
    ],
)
def test_a_checkpoint_of_another_run_is_refused(change, told, tmp_path):
    first = next(train(config(), pictures()))
    save_resume(tmp_path, first.training)
    with pytest.raises(CheckpointError, match=f"the checkpoint was made with .*{told}"):
        next(train(config(**change), pictures(), restore(latest_resume(tmp_path))))


def test_other_images_of_the_same_number_are_refused_on_resume(tmp_path):
    stopped(config(), 2, tmp_path)
    with pytest.raises(DataError, match="not those that the run began with"):
        next(train(config(), 255 - pictures(), restore(latest_resume(tmp_path))))
