"""How many wrong futures does a context meet, and what does it cost to meet them?"""

import pytest
import torch

from models.rules import clapp_s
from models.rules.clapp_s import CLAPPs
from models.rules.rule import Form
from models.rules.scores import by_place, rows


@pytest.mark.parametrize(("negatives", "count"), [("image", 1), ("anywhere", 16)])
def test_a_context_meets_one_wrong_future_or_sixteen(negatives: str, count: int) -> None:
    generator = torch.Generator().manual_seed(0)
    draw = CLAPPs(Form((2,), (7,)), generator, negatives=negatives).draw(4, generator)
    _, future = rows(by_place(torch.rand(4, 2, 7, 7, generator=generator)), 3)
    assert draw.futures(future, 3).shape == (4, count, 3, 7, 2)


@pytest.mark.parametrize(("symmetric", "terms"), [("no", 2), ("yes", 1)])
def test_each_step_and_term_is_scored_once_for_true_and_wrong_futures(
    symmetric: str, terms: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    generator = torch.Generator().manual_seed(0)
    rule = CLAPPs(Form((2,), (7,)), generator, symmetric=symmetric)
    seen, score = [], clapp_s.score
    monkeypatch.setattr(clapp_s, "score", lambda *given: seen.append(given) or score(*given))
    z = torch.rand(4, 2, 7, 7, generator=generator)
    rule.loss(0, z, rule.draw(4, generator))
    assert len(seen) == rule.steps * terms
