"""Hold a run's local update against autograd and against the end-to-end gradient."""

import argparse
import textwrap
from collections.abc import Iterator

import numpy as np

from backend.cli.bar import Bar
from backend.cli.flags import home_flag, run_word, utf8, whole
from backend.cli.home import check_there, opened
from backend.cli.runs import table
from backend.errors import ConflictError
from backend.settings import Settings
from models.config import TrainConfig
from models.imported import Imported, config_from, row_of
from models.rules import RULES

SEED = 0  # of the images, views and draws
WIDTH = 100  # of the definitions, characters
BROKEN = 1  # exit code: a figure is beyond its bound


def add(command: argparse.ArgumentParser) -> None:
    command.description = (
        "Print, for each layer of a trained checkpoint, how far the explicit four-factor update "
        "lies from autograd of the same loss, and the cosine of the local update with the gradient "
        "of the end-to-end loss. Exit 1 if a distance is beyond its bound."
    )
    run_word(command)
    command.add_argument("--epoch", type=whole, metavar="N", help="checkpoint (default: the last)")
    command.add_argument(
        "--data", type=utf8, help="images to check it on (default: those of the run)"
    )
    home_flag(command)
    command.set_defaults(run=run)


def run(options: argparse.Namespace, settings: Settings) -> int:
    check_there(settings)
    with opened(settings) as home:
        folder = home.catalogue.folder(options.run_id)
    config = config_from(folder.about())
    if isinstance(config, Imported):
        raise ConflictError(
            f"run {folder.id} was imported, and its learning rule is not known here; check takes "
            "runs that were trained here"
        )
    if not row_of(config).four_factors:
        possible = " and ".join(word for word, row in RULES.items() if row.four_factors)
        raise ConflictError(
            f"run {folder.id} was trained by {config.rule}, whose update is not written as a "
            f"product of four factors; check takes runs of {possible}"
        )
    epoch = options.epoch
    if epoch is None:
        epoch = max(folder.checkpoints(), default=0)
    said, found = measured(folder.path, epoch, config, options.data, settings)
    print(f"run {folder.id}, epoch {epoch}: {config.rule}, {config.encoder}")
    for word in ("learning", "four factors", "cosine"):
        print(textwrap.fill(said[word], WIDTH))
    print()
    print(table(list(gap_rows(found))), end="\n\n")
    print(table(list(cosine_rows(found))), end="\n\n")
    beyond = list(broken(found))
    print(beyond[0] if beyond else "every distance is within its bound")
    return BROKEN if beyond else 0


def measured(path, epoch: int, config: TrainConfig, data: str | None, settings: Settings):
    """The definitions, and the arrays of each layer by its number from 1."""
    from backend.analysis.plasticity import definitions, plasticity
    from models.checkpoint import load_learner
    from models.data import load

    learner = load_learner(path, epoch)
    dataset, bar = load(data or config.data, settings.home), Bar()
    ids = np.flatnonzero(dataset.training_rows())
    work = plasticity(config, *learner, dataset.images, ids, SEED)
    while True:
        try:
            bar.show(next(work), "measuring")
        except StopIteration as ended:
            bar.clear()
            view = min(config.crop, *dataset.images.shape[2:])
            said = definitions(config, len(ids), view, SEED)
            return said, {layer + 1: arrays for layer, arrays in ended.value.items()}


def gap_rows(found: dict[int, dict]) -> Iterator[tuple[str, ...]]:
    """Distances of every layer, in both precisions, with the verdict."""
    from backend.analysis.fourfactors import PRECISIONS, WEIGHTS, bounds

    yield "layer", "four factors against autograd", *WEIGHTS, "largest bound", ""
    for layer, arrays in found.items():
        gap = arrays["gap"]
        most = bounds(gap)
        for at, precision in enumerate(PRECISIONS):
            fine = not (gap[at] > most[at]).any()
            verdict = "ok" if fine else "BEYOND"
            cells = (scientific(value) for value in gap[at])
            yield f"{layer}", precision, *cells, scientific(np.nanmax(most[at])), verdict


def cosine_rows(found: dict[int, dict]) -> Iterator[tuple[str, ...]]:
    """Cosines with the end-to-end gradient: all steps together, then each."""
    steps = max(len(arrays["loss"]) for arrays in found.values())
    yield "layer", "cosine with end to end: all", *(f"k = {k + 1}" for k in range(steps))
    for layer, arrays in found.items():
        yield f"{layer}", *("-" if np.isnan(c) else f"{c:+.3f}" for c in arrays["cosine"])


def broken(found: dict[int, dict]) -> Iterator[str]:
    """A sentence for each distance beyond its bound."""
    from backend.analysis.fourfactors import PRECISIONS, WEIGHTS, bounds

    for layer, arrays in found.items():
        gap, most = arrays["gap"], bounds(arrays["gap"])
        for p, w in np.argwhere(gap[: len(PRECISIONS)] > most):
            yield (
                f"the four factors of the {WEIGHTS[w]} of layer {layer} lie {gap[p, w]:.1e} from "
                f"autograd in {tuple(PRECISIONS)[p]}, beyond the bound of {most[p, w]:.1e}"
            )


def scientific(value: float) -> str:
    return "-" if np.isnan(value) else f"{value:.1e}"
