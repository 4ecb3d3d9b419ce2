"""Are the two views of CLAPP++ views of one image, distorted as far as is said?"""

import colorsys

import numpy as np
import pytest
import torch

from models.data import augment
from models.data.augment import Draws, augmented, blurred, brightness, contrast, hue, random_parts
from models.data.views import RGB, two_views


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def draws(images: int) -> Draws:
    return Draws(images, generator(), torch.device("cpu"))


def test_both_halves_are_views_of_the_same_images_in_the_same_order(monkeypatch):
    for chance in ("P_JITTER", "P_GREY", "P_BLUR"):
        monkeypatch.setattr(augment, chance, 0.0)
    greys = torch.arange(10, 250, 30, dtype=torch.uint8)
    images = greys[:, None, None, None].expand(-1, 3, 48, 48).contiguous()
    views = two_views(images, generator(), 48, "rgb")
    mean, deviation = (torch.tensor(row)[:, None, None] for row in RGB)
    shown = (views * deviation + mean) * 255
    wanted = greys.repeat(2)[:, None, None, None].expand_as(shown)
    assert torch.allclose(shown, wanted.float(), atol=1e-3)


def test_the_two_views_of_an_image_differ():
    images = torch.randint(256, (6, 3, 48, 48), generator=generator(), dtype=torch.uint8)
    first, second = two_views(images, generator(), 48, "rgb").chunk(2)
    assert ((first - second).abs().mean((1, 2, 3)) > 0.1).all()


def test_a_random_part_is_a_rectangle_inside_the_image_perhaps_mirrored():
    ramp = torch.linspace(0, 1, 64).expand(400, 3, 64, 64)  # a column tells its place
    rows = random_parts(ramp, draws(400), 64)[:, 0, 32]  # [b, x]
    steps = rows.diff(dim=1)
    mirrored = steps.mean(1) < 0
    assert 0.4 < mirrored.double().mean() < 0.6
    wide = (rows[:, -1] - rows[:, 0]).abs()
    least = (augment.AREA[0] * augment.ASPECT[0]) ** 0.5
    assert least * 0.95 < wide.min() < 0.35 and 0.9 < wide.max() <= 1
    inner = steps[:, 2:-2]
    assert torch.allclose(inner, inner.mean(1, keepdim=True).expand_as(inner), atol=2e-3)
    centres = rows.mean(1)
    assert centres.min() < 0.3 and centres.max() > 0.7


def test_the_area_of_random_parts_is_uniform_between_its_bounds():
    across = torch.linspace(0, 1, 64).expand(2000, 1, 64, 64)
    both = torch.cat([across, across.mT, across], 1)
    parts = random_parts(both, draws(2000), 64)
    wide = (parts[:, 0, 32, -1] - parts[:, 0, 32, 0]).abs()
    high = (parts[:, 1, -1, 32] - parts[:, 1, 0, 32]).abs()
    area = wide * high
    low, most = augment.AREA
    assert abs(float(area.mean()) - (low + most) / 2) < 0.03


def test_hue_turns_as_a_colour_wheel_does(monkeypatch):
    monkeypatch.setattr(augment, "HUE", 0.2)
    pixels = torch.rand(50, 3, 1, 1, generator=generator(3))
    turned = hue(pixels, draws(50))
    turns = draws(50).between(-0.2, 0.2)
    assert turns.abs().max() > 0.15
    for before, after, turn in zip(pixels, turned, turns, strict=True):
        h, s, v = colorsys.rgb_to_hsv(*before.flatten().tolist())
        wanted = colorsys.hsv_to_rgb((h + float(turn)) % 1, s, v)
        assert after.flatten().tolist() == pytest.approx(wanted, abs=1e-5)


def test_brightness_and_contrast_change_by_the_drawn_factor():
    images = 0.2 + 0.2 * torch.rand(40, 3, 8, 8, generator=generator(1))
    factors = draws(40).between(1 - augment.JITTER, 1 + augment.JITTER)
    assert factors.min() < 0.5 and factors.max() > 1.5
    wanted = (images * factors[:, None, None, None]).clamp(0, 1)
    assert torch.allclose(brightness(images, draws(40)), wanted)
    grey = images.mean(1, keepdim=True).expand(-1, 3, -1, -1)
    spread = contrast(grey, draws(40)).std((1, 2, 3)) / grey.std((1, 2, 3))
    assert torch.allclose(spread, factors, atol=1e-4)


def test_a_blur_keeps_the_mean_and_takes_away_detail():
    images = torch.rand(20, 3, 96, 96, generator=generator(2))
    soft = blurred(images, draws(20))
    assert torch.allclose(soft.mean((2, 3)), images.mean((2, 3)), atol=0.01)
    assert (soft.std((2, 3)) < images.std((2, 3)) + 1e-6).all()
    assert float((soft.std((2, 3)) / images.std((2, 3))).min()) < 0.3


def test_views_stay_between_black_and_white():
    images = torch.randint(256, (30, 3, 40, 40), generator=generator(), dtype=torch.uint8)
    views = augmented(images, generator(), 40)
    assert views.shape == (30, 3, 40, 40)
    assert np.all((views.numpy() >= -1e-6) & (views.numpy() <= 1 + 1e-6))
