"""Processes that share the layers learn, bit for bit, what one process learns."""

import pytest
import torch

from models.checkpoint import latest_resume, restore
from models.config import TrainConfig
from models.errors import ConfigError
from models.parallel import share_of
from models.parallel.blocks import Blocks
from models.parallel.ranks import Ranks
from tests.models.parallel.at_work import finish
from tests.models.parallel.conftest import EXACT

CUTS = {2: [[0, 2], [2, 6]], 4: [[0, 1], [1, 2], [2, 4], [4, 6]]}
EPOCH = 3  # steps of an epoch
STOP = 4  # in the middle of the second one
CONFIG = {**EXACT, "parallel": "layers", "precision": "float32", "steps": 2}
VARIANTS = {
    "clapp": {"draw": "per-layer"},
    "hebbian": {"update": "hebbian", "precision": "float64"},
    "bfloat16": {"rule": "clapp-s", "negatives": "anywhere", "precision": "bfloat16"},
    "whole images": {"rule": "clapp++", "colour": "grey"},
    "labels": {"rule": "greedy-supervised"},
}


def case(name: str, **more) -> dict:
    options = {k: v for k, v in VARIANTS[name].items()}
    if options.get("rule", "clapp") in ("clapp++", "greedy-supervised"):
        options["steps"] = 5  # which these rules do not have
    return {"name": name, "config": CONFIG | options} | more


@pytest.mark.parametrize("count", [2, 4])
def test_processes_that_share_layers_learn_what_one_process_learns(
    count, at_work, images, labels, tmp_path
):
    """The same bits in weights, moments and losses; runs are handed over in both directions."""
    begun = {**case("clapp", stop=STOP), "name": "begun by one"}
    finish(begun, images, labels, tmp_path)
    cases = [case(name, blocks=CUTS[count]) for name in VARIANTS]
    cases += [
        {**case("clapp", blocks=CUTS[count], resume="begun by one"), "name": "ended by several"},
        {**case("clapp", blocks=CUTS[count], stop=STOP), "name": "begun by several"},
        {**case("labels"), "name": "blocks by measured time"},
    ]
    found = at_work(count, cases)
    wanted = {name: finish(case(name), images, labels, tmp_path) for name in VARIANTS}
    wanted["blocks by measured time"] = wanted["labels"]
    differs = [name for name, whole in wanted.items() if not same(found[name], whole)]
    assert differs == []

    assert same(found["ended by several"], wanted["clapp"], since=STOP)
    folder = latest_resume(tmp_path / "begun by several")
    kept = restore(folder)
    # The first process is ahead of the step that it tells of, and what is saved is where it is.
    assert kept.step == found["begun by several"]["step"] == min(STOP + count, 2 * EPOCH)
    back = finish({**case("clapp"), "resume": "begun by several"}, images, labels, tmp_path)
    assert same(back, wanted["clapp"], since=kept.step)


class Slow(Ranks):
    """Processes of which the next is long in taking what is sent to it."""

    def __init__(self) -> None:
        super().__init__(0, 2)
        self.under_way: list[torch.Tensor] = []

    def send(self, tensor: torch.Tensor, to: int, tag: int = 0) -> None:
        self.under_way.append(tensor)


@pytest.mark.parametrize("order", [torch.contiguous_format, torch.channels_last])
def test_what_is_handed_on_is_not_lost_when_the_next_activity_takes_its_room(order):
    ranks = Slow()
    x = torch.randn(3, 5, 4, 4).contiguous(memory_format=order)
    before = x.clone()
    Blocks(ranks).hand_on(x)
    x.fill_(torch.nan)
    (sent,) = (part for part in ranks.under_way if part.dtype == x.dtype)
    assert sent.is_contiguous()
    torch.testing.assert_close(sent.movedim(-1, 1) if sent.shape[-1] == 5 else sent, before)


def same(found: dict, wanted: dict, since: int = 0) -> bool:
    """Whether all bits agree: what was learned, and the losses after a step."""
    losses = wanted["losses"][since + 1 if since else 0 :]
    return (
        found["step"] == wanted["step"]
        and found["learned"].keys() == wanted["learned"].keys()
        and all(torch.equal(v, wanted["learned"][k]) for k, v in found["learned"].items())
        and len(found["losses"]) == len(losses)
        and all(map(torch.equal, found["losses"], losses))
    )


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"rule": "hinge-cpc"}, "rule hinge-cpc sends its gradient back through all layers"),
        ({"rule": "supervised"}, "rule supervised sends its gradient back"),
        ({"rule": "clapp++", "feedback": "top"}, "feedback top tells every layer what the top"),
        ({"negatives_from": "rank"}, "negatives_from rank is for parallel data"),
    ],
)
def test_what_would_go_down_from_layer_to_layer_is_refused(settings, told):
    with pytest.raises(ConfigError, match=told):
        TrainConfig(parallel="layers", **settings)


def test_more_processes_than_layers_are_refused():
    config = TrainConfig(parallel="layers", device="cpu")
    with pytest.raises(ConfigError, match="7 processes and vgg6-small has 6 layers; start at most"):
        share_of(config, Ranks(0, 7))
