"""What do the accuracies of one seed, or of several, say about the next seed?"""

import numpy as np
from scipy.special import stdtrit

DEFINITION = (
    "One seed: Wilson's 95 % interval over the test images. Several: the mean over seeds with "
    "Student's 95 % interval of that mean, which tells how far it would move with other seeds."
)


def over_seeds(found: list[dict[str, float]]) -> dict[str, float]:
    """{"accuracy", "low", "high"} of each seed -> the same of all; low and high within 0..1."""
    if len(found) == 1:
        return {name: found[0][name] for name in ("accuracy", "low", "high")}
    values = np.array([each["accuracy"] for each in found])
    mean, n = float(values.mean()), len(values)
    half = float(stdtrit(n - 1, 0.975) * values.std(ddof=1) / np.sqrt(n))
    return {"accuracy": mean, "low": max(0.0, mean - half), "high": min(1.0, mean + half)}
