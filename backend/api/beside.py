"""Two checkpoints about the same images, of two runs or of one."""

from typing import Annotated, Any

import numpy as np
from fastapi import Depends, Query

from backend.api.deps import Analysed, InService, OfWhole, analysed
from backend.errors import RequestError

SAME = ("dataset", "split")
MOST = 2000  # images that are compared: more would keep whoever waits for the page waiting
Versus = Annotated[
    str | None, Query(description="The other run; default: the same.", max_length=200)
]
VersusEpoch = Annotated[
    int | None, Query(description="Epoch of the other checkpoint; default: the last.")
]


class Beside:
    """A checkpoint and the other one that it is compared with, and images of both, `ids`.

    `rows` of each are where those images stand in the order of its arrays, int [n]; `there` is how
    many both were analysed on.
    """

    def __init__(self, seen: Analysed, other: Analysed) -> None:
        self.seen, self.other = seen, other
        told = [checkpoint.summary() for checkpoint in (seen, other)]
        self.data = [" of ".join(f"{t[name]}" for name in reversed(SAME)) for t in told]
        (ids, labels), (others, their) = (images(checkpoint) for checkpoint in (seen, other))
        self.ids, *self.rows = np.intersect1d(ids, others, True, return_indices=True)
        one, two = labels[self.rows[0]], their[self.rows[1]]
        self.there = len(self.ids)
        if self.there > MOST:
            drawn = np.sort(np.random.default_rng(0).permutation(self.there)[:MOST])
            self.ids, self.rows = self.ids[drawn], [rows[drawn] for rows in self.rows]
        prints = {t.get("fingerprint") for t in told} - {None}
        same = self.data[0] == self.data[1] and len(prints) < 2
        self.alike = same and bool((one == two).all())

    @property
    def reason(self) -> str | None:
        """Why the two cannot be compared, as a sentence."""
        if self.alike and len(self.ids):
            return None
        if self.alike:
            return "The two were analysed on different images of the same data set."
        if self.data[0] == self.data[1]:
            return "The two were analysed on different images that bear the same numbers."
        return (
            f"The one was analysed on images {self.data[0]}, the other on {self.data[1]}: "
            "only what was analysed on the same images can be compared."
        )

    @property
    def counted(self) -> dict[str, Any]:
        """How many images of which split, for the definitions."""
        return {"n": len(self.ids), "split": self.seen.summary()["split"]}

    @property
    def drawn(self) -> str:
        """Which images those are, where they are not all, as a sentence."""
        if self.there <= MOST:
            return ""
        return f" These are drawn with seed 0 from the {self.there:,} that both were analysed on."

    @property
    def version(self) -> tuple:
        """The two checkpoints, and when the files that are compared were written."""
        told: list = [len(self.ids)]
        for seen in (self.seen, self.other):
            epochs = {seen.epoch, *(e for e in seen.epochs if e == 0)}  # 0: the baseline
            paths = [seen.results.folder(None), *(seen.results.folder(e) for e in sorted(epochs))]
            told += [seen.run, seen.epoch, *(path.stat().st_mtime_ns for path in paths)]
        return tuple(told)

    def responses(self, which: int, layer: int) -> np.ndarray:
        """Mean response of every unit of a layer to the images of both, float32 [n, unit]."""
        stored = (self.seen, self.other)[which].read("responses", layer)
        level = stored["level"][:, self.rows[which]].T
        return stored["offset"] + stored["scale"] * level


def images(seen: Analysed) -> tuple[np.ndarray, np.ndarray]:
    return seen.results.ids(seen.epoch), seen.results.labels(seen.epoch)


def beside(
    service: InService, seen: OfWhole, versus: Versus = None, versus_epoch: VersusEpoch = None
) -> Beside:
    if versus == "":
        raise RequestError("versus is empty; name the other run, or leave it out for the same run")
    return Beside(seen, analysed(service, versus or seen.run, versus_epoch).whole())


OfTwo = Annotated[Beside, Depends(beside)]
