"""Grating tuning against units whose tuning is known, and against its definition by hand."""

import numpy as np
import pytest
import torch

from backend.analysis import gratings as shown
from backend.analysis.gratings import COUNT, FREQUENCIES, ORIENTATIONS, PHASES, gratings
from backend.analysis.tuning import answers, half_width, middle, tuning
from models.config import TrainConfig
from models.data.views import normalised
from models.encoder import untrained
from models.presets import PATCH, Sites

SHAPE = (len(ORIENTATIONS), len(FREQUENCIES), PHASES)


def shown_to(encoder, side: int = PATCH, colour: str = "grey", batch: int = 100) -> list:
    work = answers(encoder, side, colour, batch=batch)
    while True:
        try:
            next(work)
        except StopIteration as end:
            return end.value


def gabor(orientation: float, frequency: float, phase: float, side: int = PATCH) -> torch.Tensor:
    """A filter [y, x] without response to grey, made the way textbooks have it, y upwards."""
    x = np.arange(side) - (side - 1) / 2
    y = -x[:, None]
    angle = np.deg2rad(orientation)
    across = y * np.cos(angle) - x * np.sin(angle)  # at a right angle to the stripes
    envelope = np.exp(-(x**2 + y**2) / (2 * (side / 4.5) ** 2))
    wave = np.cos(2 * np.pi * frequency / PATCH * across + phase)
    wave -= (wave * envelope).sum() / envelope.sum()
    return torch.tensor(envelope * wave, dtype=torch.float32)


def filters(*wanted: tuple[float, float]):
    """One layer: a simple cell (rectified) and an energy unit of each, a flat and a silent unit."""
    sine = torch.stack([gabor(*pair, 0.0) for pair in wanted])
    cosine = torch.stack([gabor(*pair, np.pi / 2) for pair in wanted])

    def encoder(views):
        even, odd = (torch.einsum("byx,uyx->bu", views[:, 0], bank) for bank in (sine, cosine))
        flat = torch.ones(len(views), 1)
        units = torch.cat([even.relu(), (even**2 + odd**2), flat, 0 * flat], 1)
        return [units[:, :, None, None]]

    return encoder


WANTED = [(0, 2.0), (90, 2.0), (45, 2.83), (135, 1.41), (22.5, 4.0), (101.25, 2.83), (60, 2.0)]


@pytest.fixture(scope="module")
def known() -> dict[str, np.ndarray]:
    return tuning(shown_to(filters(*WANTED))[0])


def test_a_gabor_filter_is_found_within_the_sampling(known):
    for unit, (orientation, frequency) in enumerate(WANTED * 2):
        apart = (known["orientation"][unit] - orientation + 90) % 180 - 90
        assert abs(apart) < 11.25 / 2, (unit, known["orientation"][unit])
        assert abs(np.log2(known["frequency"][unit] / frequency)) < 0.51
        assert known["osi"][unit] > 0.5
        assert 5 < known["bandwidth"][unit] < 45


def test_a_rectified_sine_has_a_modulation_of_half_pi_and_an_energy_unit_none(known):
    simple, energy = known["modulation"][: len(WANTED)], known["modulation"][len(WANTED) : -2]
    assert simple == pytest.approx(np.pi / 2, rel=0.08)  # eight phases sample it coarsely
    assert (energy < 0.15).all()


def test_a_constant_unit_prefers_nothing_and_a_silent_one_has_no_numbers(known):
    flat, silent = -2, -1
    assert (known["osi"][flat], known["modulation"][flat]) == (0, pytest.approx(0, abs=1e-6))
    assert np.isnan(known["orientation"][flat]) and np.isnan(known["frequency"][flat])
    assert np.isnan(known["bandwidth"][flat]) and known["peak"][flat] == 1
    names = ("orientation", "frequency", "osi", "bandwidth", "modulation")
    assert all(np.isnan(known[name][silent]) for name in names)
    assert known["peak"][silent] == 0 and (known["level"][silent] == 0).all()


def test_every_number_is_that_of_the_definition_one_sum_at_a_time():
    draw = np.random.default_rng(4)
    r = np.maximum(draw.normal(0.3, 1, (40, *SHAPE)), 0).astype(np.float32)
    found = tuning(r)
    for unit in range(len(r)):
        f0 = {(i, j): sum(map(float, r[unit, i, j])) / 8 for i in range(16) for j in range(8)}
        (i, j), peak = max(f0.items(), key=lambda item: item[1])
        weights = [f0[step, j] for step in range(16)]
        angles = [np.pi * step / 16 for step in range(16)]
        x = sum(w * np.cos(2 * a) for w, a in zip(weights, angles, strict=True))
        y = sum(w * np.sin(2 * a) for w, a in zip(weights, angles, strict=True))
        assert found["osi"][unit] == pytest.approx(np.hypot(x, y) / sum(weights))
        prefers = np.degrees(np.arctan2(y, x)) / 2 % 180
        assert found["orientation"][unit] == pytest.approx(prefers)
        assert found["frequency"][unit] == FREQUENCIES[j]
        spectrum = np.abs(np.fft.rfft(r[unit, i, j].astype(float)))
        assert found["modulation"][unit] == pytest.approx(2 * spectrum[1] / spectrum[0])
        assert found["peak"][unit] == pytest.approx(peak)
        kept = peak * found["level"][unit].astype(float) / 255
        assert abs(kept[i, j] - peak) < 1e-9 and kept.max() <= peak + 1e-9
        assert all(abs(kept[at] - value) <= peak / 509 for at, value in f0.items())


def test_the_bandwidth_of_a_cosine_is_where_it_falls_to_the_root_of_a_half():
    angle = np.deg2rad(ORIENTATIONS)
    curves = np.stack([1 + np.cos(2 * (angle - at)) for at in angle] + [10 + np.cos(2 * angle)])
    wanted = np.degrees(np.arccos(2**0.5 - 1)) / 2  # 1 + cos(2 a) = 2 / sqrt(2)
    found = half_width(curves)
    assert found[:-1] == pytest.approx(wanted, abs=0.3)
    assert np.isnan(found[-1])


def test_a_curve_that_falls_at_a_right_angle_alone_has_a_bandwidth():
    curve = np.ones((1, 16))
    curve[0, 8] = 0  # from 1 at seven steps to both sides
    assert half_width(curve) == pytest.approx([(8 - 0.5**0.5) * 11.25])


def test_the_middle_patch_is_the_one_that_asks_for_its_neighbours():
    for side in (1, 2, 7, 8):
        places = torch.arange(side**2).view(1, 1, side, side)
        assert divmod(int(middle(places)), side) == (Sites.even(side, 8, 16).middle,) * 2


def test_gratings_have_the_stated_mean_contrast_orientation_and_frequency():
    light = gratings(64)[:, 0] / 255
    assert light.shape == (COUNT, 64, 64)
    assert light.min() == pytest.approx(shown.MEAN - shown.AMPLITUDE, abs=1e-3)
    assert light.max() == pytest.approx(shown.MEAN + shown.AMPLITUDE, abs=1e-3)
    waves = light.unflatten(0, SHAPE).numpy()
    assert abs(waves[0, 2, 0] - waves[0, 2, 0][:, :1]).max() < 1e-4  # 0: horizontal stripes
    assert abs(waves[8, 2, 0] - waves[8, 2, 0][:1]).max() < 1e-4  # 90: upright ones
    spectrum = np.abs(np.fft.rfft2(waves[4, 4, 0] - shown.MEAN))  # 45 degrees, 2 cycles a patch
    down, across = np.unravel_index(spectrum.argmax(), spectrum.shape)
    assert (down, across) == (6, 6)  # the integers next to 8 / sqrt(2) cycles each way
    rising = waves[4, 4, 0]  # stripes that go up to the right look alike along that way
    assert abs(rising[20:40, 20:40] - rising[21:41, 19:39]).max() < 1e-4
    seen = normalised(gratings(64, 3 * 64, 4 * 64), "grey")
    assert (abs(float(seen.mean())) < 0.05) and float(seen.std()) == pytest.approx(1, abs=0.05)


def test_phases_are_a_full_cycle_in_equal_steps_from_a_rise_at_the_centre():
    waves = gratings(33, 8 * 28, 8 * 29)[:, 0] / 255 - shown.MEAN  # 33.75 degrees, 2 cycles a patch
    steps = shown.AMPLITUDE * torch.sin(torch.arange(PHASES) * torch.pi / 4)
    assert waves[:, 16, 16] == pytest.approx(steps, abs=1e-5)
    assert waves.mean(0) == pytest.approx(torch.zeros(33, 33), abs=1e-5)
    assert waves[0] == pytest.approx(-waves[0].flip(0, 1), abs=1e-5)
    assert (waves[0].diff(dim=1)[16, 14:18] > 0).all()


@pytest.mark.parametrize("colour", ["grey", "rgb"])
def test_a_patch_by_itself_answers_as_the_middle_one_of_a_whole_view(colour):
    encoder = untrained(TrainConfig(encoder="vgg6-tiny", colour=colour))
    alone, whole = shown_to(encoder, PATCH, colour), shown_to(encoder, 64, colour, 256)
    for small, large in zip(alone, whole, strict=True):
        assert small.shape[1:] == SHAPE
        assert small == pytest.approx(large, abs=1e-4)


def test_responses_below_zero_count_as_none():
    r = -np.ones((2, *SHAPE), np.float32)
    r[1, 3, 4] = 2
    found = tuning(r)
    assert np.isnan(found["osi"][0]) and found["peak"][0] == 0
    assert found["osi"][1] == pytest.approx(1)
    assert found["orientation"][1] == pytest.approx(ORIENTATIONS[3])
