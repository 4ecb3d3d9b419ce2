"""What each process does under torchrun: `python -m tests.models.parallel.at_work FOLDER`.

FOLDER has images.npy, labels.npy and cases.json; each case leaves NAME.pt there.
"""

import json
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import torch

from models.checkpoint import latest_resume, restore, save_resume
from models.config import TrainConfig
from models.parallel import share_of
from models.parallel.blocks import Blocks
from models.parallel.ranks import Ranks, joined
from models.parallel.share import Share
from models.train import train
from models.training import Training


def learned(training: Training) -> dict[str, torch.Tensor]:
    """Weights and moments by name."""
    state = {
        **{f"encoder.{k}": v for k, v in training.encoder.state_dict().items()},
        **{f"rule.{k}": v for k, v in training.rule.state_dict().items()},
    }
    for layer, optimiser in enumerate(training.optimisers):
        weights = [p for group in optimiser.param_groups for p in group["params"]]
        for index, weight in enumerate(weights):
            for name, value in optimiser.state[weight].items():
                state[f"{layer}.{index}.{name}"] = value
    return {k: v.detach().clone() for k, v in state.items()}


def finish(
    case: dict,
    images: np.ndarray,
    labels: np.ndarray,
    folder: Path,
    share: Share | None = None,
) -> dict:
    """Train as a case says, up to its `stop`, where it is saved: what was learned, and losses."""
    config = TrainConfig(**case["config"])
    resume = restore(latest_resume(folder / case["resume"])) if "resume" in case else None
    losses, training = [], resume
    with closing(train(config, images, resume, labels, share)) as steps:
        for progress in steps:
            training = progress.training
            losses.append(progress.losses)
            if progress.step == case.get("stop"):
                save_resume(folder / case["name"], training)
                break
    return {"learned": learned(training), "losses": losses, "step": training.step}


def work(folder: Path, ranks: Ranks) -> None:
    images, labels = (np.load(folder / f"{name}.npy") for name in ("images", "labels"))
    for case in json.loads((folder / "cases.json").read_text()):
        share = share_of(TrainConfig(**case["config"]), ranks)
        if "blocks" in case:
            share = Blocks(ranks, [range(*ends) for ends in case["blocks"]])
        found = finish(case, images, labels, folder, share)
        if ranks.rank == 0:
            torch.save(found, folder / f"{case['name']}.pt")


if __name__ == "__main__":
    with joined() as ranks:
        work(Path(sys.argv[1]), ranks)
