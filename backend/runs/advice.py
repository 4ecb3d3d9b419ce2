"""Which command is to be given next, so that it can be copied from a sentence to a shell?"""

import shlex
from pathlib import Path


def command_line(*words: str, home: Path | None = None) -> str:
    """`saccade` with these words, for that home folder (None: the usual one), quoted for a POSIX
    shell."""
    return shlex.join(["saccade", *words, *(["--home", str(home)] if home else [])])
