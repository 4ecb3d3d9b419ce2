"""Does a run weigh what is told before it starts?"""

import pytest

from models.config import TrainConfig
from models.rules import RULES
from models.size import Size, size_of, warning
from models.training import begin
from tests.proof.table import VARIANTS


@pytest.mark.parametrize(
    "variant", (*VARIANTS, {"rule": "random"}), ids=lambda v: "-".join(v.values())
)
@pytest.mark.parametrize("steps", [5, 2])
def test_the_told_weights_are_those_that_are_made(variant, steps):
    config = TrainConfig(encoder="vgg6-tiny", steps=steps, crop=64, device="cpu", **variant)
    training = begin(config, classes=10)
    made = [sum(p.numel() for p in part.parameters()) for part in (training.encoder, training.rule)]
    assert size_of(config, classes=10) == Size(*made)


@pytest.mark.parametrize(
    ("changes", "weights"),
    [({}, 201_326_592), ({"feedback": "top"}, 134_217_728), ({"feedback": "both"}, 335_544_320),
     ({"spatial": "no"}, 2_506_752)],
)  # fmt: skip
def test_the_matrices_of_clapp_pp_are_those_of_the_paper(changes, weights):
    config = TrainConfig(rule="clapp++", encoder="vgg6", **changes)
    assert size_of(config).rule == weights
    assert (warning(config) is None) == (weights < 50_000_000)


def test_a_heavy_rule_is_told_with_its_figures_and_others_are_not():
    told = warning(TrainConfig(rule="clapp++", encoder="vgg6", feedback="both"))
    assert told.startswith("clapp++ at vgg6 trains 335.5 million prediction weights beside the ")
    assert "5.6 GB" in told and "set spatial to no" in told
    words = [word for word in RULES if warning(TrainConfig(rule=word, encoder="vgg6-small"))]
    assert words == []
