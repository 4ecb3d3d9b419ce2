"""Are views the crops, mirrorings and numbers that the paper's code makes, for a whole batch?"""

import numpy as np
import pytest
import torch
from PIL import Image

from models.data.views import GREY, RGB, centre_views, random_views


def batch(n: int = 6, height: int = 96, width: int = 96) -> torch.Tensor:
    """Every pixel tells where it is: red = image, green = row, blue = column."""
    image, row, column = torch.meshgrid(
        torch.arange(n), torch.arange(height), torch.arange(width), indexing="ij"
    )
    return torch.stack([image, row, column], dim=1).to(torch.uint8)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def places(views: torch.Tensor) -> np.ndarray:
    """Undo the colour normalisation: uint8-valued [b, 3, crop, crop]."""
    mean, deviation = (torch.tensor(row)[:, None, None] for row in RGB)
    return ((views * deviation + mean) * 255).round().int().numpy()


def test_a_view_is_one_square_of_its_own_image_perhaps_mirrored():
    images = batch(200)
    mirrored, tops, lefts = [], set(), set()
    for number, view in enumerate(places(random_views(images, generator(), 64, "rgb"))):
        assert (view[0] == number).all()
        top, left = view[1].min(), view[2].min()
        flip = view[2, 0, 0] > view[2, 0, -1]
        columns = left + np.arange(64)
        assert (view[1] == (top + np.arange(64))[:, None]).all()
        assert (view[2] == (columns[::-1] if flip else columns)).all()
        mirrored.append(flip)
        tops.add(top)
        lefts.add(left)
    assert 70 < sum(mirrored) < 130
    assert {0, 32} <= tops and {0, 32} <= lefts, "every place of the image can be cut"
    assert max(tops) == max(lefts) == 32


def test_a_seed_reproduces_the_views_and_leaves_other_generators_alone():
    images = batch()
    state = torch.get_rng_state()
    views = random_views(images, generator(1))
    assert torch.equal(views, random_views(images, generator(1)))
    assert not torch.equal(views, random_views(images, generator(2)))
    assert torch.equal(torch.get_rng_state(), state)


def test_the_centre_view_is_the_central_square():
    (view,) = places(centre_views(batch(1), 64, "rgb"))
    assert (view[1] == (16 + np.arange(64))[:, None]).all()
    assert (view[2] == 16 + np.arange(64)).all()


def test_the_centre_view_of_a_wide_or_high_image_is_its_central_square():
    (wide,), (high,) = (places(centre_views(batch(1, *s), 64, "rgb")) for s in ((64, 96), (97, 70)))
    assert (wide[1, :, 0] == np.arange(64)).all() and (wide[2, 0] == 16 + np.arange(64)).all()
    assert (high[1, :, 0] == 16 + np.arange(64)).all() and (high[2, 0] == 3 + np.arange(64)).all()


def test_grey_is_itu_r_601_as_pillow_makes_it_and_normalised():
    pixels = np.random.default_rng(0).integers(0, 256, (96, 96, 3), dtype=np.uint8)
    images = torch.from_numpy(pixels).permute(2, 0, 1)[None]
    views = centre_views(images, 96, "grey")
    assert views.shape == (1, 1, 96, 96) and views.dtype == torch.float32
    (mean,), (deviation,) = GREY
    grey = (views[0, 0] * deviation + mean) * 255
    expected = np.asarray(Image.fromarray(pixels).convert("L"), np.float32)
    assert np.abs(grey.numpy() - expected).max() <= 0.51  # Pillow rounds to whole numbers


def test_means_and_deviations_are_those_of_the_published_code():
    assert GREY == ((0.4120,), (0.2570,))
    assert RGB == ((0.4313, 0.4156, 0.3663), (0.2683, 0.2610, 0.2687))


def test_colour_has_the_three_means_and_deviations_of_the_paper():
    views = centre_views(torch.full((1, 3, 64, 64), 255, dtype=torch.uint8), 64, "rgb")
    assert views[0, :, 0, 0].tolist() == pytest.approx(
        [(1 - mean) / deviation for mean, deviation in zip(*RGB, strict=True)]
    )


@pytest.mark.parametrize("views", [random_views, centre_views])
def test_an_image_smaller_than_the_crop_is_seen_whole(views):
    first = (batch(2, 32, 40), generator()) if views is random_views else (batch(2, 32, 40),)
    assert views(*first, 64, "grey").shape == (2, 1, 32, 32)


def test_the_images_stay_as_they_were():
    images = batch()
    before = images.clone()
    random_views(images, generator())
    centre_views(images)
    assert torch.equal(images, before)


@pytest.mark.gpu
def test_views_are_made_on_the_device_of_the_images_with_the_crops_of_the_processor():
    images = batch(64)
    views = random_views(images.cuda(), generator())
    assert views.device.type == "cuda"
    assert torch.allclose(views.cpu(), random_views(images, generator()), atol=1e-5)
