"""Does a run learn, repeat itself from its seed, and keep to its arithmetic?"""

import numpy as np
import pytest
import torch

from models import train as loop
from models.device import pick_precision
from models.errors import ConfigError, DataError, DivergedError
from models.rules import RULES
from models.rules.rule import Form
from models.rules.supervised import GreedySupervised
from models.train import train
from models.training import device_of
from tests.models.small import config, finish, identical, pictures, weights


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
