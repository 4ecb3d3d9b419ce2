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


def grid_of(side: int) -> int:
    """Patches along one side of a square view of `side` pixels (64 -> 7, 32 -> 3)."""
    return (side - PATCH) // STRIDE + 1


def patch_frame(
    row: int, column: int, height: int, width: int, crop: int = 64
) -> tuple[int, int, int]:
    """Where a patch sits on the stored image: (top, left, side) in pixels.

    The grid lies on the central `crop` x `crop` square; an image smaller than that is
    centred in its own shorter side.
    """
    crop = min(crop, height, width)
    top, left = (height - crop) // 2, (width - crop) // 2
    return top + STRIDE * row, left + STRIDE * column, PATCH
