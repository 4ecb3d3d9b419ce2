"""Whom does a view meet, through what does its loss teach, and how many terms is it of?"""

import torch

from models.rules.clapp_pp import CLAPPpp
from models.rules.rule import Form

FORM = Form((3,), (2,))


def seeded() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def test_the_wrong_view_is_any_of_the_batch_or_the_next() -> None:
    after = CLAPPpp(FORM, seeded(), negatives="next").draw(6, seeded())
    assert after.other.tolist() == [1, 2, 3, 4, 5, 0]
    other = CLAPPpp(FORM, seeded()).draw(600, seeded()).other
    assert len(other) == 600 and len(other.unique()) > 300 and int(other.max()) > 590


def test_the_context_is_taught_nothing() -> None:
    rule = CLAPPpp(FORM, seeded(), spatial="no")
    draw = rule.draw(4, seeded())
    z = torch.rand(4, 3, 2, 2, generator=seeded()).requires_grad_()
    held, mean = z.detach().mean((2, 3)).roll(2, 0), z.mean((2, 3))
    told = held @ rule.B_same[0][0].T
    true, wrong = (mean * told).sum(1), (mean[draw.other] * told).sum(1)
    wanted = ((1 - true).relu() + (1 + wrong).relu()).mean()
    loss = rule.loss(0, z, draw)
    assert torch.allclose(loss, wanted)
    (ours,), (theirs,) = (torch.autograd.grad(one, z) for one in (loss, wanted))
    assert torch.allclose(ours, theirs) and theirs.norm() > 0.01


def test_both_sources_of_context_are_two_terms_of_2_at_chance() -> None:
    for feedback, terms in (("same", 1), ("top", 1), ("both", 2)):
        rule = CLAPPpp(FORM, seeded(), feedback=feedback)
        for matrix in rule.parameters():
            matrix.data.zero_()
        z = torch.rand(4, 3, 2, 2, generator=seeded())
        draw = rule.draw(4, seeded())._replace(top=z)
        assert rule.terms == terms and rule.loss(0, z, draw) == 2 * terms
