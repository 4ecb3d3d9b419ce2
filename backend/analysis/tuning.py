"""Which orientation and spatial frequency does each unit prefer, and how sharply?

Letters: r [unit, orientation, frequency, phase] is the response at the middle patch of a layer's
grid to each grating.
"""

from collections.abc import Callable, Generator

import numpy as np
import torch
from torch import Tensor

from backend.analysis.gratings import (
    CONTRAST,
    COUNT,
    FREQUENCIES,
    MEAN,
    ORIENTATIONS,
    PHASES,
    gratings,
)
from models.data.views import centre_views
from models.device import exact_convolutions
from models.presets import PATCH

LEVELS = 255  # in which the curves are kept, from no response to the largest
FLAT = 1e-6  # responses that differ by less of the largest are the same
DEFINITION = (
    "{orientations} orientations x {frequencies} spatial frequencies x {phases} phases of "
    "sinusoidal grey gratings over all of the view (mean {mean:.2f} of white, Michelson contrast "
    "{contrast:.2f}: mean and spread of grey STL-10 images), normalised as {colour} images are. "
    "Frequencies from {lowest:g} to {highest:.2f} cycles a patch of {patch} pixels ({low:.3f} to "
    "{high:.3f} cycles a pixel) in half octaves. The response is that at the middle patch of each "
    "layer's grid, itself a mean over the positions inside it; F0 is its mean over phases, below 0 "
    "counted as 0, and no response to a blank is taken off. Best grating: the greatest F0. "
    "Orientation: direction of the stripes, 0 horizontal and 90 upright, half the angle of the "
    "vector sum S of F0 exp(2i angle) at the best frequency. OSI: |S| / sum of F0 = 1 - circular "
    "variance (Ringach, Shapley and Hawken 2002), 0 for equal answers to all, 1 for an answer to "
    "one. Bandwidth: half the width of that curve at 1/sqrt(2) of its height (the same source; "
    "here with straight lines between samples and no smoothing); none where it does not fall "
    "that far. F1/F0: amplitude of the response's first harmonic over phases at the best grating, "
    "over F0 (Skottun et al. 1991): 1.53 to 1.66 with so few phases, pi/2 with many, for a "
    "half-rectified sine; above 1 simple, below 1 complex; the mean over positions inside a patch "
    "lowers it."
)

Layers = Callable[[Tensor], list[Tensor]]


def definition(colour: str) -> str:
    return DEFINITION.format(
        **{"orientations": len(ORIENTATIONS), "frequencies": len(FREQUENCIES), "phases": PHASES},
        **{"colour": colour, "mean": MEAN, "contrast": CONTRAST, "patch": PATCH},
        **{"lowest": FREQUENCIES[0], "highest": FREQUENCIES[-1]},
        **{"low": FREQUENCIES[0] / PATCH, "high": FREQUENCIES[-1] / PATCH},
    )


def answers(
    encoder: Layers,
    side: int,
    colour: str = "grey",
    device: torch.device | str = "cpu",
    batch: int = 64,
) -> Generator[float, None, list[np.ndarray]]:
    """Show all gratings to an encoder: r of each of its layers, float32.

    encoder: views [b, channel, y, x] -> z of each layer [b, unit, row, column]; side: of the
    views, pixels. Yields the share that is done.
    """
    found: list[list[Tensor]] = []
    for start in range(0, COUNT, batch):
        stop = min(start + batch, COUNT)
        with torch.inference_mode(), exact_convolutions():
            views = centre_views(gratings(side, start, stop).to(device), side, colour)
            found.append([middle(z).float().cpu() for z in encoder(views)])
        yield stop / COUNT
    shape = (-1, len(ORIENTATIONS), len(FREQUENCIES), PHASES)
    return [torch.cat(parts).T.reshape(shape).numpy() for parts in zip(*found, strict=True)]


def middle(z: Tensor) -> Tensor:
    """[b, unit, row, column] -> [b, unit] of the middle cell."""
    row, column = ((size - 1) // 2 for size in z.shape[2:])
    return z[:, :, row, column]


def tuning(r: np.ndarray) -> dict[str, np.ndarray]:
    """What DEFINITION says of each unit, from r [unit, orientation, frequency, phase].

    Returns level [unit, orientation, frequency], F0 in 255ths of `peak`, and [unit]: peak,
    orientation (degrees), frequency (cycles a patch), osi, bandwidth (degrees) and modulation;
    NaN where there is none, as for a unit that answers to no grating. Beside them the
    orientations and frequencies that were shown.
    """
    f0 = np.maximum(r.mean(3, dtype=np.float64), 0)  # [unit, orientation, frequency]
    unit, flat = np.arange(len(f0)), f0.reshape(len(f0), -1)
    peak = flat.max(1)
    silent = peak <= 0
    even = flat.max(1) - flat.min(1) <= FLAT * peak  # there is nothing to prefer
    angle, cycles = np.unravel_index(flat.argmax(1), f0.shape[1:])
    curve = f0[unit, :, cycles]  # [unit, orientation]
    turned = np.exp(2j * np.deg2rad(ORIENTATIONS))
    total = np.where(silent, 1, curve.sum(1))
    vector = curve @ turned / total
    osi = np.where(even, 0, np.abs(vector))
    prefers = np.rad2deg(np.angle(vector)) / 2 % 180
    wave = r[unit, angle, cycles].astype(np.float64)  # [unit, phase]
    turns = np.exp(-2j * np.pi * np.arange(PHASES) / PHASES)
    f1 = 2 * np.abs(wave @ turns) / PHASES
    top = np.where(silent, 1, peak)
    return {
        "level": np.rint(LEVELS * f0 / top[:, None, None]).astype(np.uint8),
        "peak": np.where(silent, 0, peak),
        "orientation": np.where(silent | (osi <= FLAT), np.nan, prefers),
        "frequency": np.where(even, np.nan, np.array(FREQUENCIES)[cycles]),
        "osi": np.where(silent, np.nan, osi),
        "bandwidth": np.where(silent, np.nan, half_width(curve)),
        "modulation": np.where(silent, np.nan, f1 / top),
        "orientations": np.array(ORIENTATIONS),
        "frequencies": np.array(FREQUENCIES),
    }


def half_width(curve: np.ndarray) -> np.ndarray:
    """Half the width at 1/sqrt(2) of the height of each curve [unit, orientation]: degrees.

    NaN where a curve does not fall that far within 90 degrees to both sides of its peak.
    """
    units, steps = curve.shape
    around = np.arange(steps // 2 + 1)
    peak = curve.argmax(1)[:, None]
    level = curve.max(1)[:, None] / 2**0.5
    sides = []
    for way in (1, -1):
        away = np.take_along_axis(curve, (peak + way * around) % steps, 1)  # from the peak on
        below = away < level
        at = np.maximum(below.argmax(1), 1)[:, None]  # the first sample below
        high, low = (np.take_along_axis(away, at - back, 1) for back in (1, 0))
        share = np.divide(high - level, high - low, out=np.zeros_like(high), where=high > low)
        sides.append(np.where(below.any(1), (at - 1 + share)[:, 0], np.nan))
    return sum(sides) / 2 * (180 / steps)
