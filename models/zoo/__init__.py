"""Vision models of torchvision and timm with local weights: what their layers are, and what a run
that imports some of them has to know. Nothing is downloaded.

A layer is a module by its name. Its map [b, unit, y, x], averaged into at most 8 x 8 cells, is z.
The frame of a cell is its receptive field: the rows and columns of pixels that can change it.

`families.py` knows the libraries, `network.py` is a model at work, `fields.py` finds the frames.
"""

from typing import Any

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from models.errors import ConfigError, DataError
from models.imported import SEED, Imported
from models.zoo.families import FAMILIES, build, likeliest
from models.zoo.fields import fields_of
from models.zoo.network import Network, answers, as_map

MOST_LAYERS = 12


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
    mean, deviation = FAMILIES[family].colours(body, name)
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
