"""Has each of the two terms its own draw where that is asked for?"""

import pytest
import torch

from models.rules.hinge_cpc import HingeCPC
from models.rules.rule import Form


@pytest.mark.parametrize(("word", "alike"), [("network", True), ("per-layer", False)])
def test_both_terms_share_a_draw_unless_each_is_to_have_its_own(word: str, alike: bool) -> None:
    generator = torch.Generator().manual_seed(0)
    drawn = HingeCPC(Form((2, 3), (7, 7)), generator, draw=word).draw(64, generator)
    assert (drawn.y.shape, drawn.other.shape) == ((1, 2, 64), (1, 2, 5, 64))
    assert torch.equal(*drawn.y[0]) == torch.equal(*drawn.other[0]) == alike
