"""How the threads of one computation wait for each other. To be said before torch is loaded."""

import os

SPINS = "1000"  # turns of a waiting thread of GNU's OpenMP before it sleeps


def wait_briefly() -> None:
    """Threads spin a little before they sleep, unless the environment says how they wait.

    To wake a thread that sleeps costs a step on an idle machine up to a quarter of its time; one
    that spins for as long as OpenMP likes costs a step beside other work half of its speed.
    """
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ["OMP_WAIT_POLICY"] = "PASSIVE"  # all that other OpenMPs understand
        os.environ.setdefault("GOMP_SPINCOUNT", SPINS)
