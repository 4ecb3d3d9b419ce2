"""Which sinusoidal gratings is an encoder shown? Every orientation, frequency and phase, over all
of the view.

Orientation is the direction of the stripes, in degrees anticlockwise from horizontal: 0 are
horizontal stripes, 90 upright ones. Mean and contrast are those of grey STL-10 images, so that a
grey encoder sees zero mean and unit variance.
"""

import torch
from torch import Tensor

from models.data.views import GREY
from models.presets import PATCH

ORIENTATIONS = tuple(11.25 * step for step in range(16))  # degrees
FREQUENCIES = tuple(2 ** (step / 2 - 1) for step in range(8))  # cycles a patch, below Nyquist's 8
PHASES = 8  # a full cycle in equal steps
COUNT = len(ORIENTATIONS) * len(FREQUENCIES) * PHASES
MEAN = GREY[0][0]  # of white
AMPLITUDE = 2**0.5 * GREY[1][0]  # a sine varies by its amplitude over the root of 2
CONTRAST = AMPLITUDE / MEAN  # Michelson: (brightest - darkest) / (brightest + darkest)


def gratings(side: int, start: int = 0, stop: int = COUNT) -> Tensor:
    """Those numbered start to stop, 0..255: float32 [stop - start, 3, side, side], all grey.

    The number counts phases first, then frequencies, then orientations. Phase 0 is a sine that
    rises through the mean at the centre of the view.
    """
    number = torch.arange(start, stop)
    angle = torch.tensor(ORIENTATIONS).deg2rad()[number // (len(FREQUENCIES) * PHASES)]
    cycles = torch.tensor(FREQUENCIES)[number // PHASES % len(FREQUENCIES)] / PATCH  # a pixel
    phase = 2 * torch.pi * (number % PHASES) / PHASES
    at = torch.arange(side) - (side - 1) / 2  # pixels from the centre
    across, down = angle.sin()[:, None, None] * at, angle.cos()[:, None, None] * at[:, None]
    wave = torch.sin(2 * torch.pi * cycles[:, None, None] * (across + down) + phase[:, None, None])
    light = 255 * (MEAN + AMPLITUDE * wave)  # [n, y, x]
    return light[:, None].repeat(1, 3, 1, 1)
