"""Which encoders exist and where their patches sit, as plain numbers that need no torch."""

from dataclasses import dataclass

PATCH = 16  # side of a patch, pixels
STRIDE = 8  # step between neighbouring patches, pixels


@dataclass(frozen=True)
class Preset:
    """One row of ENCODERS: channels of each layer, and whether the layer ends in a 2x2 max-pool."""

    word: str
    widths: tuple[int, ...]
    pools: tuple[bool, ...]
    sentence: str


VGG6_POOLS = (False, True, False, True, True, True)

ENCODERS: dict[str, Preset] = {
    preset.word: preset
    for preset in (
        Preset(
            "vgg6",
            (128, 256, 256, 512, 1024, 1024),
            VGG6_POOLS,
            "The paper's encoder: six 3x3 convolutions, 16.2 million weights.",
        ),
        Preset(
            "vgg6-small",
            (32, 64, 64, 128, 256, 256),
            VGG6_POOLS,
            "A quarter of the paper's width: one million weights, trains on a laptop.",
        ),
        Preset(
            "vgg6-tiny",
            (8, 16, 16, 16, 32, 32),
            VGG6_POOLS,
            "A sixteenth to a thirty-second of the paper's width: for tests and a first look.",
        ),
    )
}


IMAGE_SIDES = (8, 4, 4, 4, 2, 2)  # cells a side of each layer's grid on a whole image


@dataclass(frozen=True)
class Sites:
    """Where the responses of one layer sit on a square view: a grid of as many rows as columns.

    spans: of each row, and of each column, its first pixel and the one past its last.
    """

    spans: tuple[tuple[int, int], ...]

    @classmethod
    def even(cls, side: int, stride: int, extent: int) -> "Sites":
        """`side` cells of `extent` pixels, `stride` pixels from each to the next."""
        return cls(tuple((stride * cell, stride * cell + extent) for cell in range(side)))

    @property
    def side(self) -> int:
        """Cells along a side."""
        return len(self.spans)

    @property
    def lattice(self) -> tuple[int, ...]:
        """Rows (and columns) of the first, the middle and the last cell: (0, 3, 6) of 7."""
        return lattice_of(self.side)

    @property
    def middle(self) -> int:
        return (self.side - 1) // 2


def lattice_of(side: int) -> tuple[int, ...]:
    """The first, the middle and the last of `side` cells, each once."""
    return tuple(sorted({0, (side - 1) // 2, side - 1}))


def patch_sites(view: int) -> Sites:
    return Sites.even(grid_of(view), STRIDE, PATCH)


def sites_of(sees: str, view: int) -> tuple[Sites, ...]:
    """The sites of layers 1..6 on a view of `view` pixels; sees: a word of ENCODER_CLASSES."""
    if sees == "patches":
        return (patch_sites(view),) * len(VGG6_POOLS)
    found, shown, pixel = [], view, 1  # side of a layer's map, and of what one place on it sees
    for cells, pool in zip(IMAGE_SIDES, VGG6_POOLS, strict=True):
        shown, pixel = (shown // 2, 2 * pixel) if pool else (shown, pixel)
        side = max(min(cells, shown), 1)
        # as torch's adaptive_avg_pool2d has them: neighbours share a place where they do not fit
        edges = [(shown * i // side, -(-shown * (i + 1) // side)) for i in range(side)]
        found.append(Sites(tuple((pixel * start, pixel * end) for start, end in edges)))
    return tuple(found)


def grid_of(side: int) -> int:
    """Patches along one side of a square view of `side` pixels (64 -> 7, 32 -> 3)."""
    return (side - PATCH) // STRIDE + 1
