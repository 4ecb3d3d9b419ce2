"""Train for a limited time where torch and little else is installed, and read off what was learned.

The run ends with the epoch in which `--seconds` are over, whatever a falling step size is then.
Then the probe `fast` is fitted to the layers of the untrained encoder, of the last epoch and to
raw pixels: the only look at test images. With `--out DIR` the losses and the encoders of the kept
epochs, in half precision, lie in DIR/RUN, of which `saccade import DIR/RUN --format shared` makes a
run. Images are named by `data=PACK`.
"""

import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from backend.analysis.activity import encoder_layers, pixels
from backend.analysis.material import Material
from backend.analysis.protocols import fast
from backend.analysis.seen import Seen
from backend.jobs.share import share_weights
from backend.runs.folder import RunFolder
from benchmarks.record import Row, figure, parsed, parser, told
from models.checkpoint import kept, load_encoder, save_kept
from models.config import SETTINGS, TrainConfig, kept_epochs
from models.data import Dataset, key_of, load
from models.device import pick_device
from models.errors import ConfigError, DataError
from models.presets import ENCODERS
from models.recipes import RECIPES
from models.train import train


def config_of(preset: str, words: list[str]) -> TrainConfig:
    """The settings of a preset, under those written NAME=VALUE. Raises ConfigError."""
    kinds = {row.name: {"int": int, "float": float}.get(row.type, str) for row in SETTINGS}
    given: dict[str, Any] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals:
            raise ConfigError(f"settings are written NAME=VALUE, not {word!r}")
        try:
            given[name] = kinds.get(name, str)(value)
        except ValueError:
            raise ConfigError(f"{name} is a number, not {value!r}") from None
    return TrainConfig.from_dict(RECIPES[preset].settings | given)


def trained(config: TrainConfig, data: Dataset, run: Path, seconds: float) -> Iterator[Row]:
    """Train and keep epochs, the last one among them."""
    folder, keep = RunFolder(run), kept_epochs(config)
    created = datetime.now(UTC).isoformat(timespec="milliseconds")
    about = {"id": run.name, "name": "", "created": created, "version": "benchmark"}
    folder.create(about | {"config": config.to_dict(), "dataset": key_of(config.data)})
    begun = since = time.perf_counter()
    total, steps, images, speeds = 0.0, 0, 0, []
    for progress in train(config, data.training_images(), None, data.training_labels()):
        total, steps, images = total + progress.losses, steps + 1, images + progress.images
        if not progress.epoch_ends:
            continue
        over = time.perf_counter() - begun > seconds and progress.epoch > 0
        if progress.epoch:
            losses = (total / steps).tolist()  # waits for the device
            now = time.perf_counter()
            speeds.append(images / (now - since))
            folder.tell("epoch", epoch=progress.epoch, losses=losses, seconds=now - since)
            means = " ".join(f"{loss:.3f}" for loss in losses)
            print(f"epoch {progress.epoch}: {means}, {speeds[-1]:.0f} images/s", flush=True)
        if progress.epoch in keep or over:
            save_kept(run, progress.training)
        total, steps, images, since = 0.0, 0, 0, time.perf_counter()
        if over:
            break
    if speeds:
        yield figure(f"{config.rule}, {config.encoder}, training", speeds, "images/s")


def rows(
    config: TrainConfig, data: Dataset, run: Path, seconds: float, copy: Path | None
) -> Iterator[Row]:
    """Train, bring the encoders to safety, read off."""
    yield from trained(config, data, run, seconds)
    if copy:
        share_weights(run, kept(run), copy)
    yield from read_off(config, data, run)


def read_off(config: TrainConfig, data: Dataset, run: Path) -> Iterator[Row]:
    """The probe's accuracy of each layer, before and after, and of the pixels."""
    material, device = Material.of(data, config), pick_device(config.device)
    yield from probes("raw pixels", Seen(material, pixels, None, device), 0)
    for epoch in sorted({0, kept(run)[-1]}):
        layers = encoder_layers(load_encoder(run, epoch).to(device))
        seen = Seen(material, layers, ENCODERS[config.encoder], device)
        yield from probes(f"epoch {epoch}", seen, 1)


def probes(name: str, seen: Seen, first: int) -> Iterator[Row]:
    for _ in seen.look():
        pass
    for layer, found in enumerate(fast(seen), start=first):
        value, low, high = (100 * each for each in (found.accuracy, found.low, found.high))
        of = f"% right; {low:.1f} to {high:.1f}, of {len(seen.test_labels):,} test images"
        yield figure(f"{name}, layer {layer}" if layer else name, [value], of)


def main() -> None:
    options = parser(__doc__)
    options.add_argument("settings", nargs="*", metavar="NAME=VALUE")
    options.add_argument("--preset", default="stl10-gpu", choices=RECIPES)
    options.add_argument("--seconds", type=float, default=240)
    given = parsed(options)
    with tempfile.TemporaryDirectory() as home:
        try:
            config = config_of(given.preset, given.settings)
            data = load(config.data, Path(home))
        except (ConfigError, DataError) as error:
            options.error(str(error))
        run = Path(home) / "runs" / f"{config.rule}-{config.encoder}"
        copy = given.out / run.name if given.out else None
        if copy and copy.exists():
            options.error(f"{copy} exists already; name another folder with --out")
        told("pretrain", rows(config, data, run, given.seconds, copy), given)


if __name__ == "__main__":
    main()
