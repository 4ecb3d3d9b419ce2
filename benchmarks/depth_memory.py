"""Does the memory of a training step grow with depth?

Encoders of 6, 12, 18 and 24 layers, or of `--depths`, all of the same width and without pools, so
that every layer costs the same: CLAPP, whose layers learn one after the other, beside the same
network with the loss of its top layer sent through all of it (hinge-cpc). Each in a process of its
own; memory is the most over what that process held before its first step, when it has its weights
and Adam's moments (1 MB a layer). `--plot FILE.svg` draws it.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import torch

from benchmarks.record import Row, parsed, parser, told
from benchmarks.train_step import growth, pictures
from models.config import TrainConfig
from models.device import keep_freed_memory, pick_device
from models.encoder import Encoder
from models.presets import ENCODERS, Preset, patch_sites
from models.rules import RULES
from models.rules.rule import Form
from models.train import exactly, step
from models.training import Training, adam, taught

DEPTHS, WIDTH, BATCH, VIEW = (6, 12, 18, 24), 64, 32, 64
VARIANTS = {"local (clapp)": "clapp", "end-to-end (hinge-cpc)": "hinge-cpc"}
GOALS = {("clapp", 6, 24): "<= 1.2x of 6 layers"}  # by rule, the shallowest and this depth
COLOURS = {"local (clapp)": "#0072b2", "end-to-end (hinge-cpc)": "#d55e00"}


def training_of(word: str, depth: int) -> Training:
    """An untrained encoder of `depth` equal layers with a rule of that word, and its optimisers."""
    name = f"depth-{depth}"
    ENCODERS[name] = Preset(name, (WIDTH,) * depth, (False,) * depth, "for this benchmark")
    config = TrainConfig(rule=word, batch=BATCH)
    device, made = pick_device(config.device), torch.Generator().manual_seed(config.seed)
    encoder = Encoder(name, 1, made).to(device)
    sides = (patch_sites(VIEW).side,) * depth
    form = Form(encoder.widths, sides, config.steps, 0)
    rule, crosses = RULES[word].load()(form, made).to(device), RULES[word].crosses
    adams = [
        adam([*taught(encoder, layer, crosses), *rule.parameters_of(layer)], config)
        for layer in rule.layers
    ]
    return Training(config, encoder, rule, adams, VIEW, 0)


def own_peak(rule: str, depth: int) -> float:
    keep_freed_memory()
    training = training_of(rule, depth)
    images = pictures(BATCH, training.weight.device)

    def call() -> None:
        with exactly(training):
            step(training, images, 0)

    return growth(call, training.weight.device)


def rows(depths: list[int], runs: int) -> Iterator[Row]:
    shallowest = {}
    for depth in depths:
        for name, rule in VARIANTS.items():
            command = [sys.executable, "-m", "benchmarks.depth_memory", "--peak", rule, f"{depth}"]
            found = sorted(
                json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
                for _ in range(runs)
            )
            middle = found[len(found) // 2]
            first = shallowest.setdefault(name, middle)
            yield {
                "name": f"{name}, {depth} layers",
                "value": middle,
                "unit": f"MB, {middle / first:.2f}x of {depths[0]} layers",
                "goal": GOALS.get((rule, depths[0], depth)),
                "low": found[0],
                "high": found[-1],
                "runs": runs,
                "variant": name,
                "depth": depth,
                "ratio": middle / first,
            }


def plot(found: list[Row], path: Path) -> None:
    """Memory over depth as a small figure that needs no library to look at."""
    width, height, left, bottom, top = 560, 320, 56, 40, 20
    depths = sorted({row["depth"] for row in found})
    most = 1.1 * max(row["value"] for row in found)

    def at(depth: float, value: float) -> str:
        x = left + (width - left - 150) * (depth - depths[0]) / max(1, depths[-1] - depths[0])
        return f"{x:.1f},{height - bottom - (height - bottom - top) * value / most:.1f}"

    lines = []
    for name, colour in COLOURS.items():
        own = [row for row in found if row["variant"] == name]
        points = " ".join(at(row["depth"], row["value"]) for row in own)
        x, y = at(own[-1]["depth"], own[-1]["value"]).split(",")
        lines.append(
            f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>'
            f'<text x="{float(x) + 8}" y="{y}" fill="{colour}">{name.split(" (")[0]}, '
            f"{own[-1]['value']:,.0f} MB</text>"
        )
    for depth in depths:
        x = at(depth, 0).split(",")[0]
        lines.append(f'<text x="{x}" y="{height - 22}" text-anchor="middle">{depth}</text>')
    grid = 500 if most > 1000 else 100
    for value in range(0, int(most), grid):
        y = at(0, value).split(",")[1]
        lines.append(
            f'<line x1="{left}" x2="{width - 150}" y1="{y}" y2="{y}" stroke="#ccc"/>'
            f'<text x="{left - 6}" y="{float(y) + 4}" text-anchor="end">{value}</text>'
        )
    path.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'font-family="sans-serif" font-size="12" fill="#444">'
        f'<rect width="{width}" height="{height}" fill="white"/>{"".join(lines)}'
        f'<text x="{left}" y="{height - 6}">layers; memory of a training step, MB</text></svg>\n',
        encoding="utf-8",
    )


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--depths", type=int, nargs="+", default=[*DEPTHS])
    options.add_argument("--plot", type=Path, metavar="FILE.svg")
    options.add_argument("--peak", nargs=2, metavar=("RULE", "DEPTH"), help="of one alone")
    given = parsed(options)
    if given.peak:
        print(own_peak(given.peak[0], int(given.peak[1])))
        return
    found = [*rows(given.depths, given.runs)]
    told("depth_memory", found, given)
    if given.plot:
        plot(found, given.plot)


if __name__ == "__main__":
    main()
