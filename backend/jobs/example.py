"""Find the images that are most like one that was sent through the page, layer by layer.

python -m backend.jobs.example --folder DIR --run-dir RUN --epoch N --home HOME

DIR/original is decoded here and written anew as DIR/picture.png; DIR/progress.json says how far the
search is, and DIR/found-RUN-N.json gets its place on every map and its nearest images, or why there
are none.
"""

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from backend.analysis.neighbours import nearest_to
from backend.analysis.placing import placed
from backend.analysis.ranks import foremost
from backend.errors import DataError, failure_of
from backend.jobs.note import write
from backend.jobs.place import Looking
from backend.runs.folder import RunFolder
from backend.runs.lock import Lock
from models.data import load
from models.data.picture import UnreadableError, fit, from_pixels, read_picture
from models.imported import config_from


def looked_up(
    looking: Looking, picture: np.ndarray, tell: Callable[[str, int, int], None]
) -> list[dict[str, Any]]:
    """Of each layer, where a picture, uint8 [3, height, width], lies, what is nearest to it, and
    the units whose response to it stands highest, each with its most exciting patch.

    tell: hears a step, "encode" or "compare", and how much of how much of it is done. Raises
    CheckpointError, DataError or RunError.
    """
    known = looking.known(partial(tell, "encode"))
    new = looking.features(picture[None], np.arange(1))
    seed, ids = looking.summary["settings"]["seed"], looking.material.test
    found = []
    for layer, features in new.items():
        tell("compare", layer, len(new))
        place = placed(known[layer], looking.map(layer), features, seed, looking.exact)[0]
        rows, distances = nearest_to(known[layer], features[0])
        near = zip(ids[rows].tolist(), distances.tolist(), strict=True)
        found.append(
            {
                **{"layer": layer, "x": float(place[0]), "y": float(place[1])},
                "neighbours": [{"image": image, "distance": far} for image, far in near],
                "units": units_for(looking, layer, known[layer], features[0]) if layer else [],
            }
        )
    return found


def units_for(
    looking: Looking, layer: int, known: np.ndarray, answer: np.ndarray
) -> list[dict[str, Any]]:
    """The units of a layer to which a picture matters most, from others' features and its own."""
    best = looking.results.read("maximizers", looking.epoch, layer)
    patch = {name: best[f"top_{name}"][:, 0] for name in ("image", "row", "column")}
    return [
        {"unit": unit, "share": share} | {name: int(of[unit]) for name, of in patch.items()}
        for unit, share in foremost(known, answer)
    ]


def decoded(folder: Path, side: int) -> np.ndarray:
    """The picture as the images of a folder are read; it is written anew for the page."""
    try:
        pixels = fit(read_picture(folder / "original", at_least=side), side)
    except UnreadableError as reason:
        raise DataError(f"the image {reason}; give another, a PNG, JPEG or WebP") from None
    new = folder / ".picture.png"
    from_pixels(pixels).save(new, "PNG")
    new.replace(folder / "picture.png")
    return pixels


def tell(folder: Path, step: str, done: int, of: int) -> None:
    """Say how far the search is, to who waits for it."""
    write(folder / "progress.json", {"step": step, "done": done, "of": of})


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m backend.jobs.example", description=__doc__)
    for name, kind in (("--folder", Path), ("--run-dir", Path), ("--epoch", int), ("--home", Path)):
        parser.add_argument(name, type=kind, required=True)
    options = parser.parse_args(words)
    folder, run = options.folder.absolute(), options.run_dir.absolute()
    lock = Lock(folder / "lock")
    if not lock.take():
        return 3
    answer: dict[str, Any] = {"layers": [], "error": None, "at": time.time()}
    try:
        dataset = load(config_from(RunFolder(run).about()).data, options.home)
        picture = decoded(folder, min(dataset.images.shape[2:]))
        looking = Looking(run, dataset, options.epoch, options.home, "auto")
        answer["layers"] = looked_up(looking, picture, partial(tell, folder))
    except Exception as error:
        answer["error"] = failure_of(error)
    write(folder / f"found-{run.name}-{options.epoch}.json", answer)
    lock.release()
    return 1 if answer["error"] else 0


if __name__ == "__main__":
    sys.exit(main())
