"""Rule by rule and layer by layer: how far two derivations of the same number lie apart.

make proof        prints every row: rule, options, layer, what, figure, bound
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch

from models.config import TrainConfig
from models.hebbian import local_update
from models.presets import PATCH, STRIDE
from models.rules import RULES
from models.training import Training, begin
from tests.proof.slow import SLOW

VARIANTS: tuple[dict[str, str], ...] = (
    {"rule": "clapp", "draw": "network"},
    {"rule": "clapp", "draw": "per-layer"},
    {"rule": "clapp-s", "negatives": "image", "symmetric": "no"},
    {"rule": "clapp-s", "negatives": "image", "symmetric": "yes"},
    {"rule": "clapp-s", "negatives": "anywhere", "symmetric": "no"},
    {"rule": "clapp-s", "negatives": "anywhere", "symmetric": "yes"},
    {"rule": "clapp++", "spatial": "yes", "feedback": "same"},
    {"rule": "clapp++", "spatial": "yes", "feedback": "top"},
    {"rule": "clapp++", "spatial": "no", "feedback": "both"},
    {"rule": "clapp++", "spatial": "yes", "feedback": "both", "negatives": "next"},
    {"rule": "hinge-cpc", "draw": "network"},
    {"rule": "hinge-cpc", "draw": "per-layer"},
    {"rule": "greedy-infomax"},
    {"rule": "cpc"},
    {"rule": "greedy-supervised"},
    {"rule": "supervised"},
)
LOCAL = tuple(v for v in VARIANTS if "update" in RULES[v["rule"]].options)
STEPS = (1e-6, 1e-7, 1e-8)  # of a central difference; a kink of a ReLU may lie within one
GAIN = 6**0.5  # keeps the variance of activity from layer to layer
ENTRIES = 2  # of each weight whose gradient is differenced
BOUNDS = {
    "loss": 1e-10,
    "difference": 1e-6,
    "float64": 1e-10,
    "float32": 1e-5,
}


@dataclass(frozen=True)
class Row:
    """One figure of the proof."""

    variant: dict[str, str]
    layer: int  # that carries the loss, from 1
    what: str
    figure: float
    bound: float

    def __str__(self) -> str:
        options = " ".join(v for name, v in self.variant.items() if name != "rule")
        verdict = "ok" if self.figure <= self.bound else "FAILS"
        return (
            f"{self.variant['rule']:18} {options:20} {self.layer}  {self.what:38} "
            f"{self.figure:9.1e} {self.bound:8.0e}  {verdict}"
        )


class Case:
    """A small network, its rule, a batch and a draw, in one precision.

    steps: prediction steps; views are as small as the furthest of them allows.
    """

    def __init__(
        self, variant: dict[str, str], precision: str = "float64", images: int = 3, steps: int = 5
    ):
        whole = RULES[variant["rule"]].sees == "image"
        self.variant = variant
        self.config = TrainConfig(
            encoder="vgg6-tiny", precision=precision, device="cpu", steps=steps, **variant
        )
        side = 32 if whole else PATCH + STRIDE * (steps + 1)
        self.training: Training = begin(self.config, side, classes=3)
        self.rule, self.encoder = self.training.rule, self.training.encoder
        with torch.no_grad():  # activity that depends on the input, and some gates shut
            for stage in self.encoder.layers:
                stage.weight.mul_(GAIN)
        generator = torch.Generator().manual_seed(7)
        self.images = images * 2 if whole else images
        self.views = pictures(self.images, self.config.channels, side, generator)
        self.views = self.views.to(self.encoder.layers[0].weight.dtype)
        self.draw = self.rule.draw(self.images, generator)
        if RULES[variant["rule"]].labels:
            self.draw = torch.arange(self.images) % 3
        if self.rule.hears_top:
            with torch.no_grad():
                self.draw = self.draw._replace(top=self.encoder(self.views)[-1])

    def activity(self, layer: int) -> torch.Tensor:
        """z of one layer; the graph reaches as far down as the rule lets it."""
        x = self.encoder.entrance(self.views)
        for number, stage in enumerate(self.encoder.layers):
            x = stage(x if RULES[self.config.rule].crosses else x.detach())
            if number == layer:
                return self.encoder.activity(number, x, self.images)

    def loss(self, layer: int) -> torch.Tensor:
        return self.rule.loss(layer, self.activity(layer), self.draw)

    def slow(self, layer: int, still: np.ndarray) -> float:
        weights = {name: p.detach().numpy() for name, p in self.rule.named_parameters()}
        with torch.no_grad():
            z = self.activity(layer).numpy()
        return float(SLOW[self.config.rule](self.rule, weights, layer, z, still, self.draw))

    def still(self, layer: int) -> np.ndarray:
        with torch.no_grad():
            return self.activity(layer).numpy().copy()

    def named_weights(self) -> dict[str, torch.nn.Parameter]:
        """Every weight of the encoder and of the rule, by name."""
        return dict(self.encoder.named_parameters()) | {
            f"rule {name}": p for name, p in self.rule.named_parameters()
        }


def pictures(images: int, channels: int, side: int, generator: torch.Generator) -> torch.Tensor:
    """Coarse squares under fine noise, so that patches differ as those of photographs do."""

    def noise(size: int) -> torch.Tensor:
        shape = (images, channels, size, size)
        return torch.randn(shape, generator=generator, dtype=torch.float64)

    coarse = noise(side // 8).repeat_interleave(8, 2).repeat_interleave(8, 3)
    return coarse + 0.3 * noise(side)


def loss_rows(variant: dict[str, str]) -> Iterator[Row]:
    """The loss against the slow loops."""
    case = Case(variant)
    for layer in case.rule.layers:
        gap = abs(float(case.loss(layer).detach()) - case.slow(layer, case.still(layer)))
        yield Row(variant, layer + 1, "loss: from double loop", gap, BOUNDS["loss"])


def difference_rows(variant: dict[str, str]) -> Iterator[Row]:
    """Gradients against central differences of the slow loops, stop-gradients held still.

    Of two prediction steps: a difference takes hundreds of losses.
    """
    case = Case(variant, steps=2)
    draw = np.random.default_rng(0)
    for layer in case.rule.layers:
        still, weights = case.still(layer), case.named_weights()
        gradients = torch.autograd.grad(case.loss(layer), list(weights.values()), allow_unused=True)
        worst = 0.0
        for weight, gradient in zip(weights.values(), gradients, strict=True):
            if gradient is None:
                continue
            # Entries that matter: differences of tiny ones are noise.
            size = gradient.abs().flatten()
            chosen = draw.permutation(torch.nonzero(size > 0.1 * size.max()).flatten().numpy())
            for entry in chosen[:ENTRIES]:
                index = np.unravel_index(entry, gradient.shape)
                measured = central(case, layer, still, weight, index)
                wanted = float(gradient[index])
                worst = max(worst, abs(measured - wanted) / abs(wanted))
        yield Row(variant, layer + 1, "gradient: central difference", worst, BOUNDS["difference"])


def central(case: Case, layer: int, still: np.ndarray, weight, index) -> float:
    """The central difference of the loss, by the two neighbouring steps that agree best."""
    found = []
    with torch.no_grad():
        before = weight[index].item()
        for step in STEPS:
            values = []
            for sign in (+1, -1):
                weight[index] = before + sign * step
                values.append(case.slow(layer, still))
            found.append((values[0] - values[1]) / (2 * step))
        weight[index] = before
    return min(zip(found, found[1:], strict=False), key=lambda pair: abs(pair[0] - pair[1]))[0]


def hebbian_rows(variant: dict[str, str], precision: str) -> Iterator[Row]:
    """The product of four factors against autograd: |a - b| / (|a| + |b|) of each weight."""
    case = Case(variant, precision)
    x = case.encoder.entrance(case.views)
    for number, stage in enumerate(case.encoder.layers):
        update = local_update(case.rule, number, stage, x, case.images, case.draw)
        out = stage(x)
        loss = case.rule.loss(number, case.encoder.activity(number, out, case.images), case.draw)
        weights = [stage.weight, stage.bias, *case.rule.parameters_of(number)]
        gradients = torch.autograd.grad(loss, weights)
        for name, change, gradient in zip(update._fields, update, gradients, strict=False):
            gap = float((change + gradient).norm() / (change.norm() + gradient.norm()))
            bound = BOUNDS[precision]
            yield Row(variant, number + 1, f"four factors: {name}, {precision}", gap, bound)
        x = out.detach()


def rows() -> Iterator[Row]:
    for variant in VARIANTS:
        yield from loss_rows(variant)
        yield from difference_rows(variant)
    for variant in LOCAL:
        for precision in ("float64", "float32"):
            yield from hebbian_rows(variant, precision)


def main() -> int:
    print(f"{'rule':18} {'options':20} L  {'what':38} {'figure':>9} {'bound':>8}")
    failed = 0
    for row in rows():
        print(row, flush=True)
        failed += row.figure > row.bound
    print(f"{failed} rows fail" if failed else "every row holds")
    return min(failed, 1)


if __name__ == "__main__":
    sys.exit(main())
