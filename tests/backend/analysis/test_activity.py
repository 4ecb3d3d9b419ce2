"""One pass gives what a plain loop over the images gives, in batches of any size."""

import numpy as np
import pytest
import torch

from backend.analysis.activity import activity, encoder_layers, pixels
from models.data.views import centre_views
from models.encoder import Encoder
from models.errors import CheckpointError
from models.presets import Sites, patch_sites


def photographs(n: int = 9, side: int = 96) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (n, 3, side, side), dtype=np.uint8)


def collected(layers, images, ids, **how):
    """All answers of a pass as one list of (z, features, lattice) a layer."""
    batches = list(activity(layers, images, ids, **how))
    assert [batch.rows.start for batch in batches] == [0, *(b.rows.stop for b in batches[:-1])]
    found = []
    for layer in zip(*(batch.answers for batch in batches), strict=True):
        found.append([np.concatenate(parts) for parts in zip(*map(parts_of, layer), strict=True)])
    return found


def parts_of(answer):
    return answer.z, answer.features, answer.lattice


def fake_encoder(views: torch.Tensor) -> list[torch.Tensor]:
    """Two layers whose answer can be said by hand: sums of pixels on a 7 x 7 and a 3 x 3 grid."""
    fine = views[:, :, :63, :63].unflatten(2, (7, 9)).unflatten(4, (7, 9)).sum((3, 5))
    return [torch.cat([fine, -fine], 1), fine[:, :, :3, :3]]


def test_features_are_means_of_the_grid_and_the_lattice_is_part_of_it():
    images, ids = photographs(), np.array([7, 0, 3], np.int32)
    (z, features, lattice), (small, _, small_lattice) = collected(
        encoder_layers(fake_encoder), images, ids
    )
    wanted = fake_encoder(centre_views(torch.from_numpy(images[ids])))[0].numpy()
    assert (z == wanted).all()
    assert features == pytest.approx(z.mean((2, 3)), rel=1e-4, abs=1e-4)
    assert lattice.shape == (3, 9, 2)
    assert (lattice[:, 5] == z[:, :, 3, 6]).all()  # place 5 is row 3, column 6
    assert (small_lattice[:, 5] == small[:, :, 1, 2]).all()


@pytest.mark.parametrize("batch", [1, 4, 9])
def test_the_size_of_a_batch_changes_nothing_that_can_be_seen(batch):
    images, ids = photographs(), np.arange(9)
    layers = encoder_layers(Encoder("vgg6-tiny").eval())
    usual, other = collected(layers, images, ids), collected(layers, images, ids, batch=batch)
    for a, b in zip(usual, other, strict=True):
        for one, same in zip(a, b, strict=True):
            assert one == pytest.approx(same, rel=1e-4, abs=1e-6)


def test_the_order_of_the_images_is_that_of_the_ids():
    images, ids = photographs(), np.arange(9)
    straight = collected(encoder_layers(fake_encoder), images, ids)
    turned = collected(encoder_layers(fake_encoder), images, ids[::-1].copy())
    assert (straight[0][0] == turned[0][0][::-1]).all()


@pytest.mark.parametrize(("colour", "channels"), [("grey", 1), ("rgb", 3)])
def test_layer_0_is_the_pixels(colour, channels):
    images, ids = photographs(), np.arange(9)
    ((z, features, lattice),) = collected(pixels, images, ids, colour=colour)
    views = centre_views(torch.from_numpy(images), 64, colour).numpy()
    assert (features == views.reshape(9, -1)).all()
    assert z.shape == (9, channels, 7, 7)
    patch = views[:, :, 24:40, 48:64]  # row 3, column 6
    assert z[:, :, 3, 6] == pytest.approx(patch.mean((2, 3)), abs=1e-5)
    assert (lattice[:, 5] == patch.reshape(9, -1)).all()


@pytest.mark.parametrize(("side", "grid"), [(16, 1), (24, 2), (32, 3), (96, 7)])
def test_small_images_have_small_grids(side, grid):
    ((z, _, lattice),) = collected(pixels, photographs(side=side), np.arange(9))
    assert z.shape == (9, 1, grid, grid)
    assert lattice.shape[1] == len(patch_sites(16 + 8 * (grid - 1)).lattice) ** 2


def test_the_nine_places_of_a_full_grid_do_not_overlap():
    assert Sites.even(7, 8, 16).lattice == (0, 3, 6)  # 24 pixels apart; a patch has 16
    assert [Sites.even(side, 8, 16).lattice for side in (1, 2, 3)] == [(0,), (0, 1), (0, 1, 2)]


def test_a_diverged_encoder_is_an_error_that_names_the_layer():
    def diverged(views):
        return [views.new_ones(len(views), 2, 7, 7), views.new_full((len(views), 2, 7, 7), np.nan)]

    with pytest.raises(CheckpointError, match="layer 2 of 2 gives values that are not finite"):
        next(activity(encoder_layers(diverged), photographs(), np.arange(9)))


@pytest.mark.gpu
def test_cuda_agrees_with_the_processor():
    images, ids = photographs(40), np.arange(40)
    encoder = Encoder("vgg6-small").eval()
    here = collected(encoder_layers(encoder), images, ids)
    there = collected(encoder_layers(encoder.to("cuda")), images, ids, device="cuda")
    for a, b in zip(here, there, strict=True):
        for one, same in zip(a, b, strict=True):
            assert np.linalg.norm(one - same) < 1e-3 * np.linalg.norm(one)
