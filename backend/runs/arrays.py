"""Which analyses are there, and which arrays does each leave of a layer: type, shape, meaning?

Image responses are kept in 256 levels, distances and patch values in ten bits: they are only shown.
"""

from collections.abc import Mapping

import numpy as np

# The steps of an analysis, in the order in which they are run: what a page shows at once is first.
ANALYSES = (
    "activity",
    "maximizers",
    "selectivity",
    "probes",
    "embedding",
    "neighbours",
    "learning",
    "predictions",
    "tuning",
)
OF_ENCODERS = {"learning", "predictions", "tuning"}  # what there is none of for the input
BESIDE = OF_ENCODERS  # what an epoch is shown without: runs analysed earlier lack it

GROUPS = ("top", "middle", "random", "least")
PATCHES = {
    "image": "i4",  # [unit, patch] image ids, the most exciting first
    "row": "u1",  # [unit, patch] place of the patch on the grid
    "column": "u1",
    "value": "f4",  # [unit, patch] response of the unit to that patch
}
ARRAYS: dict[str, dict[str, str]] = {
    "responses": {
        "level": "u1",  # [unit, image] image response = offset + scale * level
        "scale": "f4",  # [unit]
        "offset": "f4",  # [unit]
    },
    "maximizers": {f"{group}_{name}": kind for group in GROUPS for name, kind in PATCHES.items()},
    "selectivity": {
        "class_mean": "f4",  # [unit, class], absent without labels
        "dprime": "f4",  # [unit, class], absent without labels
        "best_class": "i2",  # [unit], absent without labels
        "null_low": "f4",  # [unit, class] the band of d' under shuffled labels
        "null_high": "f4",
        "null_best": "f4",  # [unit] end of the greatest d' of a unit
        "sparseness": "f4",  # [unit]
        "active": "f4",  # [unit]
        "mean": "f4",  # [unit]
        "maximum": "f4",  # [unit]
        "histogram": "i8",  # [unit, 32] patches
        "edges": "f4",  # [unit, 33]
    },
    "neighbours": {
        "image": "i4",  # [image, 12]
        "distance": "f4",
        "patch_image": "i4",  # [image, 8]
        "patch_row": "u1",
        "patch_column": "u1",
        "patch_distance": "f4",
    },
    "probe": {
        "accuracy": "f4",  # a share of the test images, with its 95 % interval
        "low": "f4",
        "high": "f4",
        "confusion": "i4",  # [class, class], row = truth
        "penalty": "f4",
        "n_train": "i4",
        "n_test": "i4",
        "predicted": "i2",  # [image] the class named; -1 without a label
        "confidence": "f4",  # [image] its probability less the next one's; 0 without a label
        "votes": "f4",  # [3] share that the vote of neighbours gets right, and its interval
        "weights": "f2",  # [class, unit] of standardised features, absent for the input
    },
    "embedding": {
        "x": "f4",  # [image]
        "y": "f4",
        "kept_neighbours": "f4",
        "kept": "u1",  # [image] how many of its 10 nearest the map keeps; 255: not asked
    },
    "learning": {  # of layers that carry a loss; k: one row a prediction step
        "loss": "f4",  # [k]
        "true": "i4",  # [k, bin] true futures by score
        "wrong": "i4",  # [k, bin] wrong ones
        "edges": "f4",  # [bin + 1]
        "true_mean": "f4",  # [k] mean score
        "wrong_mean": "f4",
        "true_gate": "f4",  # [k] share of open gates, absent for rules without a margin
        "wrong_gate": "f4",
        "cosine": "f4",  # [1 + k] all steps together, then each; NaN: an update of zero
        "gap": "f8",  # [float64 float32 rounding, weight bias W_pred W_retro], absent for rules
        # that are no product of four factors; NaN where there is no W_retro
    },
    "predictions": {  # of layers that carry a loss; pairs come in twos: the same place of two
        # images, the true future of the one being the wrong one of the other
        "true": "f4",  # [k, unit] r of prediction and true future; NaN: none
        "wrong": "f4",
        "image": "i4",  # [k, pair] image ids
        "row": "u1",  # [k, pair] place of the context; the future is k + 1 rows below
        "column": "u1",
        "prediction": "u1",  # [k, unit, pair] value = offset + scale * level
        "prediction_scale": "f4",  # [k, unit]
        "prediction_offset": "f4",
        "response": "u1",  # the same of the true future
        "response_scale": "f4",
        "response_offset": "f4",
    },
    "tuning": {  # NaN: a unit that answers to no grating, or prefers none
        "level": "u1",  # [unit, orientation, frequency] mean over phases = peak * level / 255
        "peak": "f4",  # [unit]
        "orientation": "f4",  # [unit] degrees
        "frequency": "f4",  # [unit] cycles a patch
        "osi": "f4",  # [unit]
        "bandwidth": "f4",  # [unit] degrees
        "modulation": "f4",  # [unit] F1/F0
        "orientations": "f4",  # [orientation] those shown, degrees
        "frequencies": "f4",  # [frequency] cycles a patch
    },
}
# Arrays that an earlier Saccade did not keep: they are added where the features still are.
LATER = {
    "selectivity": ("null_low", "null_high", "null_best"),
    "probe": ("predicted", "confidence", "votes"),
    "embedding": ("kept",),
}
OPTIONAL = {
    *("class_mean", "dprime", "best_class", "true_gate", "wrong_gate", "gap", "weights"),
    *(name for names in LATER.values() for name in names),
}

# Distances and patch values are shown to three digits. With ten bits after the leading one a
# file holds them in half the space, which lets a demo run travel with the code.
SHORTENED = {"distance", "patch_distance"} | {f"{group}_value" for group in GROUPS}


def silent(found: Mapping[str, np.ndarray]) -> np.ndarray:
    """Which units answer 0 to every patch, bool [unit], from the arrays "selectivity".

    Where responses may be negative, one that is never active may still answer.
    """
    below = np.where(found["edges"][:, :-1] < 0, found["histogram"], 0)
    return (found["active"] == 0) & ~below.any(1)


def quantised(responses: np.ndarray) -> dict[str, np.ndarray]:
    """Image responses [n, unit] as 256 levels between the least and greatest of each unit."""
    low, high = responses.min(0), responses.max(0)
    scale = ((high - low) / 255).astype(np.float32)
    level = np.rint((responses - low) / np.where(scale > 0, scale, 1))
    return {"level": level.T.astype(np.uint8), "scale": scale, "offset": low}


def shortened(values: np.ndarray) -> np.ndarray:
    """float32 rounded to ten bits after the leading one (1 part in 2,048)."""
    bits = values.astype(np.float32).view(np.uint32)
    return ((bits + np.uint32(0x1000)) & np.uint32(0xFFFFE000)).view(np.float32)
