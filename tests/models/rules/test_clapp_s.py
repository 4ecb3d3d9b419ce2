"""How many wrong futures does a context meet?"""

import pytest
import torch

from models.rules.clapp_s import CLAPPs
from models.rules.rule import Form
from models.rules.scores import by_place, rows


@pytest.mark.parametrize(("negatives", "count"), [("image", 1), ("anywhere", 16)])
def test_a_context_meets_one_wrong_future_or_sixteen(negatives: str, count: int) -> None:
    generator = torch.Generator().manual_seed(0)
    draw = CLAPPs(Form((2,), (7,)), generator, negatives=negatives).draw(4, generator)
    _, future = rows(by_place(torch.rand(4, 2, 7, 7, generator=generator)), 3)
    assert draw.futures(future, 3).shape == (4, count, 3, 7, 2)
