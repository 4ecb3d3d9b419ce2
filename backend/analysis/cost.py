"""About how long does each analysis take, and how much memory? Rough figures, to plan with."""

from backend.analysis.gratings import COUNT
from backend.analysis.material import Material
from backend.analysis.predictions import IMAGES as PREDICTED
from models.imported import Imported
from models.presets import PATCH, Preset

IMPORTED_BATCH = 32  # images at a time, where it is not known how large a model's maps are
Network = Preset | Imported
LEARNING_PASSES = 2400  # of an image through an encoder that the learning analysis comes to
LARGEST = {"cuda": 2**32, "cpu": 2**28}  # bytes of a layer's map of a whole batch


def seconds(word: str, width: int, material: Material, network: Network | None) -> float:
    """A rough figure for two cores, from runs on 8,000 test and 5,000 training images.

    word: an analysis, "activity" for the whole pass; width: features of the layer; network:
    the encoder, None for the input.
    """
    tests, images = len(material.test), len(material.test) + len(material.train)
    forward = multiplications(network, material) / 1e11 if network else 0.0
    return {
        "activity": 0.5 + images * (0.0005 + forward),
        "neighbours": 0.1 + (tests / 8000) ** 2 * (1.5 + width / 500),
        "probes": 0.2 + images / 13000 * (1 + width / 800),
        "embedding": 0.5 + tests / 8000 * (20 + width / 1000),
        "learning": 2 + LEARNING_PASSES * forward,
        "predictions": 0.5 + min(tests, PREDICTED) * (forward + 0.001),
        "tuning": 0.5 + COUNT * forward / (pieces(material) if material.sees == "patches" else 1),
    }[word]


def shuffles(width: int, material: Material) -> float:
    """Of d' under shuffled labels, for a layer of `width` units; from a run on 10 classes."""
    return 0.1 + 4 * len(material.test) / 8000 * width / 1000 * len(material.classes) / 10


def multiplications(network: Network, material: Material) -> float:
    """Multiply-adds of one image's way through an encoder."""
    if isinstance(network, Imported):
        return network.multiplications * (material.side / network.side) ** 2
    inputs = (material.channels, *network.widths)
    rows = zip(inputs, network.widths, sides(network, material), strict=False)
    return pieces(material) * sum(9 * i * width * side**2 for i, width, side in rows)


def batch(network: Network | None, material: Material, device: str) -> int:
    """How many images to pass through an encoder (None: the pixels) at a time.

    As many as memory allows, up to 256: vgg6-small took a quarter less time on a processor with
    64 than with 32, and no less with 128.
    """
    if isinstance(network, Imported):
        return IMPORTED_BATCH
    maps = zip(network.widths, sides(network, material), strict=True) if network else [(2, PATCH)]
    largest = 4 * pieces(material) * max(width * side**2 for width, side in maps)
    return min(max(LARGEST.get(device, LARGEST["cpu"]) // largest, 8), 256)


def pieces(material: Material) -> int:
    """How many pictures an encoder makes of one image."""
    return 1 if material.sees == "image" else material.sites[0].side ** 2


def sides(preset: Preset, material: Material) -> list[int]:
    """Side of a piece's map before each layer's pooling."""
    side, found = material.side if material.sees == "image" else PATCH, []
    for pool in preset.pools:
        found.append(side)
        side //= 2 if pool else 1
    return found
