"""How numbers cross the wire."""

import base64

import numpy as np


def array(encoded: dict) -> np.ndarray:
    """What a page makes of a typed array."""
    flat = np.frombuffer(base64.b64decode(encoded["bdata"]), f"<{encoded['dtype']}")
    shape = encoded.get("shape")
    return flat.reshape([int(n) for n in shape.split(",")]) if shape else flat
