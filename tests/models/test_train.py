"""A run learns, repeats itself from its seed, and goes on where it stopped."""

import numpy as np
import pytest
import torch

from models import train as loop
from models.checkpoint import latest_resume, origin_of, restore, save_resume
from models.config import TrainConfig
from models.device import pick_precision
from models.errors import CheckpointError, ConfigError, DataError, DivergedError
from models.rules import RULES
from models.rules.rule import Form
from models.rules.supervised import GreedySupervised
from models.train import train
from models.training import ARITHMETIC, begin, device_of


def pictures(n=24, side=96, seed=0):
    """Smooth random images, so that neighbouring patches have something in common."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (n, 3, 6, 6), dtype=np.uint8)
    return coarse.repeat(side // 6, 2).repeat(side // 6, 3)


def config(**changes):
    values = {"encoder": "vgg6-tiny", "epochs": 2, "batch": 8, "precision": "float32"}
    return TrainConfig(**{**values, "device": "cpu", **changes})


def weights(training):
    return {
        **{f"encoder.{k}": v for k, v in training.encoder.state_dict().items()},
        **{f"rule.{k}": v for k, v in training.rule.state_dict().items()},
    }


def finish(config, images, resume=None):
    *_, last = train(config, images, resume)
    return last.training


def identical(a, b):
    return a.keys() == b.keys() and all(torch.equal(a[k], b[k]) for k in a)


def test_every_layers_loss_falls():
    losses = [p.losses for p in train(config(epochs=40, learning_rate=2e-3), pictures())][1:]
    first, last = torch.stack(losses[:15]).mean(0), torch.stack(losses[-15:]).mean(0)
    assert len(first) == 6
    assert (last < first).all()


def test_a_seed_reproduces_the_weights_and_another_does_not():
    once = weights(finish(config(), pictures()))
    assert identical(once, weights(finish(config(), pictures())))
    assert not identical(once, weights(finish(config(seed=1), pictures())))


def test_progress_counts_epochs_steps_and_images_with_a_short_last_batch():
    seen = list(train(config(), pictures(20)))
    assert [p.step for p in seen] == list(range(7))
    assert [p.images for p in seen] == [0, 8, 8, 4, 8, 8, 4]
    assert [p.epoch for p in seen if p.epoch_ends] == [0, 1, 2]
    assert {p.steps for p in seen} == {6}


@pytest.mark.parametrize("stop", [1, 2, 3, 4])
def test_a_resumed_run_ends_with_the_very_same_weights(stop, tmp_path):
    whole = weights(finish(config(), pictures()))
    for progress in train(config(), pictures()):
        if progress.step == stop:
            save_resume(tmp_path, progress.training)
            break
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


def test_the_random_rule_ends_untrained():
    seen = list(train(config(rule="random"), pictures()))
    assert [(p.epoch, p.epoch_ends) for p in seen] == [(0, True)]


def test_each_update_changes_every_layer():
    states = [
        {k: v.clone() for k, v in weights(p.training).items()}
        for p in train(config(epochs=1), pictures(8))
    ]
    for name in states[0]:
        assert not torch.equal(states[0][name], states[1][name]), name


@pytest.mark.parametrize("rule", [word for word in RULES if word != "random"])
def test_bfloat16_stays_near_float32_with_every_rule(rule):
    labels = np.arange(24) % 3

    def losses(precision):
        *_, last = train(config(rule=rule, precision=precision, epochs=1), pictures(), None, labels)
        return last.losses

    assert torch.allclose(losses("bfloat16"), losses("float32"), rtol=2e-2)


@pytest.mark.parametrize(
    ("settings", "exact"),
    [
        ({"precision": "float32"}, True),
        ({"precision": "auto", "update": "hebbian"}, True),
        ({"precision": "bfloat16"}, False),
    ],
)
def test_a_step_in_float32_uses_no_shorter_numbers_of_a_gpu(settings, exact, monkeypatch):
    seen, step = [], loop.step

    def watched(*given):
        seen.append(torch.backends.cudnn.allow_tf32)
        return step(*given)

    monkeypatch.setattr(loop, "step", watched)
    before = torch.backends.cudnn.allow_tf32
    for _ in train(config(epochs=1, **settings), pictures(16)):
        assert torch.backends.cudnn.allow_tf32 == before, (
            "what goes on between steps is not its own"
        )
    assert before and set(seen) == {not exact}


def test_a_gpu_without_bfloat16_of_its_own_computes_in_float32(monkeypatch):
    emulated = lambda including_emulation=True: including_emulation  # noqa: E731
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", emulated)
    assert pick_precision("auto", torch.device("cuda")) == torch.float32


def test_apples_gpu_has_no_float64(monkeypatch):
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert device_of(config(device="auto", precision="float64")) == torch.device("cpu")
    assert device_of(config(device="auto")) == torch.device("mps")
    with pytest.raises(ConfigError, match="set device to cpu, or precision to float32"):
        device_of(config(device="mps", precision="float64"))


def test_a_classifier_reads_in_its_own_precision():
    form = Form((8,), (2,), 1, 3)
    reader = GreedySupervised(form, torch.Generator().manual_seed(0)).readers[0]
    z = torch.rand(4, 8, 2, 2)
    with torch.autocast("cpu", torch.bfloat16):
        found = reader(z)
    assert torch.equal(found, reader(z))


def test_a_run_begun_by_another_arithmetic_has_another_origin(monkeypatch):
    training = begin(config())
    before = origin_of(training)
    monkeypatch.setattr("models.checkpoint.ARITHMETIC", ARITHMETIC + 1)
    assert origin_of(training) != before


def test_a_loss_that_is_not_finite_names_its_layer():
    broken = config(learning_rate=1.0, epochs=200)
    with pytest.raises(DivergedError, match="the loss of layer [1-6] became (nan|inf)"):
        for progress in train(broken, pictures()):
            with torch.no_grad():
                progress.training.encoder.layers[3].weight.fill_(float("nan"))


def test_colour_images_train_three_input_channels():
    training = finish(config(colour="rgb", epochs=1), pictures())
    assert training.encoder.layers[0].weight.shape[1] == 3


def test_small_images_need_fewer_prediction_steps():
    with pytest.raises(DataError, match="3 patch rows.*set steps to at most 1"):
        next(train(config(), pictures(side=36)[:, :, :32, :32]))
    finish(config(steps=1, epochs=1), pictures(side=36)[:, :, :32, :32])


@pytest.mark.gpu
@pytest.mark.parametrize("rule", [word for word in RULES if word != "random"])
@pytest.mark.parametrize(("precision", "rtol"), [("float32", 1e-3), ("bfloat16", 2e-2)])
def test_cuda_agrees_with_the_processor(rule, precision, rtol):
    labels = np.arange(24) % 3

    def losses(device, precision):
        wanted = config(rule=rule, device=device, precision=precision, epochs=1)
        *_, last = train(wanted, pictures(), None, labels)
        return last.losses.cpu()

    assert torch.allclose(losses("cuda", precision), losses("cpu", "float32"), rtol=rtol)


def test_images_that_lie_on_the_device_are_the_same_as_those_that_are_copied(monkeypatch):
    wanted, lying = config(), lambda images, _: torch.from_numpy(images)
    copied = weights(finish(wanted, pictures()))
    monkeypatch.setattr(loop, "resident", lying)
    assert identical(copied, weights(finish(wanted, pictures())))


@pytest.mark.gpu
def test_images_are_kept_on_cuda_where_there_is_room(monkeypatch):
    images, device = pictures(), torch.device("cuda")
    held = loop.resident(images, device)
    assert held.device.type == "cuda" and np.array_equal(held.cpu().numpy(), images)
    kept = weights(finish(config(device="cuda"), images))
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda *_: (images.nbytes, 2**40))
    assert loop.resident(images, device) is images
    assert identical(kept, weights(finish(config(device="cuda"), images)))


@pytest.mark.gpu
def test_patches_that_come_in_parts_give_the_same_on_cuda(monkeypatch):
    wanted = config(device="cuda", precision="float32", epochs=1)
    whole = weights(finish(wanted, pictures()))
    monkeypatch.setattr("models.convolution.PART_ELSEWHERE", 2**16)
    parts = weights(finish(wanted, pictures()))
    assert all(torch.allclose(parts[k], v, rtol=1e-3, atol=1e-5) for k, v in whole.items())


@pytest.mark.gpu
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_run_that_is_resumed_on_cuda_ends_with_the_very_same_weights(precision, tmp_path):
    wanted = config(device="cuda", precision=precision)
    whole = weights(finish(wanted, pictures()))
    for progress in train(wanted, pictures()):
        if progress.step == 2:
            save_resume(tmp_path, progress.training)
            break
    assert identical(whole, weights(finish(wanted, pictures(), restore(latest_resume(tmp_path)))))


def test_a_run_does_not_go_on_with_another_number_of_images(tmp_path):
    for progress in train(config(), pictures()):
        if progress.step == 2:
            save_resume(tmp_path, progress.training)
            break
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
    for progress in train(config(), pictures()):
        if progress.step == 2:
            save_resume(tmp_path, progress.training)
            break
    with pytest.raises(DataError, match="not those that the run began with"):
        next(train(config(), 255 - pictures(), restore(latest_resume(tmp_path))))
