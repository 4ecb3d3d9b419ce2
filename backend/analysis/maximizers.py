"""Which patches excite a unit most, and what do ordinary and dull ones look like?

An image stands for a unit by the patch that excites the unit most (the first in reading order if
several do). Images are ranked by that response; among equals the smaller id comes first.
"""

import numpy as np

TOP, OTHERS, SAMPLE = 16, 4, 1000
DEFINITION = (
    "Images are ranked by their most exciting patch, so at most one patch an image, over {places} "
    "patches of each of the {n_test} {split} images; among equals the smaller id comes first. "
    "Top: the first 16. Least: the last 4. Middle: the 4 around the median of {sample} of them "
    "drawn with seed {seed}. Random: a random patch of each of 4 random images, seed {seed}."
)


class Maximizers:
    """Collects the patches of one layer while batches stream by; memory does not grow with them.

    units: how many; ids: int [n] of all images that will come; grid: patches along a side. The
    result depends on neither the order nor the size of the batches.
    """

    def __init__(self, units: int, ids: np.ndarray, grid: int, seed: int = 0) -> None:
        draw = np.random.default_rng(seed)
        mixed = draw.permutation(np.sort(ids))
        self.grid = grid
        self.top, self.least = Ranking(units, TOP), Ranking(units, OTHERS)
        self.sample = np.sort(mixed[:SAMPLE])
        self.sample_value = np.zeros((len(self.sample), units), np.float32)
        self.sample_place = np.zeros((len(self.sample), units), np.int32)
        count = min(OTHERS, len(ids))
        share = len(ids) // count  # one image from each share, so that no unit has one twice
        pick = draw.integers(0, share, (units, count)) + share * np.arange(count)
        self.random_image = mixed[pick]  # [unit, patch]
        self.random_place = draw.integers(0, grid * grid, (units, count))
        self.random_value = np.zeros((units, count), np.float32)
        self.by_image = np.argsort(self.random_image, axis=None, kind="stable")

    def add(self, ids: np.ndarray, z: np.ndarray) -> None:
        """Look at the patch responses z [b, unit, row, column] of the images `ids` [b]."""
        z = z.reshape(*z.shape[:2], -1)  # [b, unit, place]
        place = z.argmax(2)  # [b, unit]
        value = np.take_along_axis(z, place[:, :, None], 2)[:, :, 0]
        key = rank_key(value, ids[:, None])
        self.top.add(key, place)
        self.least.add(-key, place)

        sampled = np.isin(ids, self.sample)
        rows = np.searchsorted(self.sample, ids[sampled])
        self.sample_value[rows], self.sample_place[rows] = value[sampled], place[sampled]

        listed = self.random_image.flat[self.by_image]
        starts, ends = (np.searchsorted(listed, ids, side) for side in ("left", "right"))
        for row, (start, end) in enumerate(zip(starts, ends, strict=True)):
            spots = self.by_image[start:end]
            unit = spots // self.random_image.shape[1]
            self.random_value.flat[spots] = z[row, unit, self.random_place.flat[spots]]

    def result(self) -> dict[str, np.ndarray]:
        """{group}_image, _row, _column, _value [unit, patch] for top, middle, random and least.

        A group is shorter where there are fewer images.
        """
        top, top_place = self.top.result()
        least, least_place = (part[:, ::-1] for part in self.least.result())
        count = min(OTHERS, len(self.sample))
        first = (len(self.sample) - count) // 2
        order = np.argsort(-self.sample_value, axis=0, kind="stable")[first : first + count]
        groups = {
            "top": (*image_and_value(top), top_place),
            "middle": (
                self.sample[order].T,
                np.take_along_axis(self.sample_value, order, 0).T,
                np.take_along_axis(self.sample_place, order, 0).T,
            ),
            "random": (self.random_image, self.random_value, self.random_place),
            "least": (*image_and_value(-least), least_place),
        }
        found = {}
        for group, (image, value, place) in groups.items():
            found |= {
                f"{group}_image": image.astype(np.int32),
                f"{group}_row": (place // self.grid).astype(np.uint8),
                f"{group}_column": (place % self.grid).astype(np.uint8),
                f"{group}_value": value.astype(np.float32),
            }
        return found


class Ranking:
    """The `length` greatest keys of each unit so far, each with the place of its patch."""

    def __init__(self, units: int, length: int) -> None:
        self.length, self.seen = length, 0
        self.key = np.full((units, length), np.iinfo(np.int64).min)
        self.place = np.zeros((units, length), np.int64)

    def add(self, key: np.ndarray, place: np.ndarray) -> None:
        """key and place: int64 [b, unit]."""
        self.seen += len(key)
        better = key.max(0) > self.key.min(1)  # [unit]; few, after the first batches
        keys = np.concatenate([self.key[better], key[:, better].T], axis=1)
        places = np.concatenate([self.place[better], place[:, better].T], axis=1)
        kept = np.argpartition(keys, -self.length, axis=1)[:, -self.length :]
        self.key[better] = np.take_along_axis(keys, kept, 1)
        self.place[better] = np.take_along_axis(places, kept, 1)

    def result(self) -> tuple[np.ndarray, np.ndarray]:
        """Keys and places [unit, patch], the greatest key first."""
        order = np.argsort(self.key, axis=1)[:, ::-1][:, : min(self.length, self.seen)]
        return np.take_along_axis(self.key, order, 1), np.take_along_axis(self.place, order, 1)


def rank_key(value: np.ndarray, ids: np.ndarray) -> np.ndarray:
    """One int64 that orders as (response, then the smaller id): response bits over id bits.

    The bits of a float32 order as an integer once those of a negative number are turned round.
    """
    bits = (value + np.float32(0)).view(np.int32)  # adding zero makes -0 the same as 0
    ordered = bits ^ ((bits >> 31) & 0x7FFFFFFF)
    return (ordered.astype(np.int64) << 32) | (0xFFFFFFFF - ids.astype(np.int64))


def image_and_value(key: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Image id and float32 response from `rank_key`."""
    ordered = (key >> 32).astype(np.int32)
    bits = ordered ^ ((ordered >> 31) & 0x7FFFFFFF)
    return 0xFFFFFFFF - (key & 0xFFFFFFFF), bits.view(np.float32)
