"""Does a model of a library answer at its layers as it does there, framed by what it can see?"""

import json
from functools import partial

import pytest
import torch

from models.data.torchvision_import import torchvision_models
from models.data.views import centre_views
from models.errors import ConfigError, DataError
from models.imported import Imported, config_from
from models.zoo import examined, listing
from models.zoo.families import FAMILIES, build
from models.zoo.network import as_map, cells, network_of

# Kernel, stride and padding of all that leads to the end of ResNet-18's layer1 and layer2.
TO_LAYER1 = [(7, 2, 3), (3, 2, 1), *[(3, 1, 1)] * 4]
TO_LAYER2 = [*TO_LAYER1, (3, 2, 1), *[(3, 1, 1)] * 3]


@pytest.fixture(scope="module")
def resnet() -> Imported:
    return examined("photos", "torchvision", "resnet18", ["layer3", "layer1", "layer2"], 64)


@pytest.fixture(scope="module")
def images() -> torch.Tensor:
    return torch.randint(0, 256, (3, 3, 64, 64), generator=torch.Generator().manual_seed(1)).byte()


def field(way: list[tuple[int, int, int]], first: int, last: int) -> tuple[int, int]:
    """Pixels from the first to past the last that positions `first` to `last` can see."""
    jump, extent, start = 1, 1, 0
    for kernel, stride, padding in way:
        extent += (kernel - 1) * jump
        start -= padding * jump
        jump *= stride
    return start + jump * first, start + jump * last + extent


def test_z_is_the_layer_averaged_into_cells(resnet: Imported, images: torch.Tensor) -> None:
    network = network_of(resnet)
    mean = torch.tensor([0.485, 0.456, 0.406])[:, None, None]
    deviation = torch.tensor([0.229, 0.224, 0.225])[:, None, None]
    torchvision_models()
    from torchvision.models.feature_extraction import create_feature_extractor

    body = create_feature_extractor(build("torchvision", "resnet18"), ["layer1", "layer2"])
    with torch.no_grad():
        found = network(centre_views(images, 4096, "rgb"))
        wanted = body((images / 255 - mean) / deviation)
    assert [tuple(z.shape[1:]) for z in found] == [(64, 8, 8), (128, 8, 8), (256, 4, 4)]
    near = partial(torch.allclose, rtol=1e-4, atol=1e-4)
    assert near(found[0][:, :, 1, 2], wanted["layer1"][:, :, 2:4, 4:6].mean((2, 3)))
    assert near(found[1], wanted["layer2"])
    assert near(found[0].mean((2, 3)), wanted["layer1"].mean((2, 3)))


def test_layers_stand_in_the_order_in_which_they_run(resnet: Imported) -> None:
    assert resnet.layers == ("layer1", "layer2", "layer3")
    assert resnet.widths == (64, 128, 256)
    assert resnet.signed == (False, False, False)  # each ends in a ReLU


def test_a_frame_is_the_receptive_field_up_to_the_edge_of_the_view(resnet: Imported) -> None:
    for layer, (way, pooled) in enumerate([(TO_LAYER1, 2), (TO_LAYER2, 1)]):
        for cell, span in enumerate(resnet.spans[layer]):
            start, end = field(way, pooled * cell, pooled * cell + pooled - 1)
            assert span == (max(start, 0), min(end, 64))


def test_a_model_that_begins_with_branches_times_zero_has_its_whole_field() -> None:
    """timm's residual networks start with the last norm of every branch at zero."""
    timm = examined("photos", "timm", "resnet18", ["layer1"], 64)
    torchvision = examined("photos", "torchvision", "resnet18", ["layer1"], 64)
    assert timm.spans == torchvision.spans


def test_random_weights_are_the_same_each_time_and_cost_no_other_draw_its_place() -> None:
    torch.manual_seed(7)
    first = build("torchvision", "squeezenet1_0").state_dict()
    after = torch.rand(1)
    torch.manual_seed(7)
    assert torch.equal(torch.rand(1), after)
    second = build("torchvision", "squeezenet1_0").state_dict()
    assert all(torch.equal(first[name], second[name]) for name in first)


@pytest.mark.filterwarnings("ignore:The default weight initialization")
@pytest.mark.parametrize(
    ("name", "mean", "shifts"),
    [
        ("resnet18", (0.485, 0.456, 0.406), None),
        ("googlenet", (0.485, 0.456, 0.406), True),
        ("efficientnet_v2_l", (0.5, 0.5, 0.5), None),
    ],
)
def test_a_model_of_torchvision_sees_colours_as_its_own_weights_want_them(
    name: str, mean: tuple[float, ...], shifts: bool | None
) -> None:
    with torch.device("meta"):
        body = FAMILIES["torchvision"].make(name, None)
    assert FAMILIES["torchvision"].colours(body, name)[0] == mean
    assert getattr(body, "transform_input", None) is shifts


def test_tokens_of_a_transformer_are_its_positions_without_the_class(images: torch.Tensor) -> None:
    config = examined("photos", "timm", "test_vit", ["blocks.0", "blocks.1"], 64)
    assert config.widths == (64, 64) and config.signed == (True, True)
    assert [sites.side for sites in config.sites] == [4, 4]
    assert set(config.spans[1]) == {(0, 64)}  # attention sees everything
    network, heard = network_of(config), []
    network.body.blocks[0].register_forward_hook(lambda _, given, answer: heard.append(answer))
    with torch.no_grad():
        z = network(centre_views(images, 4096, "rgb"))[0]
    assert torch.allclose(z[:, :, 1, 2], heard[0][:, 1 + 4 * 1 + 2])


def test_a_layer_before_one_that_works_in_place_is_seen_as_it_was(images: torch.Tensor) -> None:
    config = examined("photos", "timm", "test_resnet", ["layer2.0.bn1", "layer2.0.act1"], 64)
    assert config.signed == (True, False)
    with torch.no_grad():
        before, after = network_of(config)(centre_views(images, 4096, "rgb"))
    assert (before < 0).any()
    assert torch.equal(before.relu(), after)


def test_channels_may_come_last() -> None:
    answer = torch.arange(2 * 3 * 3 * 5.0).view(2, 3, 3, 5)
    assert torch.equal(as_map(torch.nn.Identity(), "x", answer)[1, 4], answer[1, :, :, 4])


@pytest.mark.parametrize(
    ("side", "wanted"), [(1, 1), (8, 8), (9, 8), (12, 6), (23, 8), (24, 8), (25, 5), (56, 8)]
)
def test_a_grid_has_at_most_eight_cells_a_side(side: int, wanted: int) -> None:
    assert cells(torch.ones(1, 1, side, side)).shape[-1] == wanted


def test_what_can_be_chosen_is_listed() -> None:
    rows = {name: (module, shape) for name, module, shape in listing("timm", "test_resnet", 64)}
    assert rows["layer2"] == ("Sequential", "48 x 8 x 8")
    assert "fc" not in rows


@pytest.mark.parametrize(
    ("family", "name", "layers", "error", "told"),
    [
        ("torchvision", "resnet-18", ["layer1"], ConfigError, "did you mean resnet18"),
        ("timm", "hf-hub:timm/resnet18.a1", ["layer1"], ConfigError, "no vision model"),
        ("timm", "zzzzzz", ["layer1"], ConfigError, "none has a name like that"),
        ("torchvision", "resnet18", ["layr1"], ConfigError, "did you mean layer1"),
        ("torchvision", "resnet18", ["layer1"] * 2, ConfigError, "named twice"),
        ("torchvision", "resnet18", [], ConfigError, "--layers a,b,c"),
        ("torchvision", "resnet18", ["fc"], ConfigError, "no square map"),
        ("torchvision", "resnet18", ["layer1.0.relu"], ConfigError, "runs 2 times"),
        ("torchvision", "vit_b_16", ["encoder.ln"], DataError, "64 x 64 pixels"),
    ],
)
def test_what_cannot_be_a_layer_is_told_in_a_sentence(
    family: str, name: str, layers: list[str], error: type, told: str
) -> None:
    with pytest.raises(error, match=told):
        examined("photos", family, name, layers, 64)


def test_a_description_comes_back_from_json_as_it_was(resnet: Imported) -> None:
    about = {"config": resnet.config(), "model": resnet.model()}
    assert config_from(json.loads(json.dumps(about))) == resnet
