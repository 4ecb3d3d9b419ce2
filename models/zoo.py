"""Vision models of torchvision and timm with local weights: which there are, what their layers are,
and what each layer answers. Nothing is downloaded.

A layer is a module by its name. Its map [b, unit, y, x], averaged into at most 8 x 8 cells, is z.
The frame of a cell is its receptive field: the rows and columns of pixels that can change it.
"""

import difflib
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from models.data.torchvision_import import torchvision_models
from models.data.views import RGB
from models.errors import ConfigError, DataError
from models.imported import SEED, Imported
from models.presets import Sites

CELLS = 8  # at most, along a side of a layer's grid
FEWEST = 4  # cells of equal size; with fewer, 8 cells that overlap are better
MOST_LAYERS = 12
BANDS = 64  # at least so many pieces are a view's rows perturbed in, one after the other
ROUNDING = 1e-10  # of the largest response, in double precision: less is no change
IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


@dataclass(frozen=True)
class Family:
    """A library of models: its words, how one is built, and how it wants colours normalised."""

    word: str
    names: Callable[[], list[str]]
    make: Callable[..., nn.Module]  # (name, num_classes or None)
    colours: Callable[[nn.Module], tuple[tuple[float, ...], tuple[float, ...]]]


def torchvision_names() -> list[str]:
    models = torchvision_models()
    return models.list_models(module=models)


def torchvision_model(name: str, classes: int | None) -> nn.Module:
    heads = {} if classes is None else {"num_classes": classes}
    return torchvision_models().get_model(name, weights=None, **heads)


def timm_module():
    if find_spec("timm") is None:
        raise ConfigError(
            "models of timm need the package timm, which is not installed here; install it with: "
            "pip install -e '.[zoo]' -c constraints.txt"
        )
    torchvision_models()  # timm imports torchvision, which must be able to load first
    import timm

    return timm


def timm_names() -> list[str]:
    timm = timm_module()
    return [*timm.list_models(), *timm.list_models(pretrained=True)]


def timm_model(name: str, classes: int | None) -> nn.Module:
    timm = timm_module()
    heads = {} if classes is None else {"num_classes": classes}
    try:  # a transformer that can interpolate its codes of position takes images of any size
        return timm.create_model(name, pretrained=False, dynamic_img_size=True, **heads)
    except TypeError:
        return timm.create_model(name, pretrained=False, **heads)


def timm_colours(model: nn.Module) -> tuple[tuple[float, ...], tuple[float, ...]]:
    own = model.pretrained_cfg
    return tuple(own["mean"]), tuple(own["std"])


FAMILIES = {
    family.word: family
    for family in (
        Family("torchvision", torchvision_names, torchvision_model, lambda _: IMAGENET),
        Family("timm", timm_names, timm_model, timm_colours),
    )
}


def build(family: str, name: str, classes: int | None = None, seed: int = SEED) -> nn.Module:
    """The model with random weights, ready to be evaluated. Raises ConfigError."""
    words = FAMILIES[family].names()
    if name not in words:
        raise ConfigError(f"{family} has no vision model {name!r}; {likeliest(name, words)}")
    with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # on how weights are drawn, which a seed settles
        torch.manual_seed(seed)
        return FAMILIES[family].make(name, classes).eval()


def likeliest(word: str, words: list[str]) -> str:
    """The end of an error sentence: the right words that are most alike."""
    close = difflib.get_close_matches(word, words, n=3)
    return f"did you mean {' or '.join(close)}?" if close else "none has a name like that"


class Network(nn.Module):
    """A model's answer at the chosen layers, as an encoder gives it."""

    def __init__(
        self,
        body: nn.Module,
        layers: tuple[str, ...],
        mean: tuple[float, ...],
        deviation: tuple[float, ...],
    ) -> None:
        super().__init__()
        self.body, self.layers = body, layers
        mine, theirs = torch.tensor(RGB), torch.tensor((mean, deviation))  # [2, channel]
        scale, shift = mine[1] / theirs[1], (mine[0] - theirs[0]) / theirs[1]
        self.register_buffer("scale", scale[:, None, None], persistent=False)
        self.register_buffer("shift", shift[:, None, None], persistent=False)

    def forward(self, views: Tensor) -> list[Tensor]:
        """z of every layer [b, unit, row, column], from normalised views [b, 3, y, x]."""
        pictures = views * self.scale + self.shift
        with answers(self.body, self.layers) as heard:
            self.body(pictures)
        return [cells(as_map(self.body, name, heard[name][0])) for name in self.layers]


def network_of(config: Imported) -> Network:
    """The model that a run imported, with random weights."""
    body = build(config.family, config.name, config.classes)
    return Network(body, config.layers, config.mean, config.deviation)


@contextmanager
def answers(body: nn.Module, names) -> Iterator[dict[str, list[Any]]]:
    """What the modules with these names give while the block runs, in the order they end in.

    Each answer is a copy: the next module may be one that works in place.
    """
    heard: dict[str, list[Any]] = {}
    hooks = [
        body.get_submodule(name).register_forward_hook(
            lambda module, given, answer, name=name: heard.setdefault(name, []).append(own(answer))
        )
        for name in names
    ]
    try:
        yield heard
    finally:
        for hook in hooks:
            hook.remove()


def own(answer: Any) -> Any:
    return answer.clone() if isinstance(answer, Tensor) else answer


def as_map(body: nn.Module, name: str, answer: Any) -> Tensor:
    """A layer's answer as [b, unit, y, x], y = x. Raises ConfigError where it is no such map."""
    shape = tuple(answer.shape) if isinstance(answer, Tensor) else ()
    if len(shape) == 4 and shape[2] == shape[3]:
        return answer
    if len(shape) == 4 and shape[1] == shape[2]:  # transformers of windows put channels last
        return answer.movedim(3, 1)
    if len(shape) == 3:
        before = getattr(body, "num_prefix_tokens", 1 if hasattr(body, "class_token") else 0)
        side = round(max(shape[1] - before, 0) ** 0.5)
        if side and side**2 == shape[1] - before:
            return answer[:, before:].movedim(2, 1).unflatten(2, (side, side))
    told = " x ".join(map(str, shape[1:])) if shape else type(answer).__name__
    raise ConfigError(
        f"layer {name!r} gives {told} for an image, which is no square map of positions; choose a "
        "layer below it (--layers '?' lists those that are)"
    )


def cells(z: Tensor) -> Tensor:
    """Average [b, unit, y, x] into at most 8 x 8 cells, of equal size where that leaves 4 x 4."""
    side = z.shape[-1]
    equal = max(n for n in range(1, CELLS + 1) if side % n == 0)
    wanted = side if side <= CELLS else equal if equal >= FEWEST else CELLS
    return z if wanted == side else F.adaptive_avg_pool2d(z, wanted)


def seen(body: nn.Module, name: str, names, side: int) -> dict[str, list[Any]]:
    """The answers of modules to noise of `side` x `side` pixels. Raises DataError."""
    noise = torch.randn(2, 3, side, side, generator=torch.Generator().manual_seed(SEED))
    try:
        with torch.inference_mode(), answers(body, names) as heard:
            body(noise)
    except (RuntimeError, AssertionError, ValueError) as error:
        reason = " ".join(str(error).split())[:200]
        raise DataError(
            f"{name} cannot look at images of {side} x {side} pixels ({reason}); choose images of "
            "the size it was made for with --data, or another model"
        ) from None
    return heard


def listing(family: str, name: str, side: int) -> list[tuple[str, str, str]]:
    """Every layer that can be chosen: its name, its class, and units x rows x columns."""
    body = build(family, name)
    modules = {word: module for word, module in body.named_modules() if word}
    rows = []
    for word, found in seen(body, name, modules, side).items():
        try:
            shape = as_map(body, word, found[0]).shape if len(found) == 1 else None
        except ConfigError:
            continue
        if shape:
            rows.append((word, type(modules[word]).__name__, " x ".join(map(str, shape[1:]))))
    return rows


def examined(
    data: str, family: str, name: str, layers: list[str], side: int, classes: int | None = None
) -> Imported:
    """What run.json says of a model whose `layers` look at images of `side` pixels.

    Raises ConfigError for names that are wrong, doubled or not run exactly once, and DataError.
    """
    body = build(family, name, classes)
    check_names(body, name, layers)
    with FlopCounterMode(display=False) as counter:
        heard = seen(body, name, layers, side)
    for layer in layers:
        if (times := len(heard.get(layer, ()))) != 1:
            raise ConfigError(
                f"layer {layer!r} of {name} runs {times} times an image, and a layer of the strip "
                "must run once; choose another (--layers '?' lists them)"
            )
    ordered = tuple(heard)
    maps = [as_map(body, layer, heard[layer][0]) for layer in ordered]
    mean, deviation = FAMILIES[family].colours(body)
    network = Network(body, ordered, mean, deviation)
    return Imported(
        data,
        family,
        name,
        outputs_of(body, side),
        ordered,
        tuple(z.shape[1] for z in maps),
        tuple(bool((z < 0).any()) for z in maps),
        mean,
        deviation,
        side,
        tuple(sites.spans for sites in fields_of(network, side)),
        counter.get_total_flops() // 2 // 2,  # of a multiply-add two, and of two images one
    )


def outputs_of(body: nn.Module, side: int) -> int:
    """How many outputs the model's head has."""
    with torch.inference_mode():
        return body(torch.zeros(1, 3, side, side)).shape[-1]


def check_names(body: nn.Module, name: str, layers: list[str]) -> None:
    """Raise ConfigError unless the layers are at most 12, each once, modules of the model."""
    words = [word for word, _ in body.named_modules() if word]
    if not layers or len(layers) > MOST_LAYERS:
        raise ConfigError(
            f"a strip has 1 to {MOST_LAYERS} layers, not {len(layers)}; name them with --layers "
            "a,b,c (--layers '?' lists them)"
        )
    for layer in layers:
        if layer not in words:
            raise ConfigError(
                f"{name} has no layer {layer!r}; {likeliest(layer, words)} (--layers '?' lists all "
                "that there are)"
            )
        if layers.count(layer) > 1:
            raise ConfigError(f"layer {layer!r} was named twice; name each layer once")


@torch.inference_mode()
def fields_of(network: Network, side: int) -> list[Sites]:
    """The receptive field of each row of cells of every layer, on views of `side` pixels.

    Which rows of pixels change a cell is found by changing them, a band at a time, in a model of
    the same form whose weights let everything through. Columns are taken to be like rows.
    """
    network = generous(network)
    draw = torch.Generator().manual_seed(SEED)
    calm = torch.randn(1, 3, side, side, generator=draw, dtype=torch.float64)
    still = network(calm)
    band, touched = max(1, side // BANDS), [[] for _ in still]
    starts = range(0, side, band)
    for start in starts:
        view = calm.clone()
        rows = view[:, :, start : start + band]
        rows += 3 * torch.randn(rows.shape, generator=draw, dtype=torch.float64)
        for rows_of, before, after in zip(touched, still, network(view), strict=True):
            change = (after - before).abs().amax((0, 1, 3))  # [row]
            rows_of.append(change > ROUNDING * before.abs().max())
    return [Sites(tuple(spans(torch.stack(rows), band, side))) for rows in touched]


def spans(touched: Tensor, band: int, side: int) -> Iterator[tuple[int, int]]:
    """First pixel and past the last of each cell, from which bands touch it: [band, cell]."""
    for cell in touched.T:
        bands = cell.nonzero().flatten().tolist() or [0]
        yield band * bands[0], min(band * (bands[-1] + 1), side)


def generous(network: Network) -> Network:
    """The same in double precision, each parameter that is one constant drawn from 0.5 to 1.5.

    Some models begin with branches that are multiplied by zero.
    """
    body = deepcopy(network.body).double()
    draw = torch.Generator().manual_seed(SEED)
    for weights in body.parameters():
        if weights.min() == weights.max():
            weights.copy_(0.5 + torch.rand(weights.shape, generator=draw))
    return Network(body, network.layers, *IMAGENET).double()
