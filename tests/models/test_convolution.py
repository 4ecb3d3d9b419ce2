"""A layer's activity and its gradients equal autograd through the plain operations."""

import weakref

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from models import convolution
from models.convolution import Activity, Room, convolved, weight_gradient


def plain(x: Tensor, weight: Tensor, bias: Tensor, pool: bool) -> Tensor:
    a = torch.relu(F.conv2d(x, weight, bias, padding=1))
    return F.max_pool2d(a, 2) if pool else a


def weights(dtype: torch.dtype = torch.float64) -> tuple[Tensor, Tensor]:
    made = torch.Generator().manual_seed(1)
    return (
        torch.randn(7, 5, 3, 3, generator=made, dtype=dtype).requires_grad_(),
        torch.randn(7, generator=made, dtype=dtype).requires_grad_(),
    )


def inputs(side: int, dtype: torch.dtype = torch.float64) -> Tensor:
    made = torch.Generator().manual_seed(side)
    return torch.randn(6, 5, side, side, generator=made, dtype=dtype)


@pytest.mark.parametrize("side", [2, 4, 6, 10])
@pytest.mark.parametrize("pool", [False, True])
@pytest.mark.parametrize("last", [False, True], ids=["channels first", "channels last"])
def test_values_and_gradients_equal_autograd(side: int, pool: bool, last: bool) -> None:
    weight, bias = weights()
    x = inputs(side)
    x = (x.to(memory_format=torch.channels_last) if last else x).requires_grad_()
    found, wanted = Activity.apply(x, weight, bias, pool), plain(x, weight, bias, pool)
    torch.testing.assert_close(found, wanted, rtol=1e-12, atol=1e-12)
    drive = torch.randn(wanted.shape, generator=torch.Generator().manual_seed(3)).double()
    for told in (drive, drive[:, :, :1, :1].expand_as(drive)):
        ours = torch.autograd.grad(found, (x, weight, bias), told, retain_graph=True)
        theirs = torch.autograd.grad(wanted, (x, weight, bias), told, retain_graph=True)
        for a, b in zip(ours, theirs, strict=True):
            torch.testing.assert_close(a, b, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    ("side", "pool"), [(2, False), (2, True), (4, True), (6, False), (6, True)]
)
@pytest.mark.parametrize("closed", [[], [1], [0, 2, 3], [0, 1, 5], [0, 1, 2, 3, 4, 5]])
def test_patches_whose_gates_are_closed_are_left_out_of_the_gradient(
    side: int, pool: bool, closed: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(convolution.PART, "cpu", 2 * 7 * 8 * side**2)
    monkeypatch.setattr(convolution, "FEWEST", 2)  # patches a part: two, of which none may be left
    seen, before = [], convolution.weight_gradient
    monkeypatch.setattr(
        convolution, "weight_gradient", lambda a, x, s: (seen.append(len(x)), before(a, x, s))[1]
    )
    (weight, bias), x = weights(), inputs(side)
    found, wanted = Activity.apply(x, weight, bias, pool), plain(x, weight, bias, pool)
    drive = torch.randn(6, 7, 1, 1, generator=torch.Generator().manual_seed(3)).double()
    drive[4].abs_().neg_()  # says only what is to be less
    drive[closed] = 0
    drive = drive.expand_as(wanted)
    ours = torch.autograd.grad(found, (weight, bias), drive)
    theirs = torch.autograd.grad(wanted, (weight, bias), drive)
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-12, atol=1e-12)
    assert sum(seen) == (6 - len(closed) if len(closed) > 1 else 6)


def test_a_convolution_in_parts_is_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    weight, bias = weights()
    for side, pool in ((2, False), (4, True), (6, False)):
        x = inputs(side).requires_grad_()
        found = []
        for most in (2**24, 4 * 7 * 8 * side**2, 1):
            monkeypatch.setitem(convolution.PART, "cpu", most)
            monkeypatch.setattr(convolution, "FEWEST", 1)
            out = Activity.apply(x, weight, bias, pool)
            found.append([out, *torch.autograd.grad(out.sin().sum(), (x, weight, bias))])
        assert [len([*convolution.parts(x, weight)])] == [6]
        for other in found[1:]:
            for a, b in zip(other, found[0], strict=True):
                torch.testing.assert_close(a, b, rtol=1e-12, atol=1e-12)


def test_winners_of_a_large_map_keep_their_places() -> None:
    weight, bias = weights()
    x = torch.randn(2, 5, 36, 36, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    found, wanted = (f(x, weight, bias, True) for f in (Activity.apply, plain))
    for a, b in zip(*(torch.autograd.grad(o.sum(), weight) for o in (found, wanted)), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("side", [2, 4])
def test_an_input_that_needs_no_gradient_costs_none(
    side: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object) -> None:
        raise AssertionError("the gradient of the input was computed")

    weight, bias = weights()
    found = Activity.apply(inputs(side), weight, bias, True)
    monkeypatch.setattr("models.convolution.convolved", never)
    found.sum().backward()
    assert weight.grad.abs().sum() > 0 and bias.grad.abs().sum() > 0
    monkeypatch.undo()
    found = Activity.apply(inputs(side).requires_grad_(), weight, bias, True)
    monkeypatch.setattr("models.convolution.convolved", never)
    with pytest.raises(AssertionError, match="the gradient of the input"):
        found.sum().backward()


@pytest.mark.parametrize("sides", [(2, 2), (2, 3), (4, 4), (3, 8), (8, 5)])
def test_products_are_the_convolution_and_its_weight_gradient(
    sides: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = torch.Generator().manual_seed(2)
    x, post = (torch.randn(3, c, *sides, generator=made, dtype=torch.float64) for c in (5, 7))
    weight, bias = (w.detach() for w in weights())
    found = {}
    for most in (0, 8):
        monkeypatch.setitem(convolution.PRODUCTS, "cpu", most)
        found[most] = [
            convolved(x, weight, bias),
            convolved(post, weight.transpose(0, 1)),
            weight_gradient(post, x, weight.shape),
        ]
    for ours, theirs in zip(found[8], found[0], strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("below", "made"), [(4, False), (5, True)])
def test_the_weight_gradient_of_a_wide_layer_is_made_of_products(
    below: int, made: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(convolution, "WIDE", 5)
    x = inputs(8)[:, :below]
    assert convolution.of_products(x, gradient=True) is made
    assert not convolution.of_products(x)
    weight = weights()[0].detach()[:, :below].requires_grad_()
    out = F.conv2d(x, weight, padding=1)
    post = torch.randn(out.shape, generator=torch.Generator().manual_seed(4)).double()
    met: list[Tensor] = []
    before = convolution.meetings
    monkeypatch.setattr(convolution, "meetings", lambda x: (met.append(x), before(x))[1])
    found = weight_gradient(post, x, weight.shape)
    torch.testing.assert_close(
        found, *torch.autograd.grad(out, weight, post), rtol=1e-12, atol=1e-12
    )
    assert len(met) == made


def test_products_meet_no_padding() -> None:
    multiplied = 0
    for _, _, seen in convolution.meetings(torch.ones(1, 1, 4, 4)):
        assert seen.bool().all()
        multiplied += seen.numel()
    assert multiplied == (4 * 3 - 2) ** 2


def test_under_autocast_it_is_in_its_precision_and_gradients_in_that_of_the_weights() -> None:
    weight, bias = weights(torch.float32)
    for side in (2, 4, 8):
        x = inputs(side, torch.float32)
        with torch.autocast("cpu", torch.bfloat16):
            found = Activity.apply(x, weight, bias, True)
        assert found.dtype == torch.bfloat16
        wanted = plain(x, weight, bias, True)
        torch.testing.assert_close(found.float(), wanted, rtol=0.05, atol=0.1)
        given = torch.autograd.grad(found.float().sum(), (weight, bias), retain_graph=True)
        with torch.autocast("cpu", torch.bfloat16):
            inside = torch.autograd.grad(found.float().sum(), (weight, bias))
        assert all(torch.equal(a, b) for a, b in zip(given, inside, strict=True))
        meant = torch.autograd.grad(wanted.sum(), (weight, bias))
        for a, b in zip(given, meant, strict=True):
            assert a.dtype == torch.float32
            assert (a - b).norm() < 0.05 * b.norm()


def test_activities_of_one_room_lie_in_one_place_and_are_what_they_are_elsewhere() -> None:
    (weight, bias), room = weights(), Room()
    places = set()
    for side, pool in ((10, False), (20, True), (10, False)):
        x = inputs(side)
        found, wanted = (Activity.apply(x, weight, bias, pool, there) for there in (room, None))
        assert torch.equal(found, wanted) and found.stride() == wanted.stride()
        places.add(found.data_ptr())
        ours, theirs = (torch.autograd.grad(out.sum(), (weight, bias)) for out in (found, wanted))
        assert all(torch.equal(a, b) for a, b in zip(ours, theirs, strict=True))
    assert places == {room.block.data_ptr()}


def test_a_room_is_of_the_size_and_precision_of_its_last_activity() -> None:
    room, given = Room(), None
    for side, dtype in ((4, torch.float64), (12, torch.float64), (4, torch.float32)):
        found = Activity.apply(inputs(side, dtype), *weights(dtype), False, room)
        assert (room.block.numel(), room.block.dtype) == (found.numel(), dtype)
        assert given is None or given() is None  # the block before was given back
        given = weakref.ref(room.block)


def test_an_activity_whose_room_is_taken_has_no_gradient_any_more() -> None:
    (weight, bias), room = weights(), Room()
    lost = Activity.apply(inputs(4), weight, bias, False, room)
    Activity.apply(inputs(8), weight, bias, True, room)
    with pytest.raises(RuntimeError, match="modified inplace"):
        lost.sum().backward()
