"""What do the processes that torchrun started do together?"""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from backend.errors import RanksError
from backend.jobs.saves import resume_point
from backend.jobs.signals import Wishes
from backend.runs.folder import RunFolder

if TYPE_CHECKING:
    from models.parallel.ranks import Ranks


def together(lead: Callable[["Ranks"], int]) -> int:
    """Join the processes that torchrun started; the first leads, the others follow. Exit code."""
    from models.parallel.ranks import joined

    with joined() as ranks:
        if ranks.rank:
            return follow(ranks)
        try:
            return lead(ranks)
        finally:
            if not ranks.told:  # it ended before there was anything to follow
                with suppress(RanksError):
                    ranks.tell(None)


def follow(ranks: "Ranks") -> int:
    """What the processes after the first do: compute with it until it stops, and write nothing."""
    with Wishes():  # the first process, which has the same signals, decides when all stop
        place = ranks.tell()
        if place is None:
            return 0
        from models.config import TrainConfig
        from models.data import load
        from models.parallel import share_of
        from models.train import train

        folder, home = RunFolder(Path(place[0])), Path(place[1])
        config = TrainConfig.from_dict(folder.about()["config"])
        dataset = load(config.data, home)
        images, labels = dataset.training_images(), dataset.training_labels()
        share, resume = share_of(config, ranks), resume_point(folder)
        for _ in train(config, images, resume, labels, share):
            pass  # it yields what is before the first step alone
        return 0
