"""The libraries that have vision models: which there are, and one of them with random weights."""

import difflib
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec

import torch
from torch import nn

from models.data.torchvision_import import torchvision_models
from models.errors import ConfigError
from models.imported import SEED

Colours = tuple[tuple[float, ...], tuple[float, ...]]  # mean and deviation of red, green and blue
SHIFTS = ("googlenet", "inception_v3")  # of torchvision: with its weights they shift colours


@dataclass(frozen=True)
class Family:
    """A library of models: its words, how one is built, and how it wants colours normalised."""

    word: str
    names: Callable[[], list[str]]
    make: Callable[..., nn.Module]  # (name, num_classes or None)
    colours: Callable[[nn.Module, str], Colours]  # of a model, which has that name


def torchvision_names() -> list[str]:
    models = torchvision_models()
    return models.list_models(module=models)


def torchvision_model(name: str, classes: int | None) -> nn.Module:
    heads = {} if classes is None else {"num_classes": classes}
    shift = {"transform_input": True} if name in SHIFTS else {}
    return torchvision_models().get_model(name, weights=None, **heads, **shift)


def torchvision_colours(_: nn.Module, name: str) -> Colours:
    """Those of the weights that torchvision has for it."""
    own = torchvision_models().get_model_weights(name).DEFAULT.transforms()
    return tuple(own.mean), tuple(own.std)


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


def timm_colours(model: nn.Module, _: str) -> Colours:
    own = model.pretrained_cfg
    return tuple(own["mean"]), tuple(own["std"])


FAMILIES = {
    family.word: family
    for family in (
        Family("torchvision", torchvision_names, torchvision_model, torchvision_colours),
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
