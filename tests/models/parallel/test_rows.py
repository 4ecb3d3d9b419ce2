"""Processes that share the images learn what one process learns."""

import numpy as np
import pytest
import torch

from models.config import TrainConfig
from models.data.views import random_views, two_views
from models.errors import ConfigError
from models.parallel import share_of
from models.parallel.ranks import Ranks
from models.parallel.rows import rows_of
from models.rules import RULES
from models.train import class_count, seeded
from models.training import Training, begin
from tests.models.parallel.at_work import finish, learned
from tests.models.parallel.conftest import BATCH, EXACT

GATHERED = {
    "clapp": {},
    "clapp-s": {"negatives": "anywhere", "symmetric": "yes"},
    "clapp++": {"feedback": "both", "colour": "grey"},
    "greedy-infomax": {},
    "hinge-cpc": {"draw": "per-layer"},
    "greedy-supervised": {},
    "supervised": {},
}
APART = {
    "clapp": {"draw": "per-layer"},
    "clapp-s": {"update": "hebbian"},
    "clapp++": {"negatives": "next", "colour": "grey"},
    "cpc": {},
    "greedy-supervised": {},
}


def cases(options: dict[str, dict], **more) -> list[dict]:
    """Of each rule, in float64."""
    steps = {rule: {"steps": 2} if RULES[rule].predicts else {} for rule in options}
    return [
        {
            "name": f"{rule} {more.get('negatives_from', 'all')}",
            "config": {**EXACT, "rule": rule, **steps[rule], **own, **more},
        }
        for rule, own in options.items()
    ]


@pytest.mark.parametrize("count", [2, 4])
def test_processes_that_share_images_learn_what_one_process_learns(
    count, at_work, images, labels, tmp_path
):
    few = ("clapp", "clapp++")  # with 4 processes, which may have 2 cores
    together, apart = (
        {rule: own for rule, own in options.items() if count == 2 or rule in few}
        for options in (GATHERED, APART)
    )
    together, apart = cases(together), cases(apart, negatives_from="rank")
    found = at_work(count, together + apart)
    far = {}
    for case in together:
        far[case["name"]] = distance(found[case["name"]], finish(case, images, labels, tmp_path))
    for case in apart:
        far[case["name"]] = distance(found[case["name"]], apart_in_one(case, images, labels, count))
    assert {name: d for name, d in far.items() if not d < 1e-10} == {}


def test_runs_that_share_images_are_handed_over_in_both_directions(
    at_work, images, labels, tmp_path
):
    stop = 4  # in the middle of the second epoch
    (case,) = cases({"clapp": {}})
    whole = finish(case, images, labels, tmp_path)
    finish({**case, "name": "begun by one", "stop": stop}, images, labels, tmp_path)
    begun = {**case, "name": "begun by several", "stop": stop}
    ended = {**case, "name": "ended by several", "resume": "begun by one"}
    found = at_work(2, [begun, ended])
    assert found[begun["name"]]["step"] == stop
    back = finish({**case, "resume": begun["name"]}, images, labels, tmp_path)
    later = {**whole, "losses": whole["losses"][stop + 1 :]}
    for resumed in (back, found[ended["name"]]):
        assert distance(resumed, later) < 1e-10


def distance(found: dict, wanted: dict) -> float:
    """The most that any weight, moment or loss differs; all steps must be there."""
    assert found["step"] == wanted["step"]
    assert found["learned"].keys() == wanted["learned"].keys()
    pairs = [(found["learned"][k], v) for k, v in wanted["learned"].items()]
    pairs += zip(found["losses"], wanted["losses"], strict=True)
    return max(float((a - b).abs().max()) if len(b.flatten()) else 0.0 for a, b in pairs)


def apart_in_one(case: dict, images: np.ndarray, labels: np.ndarray, count: int) -> dict:
    """The second derivation: one process that takes the loss of each part by itself.

    The loss of a step is the mean over the parts, each counting for its images.
    """
    config = TrainConfig(**case["config"])
    training = begin(config, config.crop, class_count(config, labels))
    losses = [torch.zeros(0)]
    for epoch in range(config.epochs):
        order = seeded(config.seed, epoch).permutation(len(images))
        for batch, start in enumerate(range(0, len(images), BATCH)):
            chosen = np.sort(order[start : start + BATCH])
            drawn = int(seeded(config.seed, epoch, batch).integers(2**63))
            generator = torch.Generator().manual_seed(drawn)
            told = torch.from_numpy(labels[chosen])
            seen = torch.from_numpy(images[chosen])
            losses.append(one_step(training, seen, told, generator, count))
            training.step += 1
    return {"learned": learned(training), "losses": losses, "step": training.step}


def one_step(
    training: Training,
    images: torch.Tensor,
    labels: torch.Tensor,
    generator: torch.Generator,
    count: int,
) -> torch.Tensor:
    config, encoder, rule = training.config, training.encoder, training.rule
    whole = RULES[config.rule].sees == "image"
    views = (two_views if whole else random_views)(images, generator, config.crop, config.colour)
    n, views = len(images), views.double()
    parts = np.array_split(np.arange(n), count if n >= count else 1)
    rows = [np.concatenate([part, part + n]) if whole else part for part in parts]
    teaches = RULES[config.rule].labels
    draws = [labels[row] if teaches else rule.draw(len(row), generator) for row in rows]
    losses, activity = [], encoder(views)
    x = encoder.entrance(views)
    for number, layer in enumerate(encoder.layers):
        x = layer(x if RULES[config.rule].crosses else x.detach())
        z = encoder.activity(number, x, len(views))
        assert torch.equal(z, activity[number])
        if number in rule.layers:
            each = [rule.loss(number, z[row], d) for row, d in zip(rows, draws, strict=True)]
            losses.append(sum(len(p) / n * loss for p, loss in zip(parts, each, strict=True)))
    sum(losses).backward()
    for optimiser in training.optimisers:
        optimiser.step()
        optimiser.zero_grad()
    return torch.stack(losses).detach() / rule.terms


def test_each_view_belongs_to_one_process_and_both_of_an_image_to_the_same():
    for total, views, count in ((7, 1, 3), (12, 2, 4), (5, 1, 5)):
        parts = rows_of(total, views, count)
        assert sorted(torch.cat(parts).tolist()) == list(range(total))
        assert max(map(len, parts)) - min(map(len, parts)) <= views
    for part in rows_of(12, 2, 4):
        first, second = part.chunk(2)
        assert torch.equal(second, first + 6)


def test_a_batch_with_fewer_images_than_processes_is_computed_by_each():
    assert [part.tolist() for part in rows_of(2, 1, 3)] == [[0, 1]] * 3


def test_the_explicit_update_has_no_wrong_futures_of_other_processes():
    config = TrainConfig(update="hebbian", device="cpu")
    with pytest.raises(ConfigError, match="set negatives_from to rank"):
        share_of(config, Ranks(0, 2))


@pytest.mark.parametrize("rank", [0, 1])
def test_more_processes_than_gpus_are_refused_in_each_of_them(rank, monkeypatch):
    monkeypatch.setattr("models.parallel.ranks.pick_device", lambda _: torch.device("cuda"))
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setenv("LOCAL_RANK", f"{rank}")
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "2")
    with pytest.raises(ConfigError, match="2 processes found 1; give torchrun a smaller"):
        Ranks(rank, 2).use("cuda")
