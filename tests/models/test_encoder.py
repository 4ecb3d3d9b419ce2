"""The encoder is the paper's VGG-6 over independent overlapping patches."""

import pytest
import torch
from torch import nn

from models.encoder import Encoder, ImageEncoder
from models.patches import patches, to_grid
from models.presets import ENCODERS, grid_of, sites_of


def reference(encoder):
    """The same network from torch's own layers, ReLU before the pool as the paper writes it."""
    stack = []
    for layer in encoder.layers:
        conv = nn.Conv2d(layer.weight.shape[1], layer.weight.shape[0], 3, padding=1)
        conv.weight.data.copy_(layer.weight.data)
        conv.bias.data.copy_(layer.bias.data)
        stack.append(nn.Sequential(conv, nn.ReLU(), *([nn.MaxPool2d(2)] if layer.pool else [])))
    return stack


@pytest.mark.parametrize("channels", [1, 3])
def test_activity_equals_a_patch_by_patch_reference(channels):
    encoder = Encoder("vgg6-tiny", channels).double()
    stack = [module.double() for module in reference(encoder)]
    views = torch.randn(2, channels, 64, 64, dtype=torch.float64)
    with torch.no_grad():
        activity = encoder(views)
        for row, column in [(0, 0), (3, 5), (6, 6)]:
            x = views[:, :, 8 * row : 8 * row + 16, 8 * column : 8 * column + 16]
            for layer, module in enumerate(stack):
                x = module(x)
                z = activity[layer][:, :, row, column]
                assert torch.allclose(z, x.mean((2, 3)), atol=1e-12)


@pytest.mark.parametrize(("channels", "parameters"), [(1, 16_224_512), (3, 16_226_816)])
def test_vgg6_has_the_parameters_of_the_paper(channels, parameters):
    encoder = Encoder("vgg6", channels)
    assert sum(p.numel() for p in encoder.parameters()) == parameters


def test_maps_shrink_as_in_the_paper():
    encoder = Encoder("vgg6-tiny")
    x, sides = torch.randn(1, 1, 16, 16), []
    for layer in encoder.layers:
        x = layer(x)
        sides.append(x.shape[-1])
    assert sides == [16, 8, 8, 4, 2, 1]


def test_every_preset_gives_its_widths_on_a_seven_by_seven_grid():
    for word, preset in ENCODERS.items():
        if word != "vgg6":
            activity = Encoder(word)(torch.randn(2, 1, 64, 64))
            assert [z.shape for z in activity] == [(2, w, 7, 7) for w in preset.widths]


def test_patches_run_down_the_rows_and_return_to_their_place():
    image = torch.arange(64.0).view(1, 1, 64, 1).expand(1, 1, 64, 64)
    cut = patches(image)
    assert cut.shape == (49, 1, 16, 16)
    top = to_grid(cut[:, :, 0, 0], images=1)
    assert top[0, 0, :, 0].tolist() == [0, 8, 16, 24, 32, 40, 48]
    assert (top[0, 0] == top[0, 0, :, :1]).all()


def test_weights_start_within_the_bounds_of_the_fan_in():
    encoder = Encoder("vgg6-small", 1, torch.Generator().manual_seed(3))
    for layer in encoder.layers:
        bound = (9 * layer.weight.shape[1]) ** -0.5
        for weights in (layer.weight, layer.bias):
            assert weights.abs().max() <= bound
        assert layer.weight.std().item() == pytest.approx(bound / 3**0.5, rel=0.1)


def test_weights_that_start_after_he_keep_activity_from_fading_with_depth():
    views = torch.randn(4, 1, 64, 64, generator=torch.Generator().manual_seed(0))
    last = {}
    for init in ("uniform", "he"):
        encoder = Encoder("vgg6-small", 1, torch.Generator().manual_seed(3), init)
        with torch.no_grad():
            last[init] = encoder(views)[-1].std(0).mean().item()  # over images
    for layer in encoder.layers:
        deviation = (2 / (9 * layer.weight.shape[1])) ** 0.5
        assert layer.weight.std().item() == pytest.approx(deviation, rel=0.1)
        assert not layer.bias.any()
    assert last["he"] > 30 * last["uniform"]


def test_every_layer_of_the_patch_encoder_has_the_patches_as_its_sites():
    assert (grid_of(64), grid_of(32)) == (7, 3)
    sites = sites_of("patches", 64)
    assert len(sites) == 6 and len(set(sites)) == 1
    assert sites[0].spans[0] == (0, 16) and sites[0].spans[6] == (48, 64)


def test_the_sites_of_a_whole_image_fill_it_with_as_many_cells_as_each_layer_has():
    sites = sites_of("image", 96)
    assert [site.side for site in sites] == [8, 4, 4, 4, 2, 2]
    for site in sites:
        assert site.spans[0][0] == 0 and site.spans[-1][1] == 96
        assert all(a[1] == b[0] for a, b in zip(site.spans, site.spans[1:], strict=False))


@pytest.mark.parametrize("view", [32, 50, 96, 100])
def test_the_sites_of_a_whole_image_are_what_each_cell_is_the_mean_of(view):
    encoder = ImageEncoder("vgg6-tiny", 1)
    x, pixel = encoder.entrance(torch.zeros(1, 1, view, view)), 1
    for number, (layer, site) in enumerate(
        zip(encoder.layers, sites_of("image", view), strict=True)
    ):
        x, pixel = layer(x), pixel * (2 if layer.pool else 1)
        rows = torch.arange(x.shape[2], dtype=torch.float32)[:, None].expand(1, 1, *x.shape[2:])
        middles = encoder.activity(number, rows, 1)[0, 0, :, 0] + 0.5
        told = [(start + end) / (2 * pixel) for start, end in site.spans]
        assert middles.tolist() == pytest.approx(told)
