"""How a person names a data set, and what that name means: a word, a word with a folder, a path."""

import difflib
import os
import re
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from models.data.sources import DATASETS
from models.errors import DataError


@dataclass(frozen=True)
class Spec:
    """A data set as asked for: the word of its row in DATASETS, and where its files lie."""

    word: str
    path: Path | None = None  # absolute; None = Saccade's own place

    def __str__(self) -> str:
        """The shortest text that means the same from any working directory."""
        if not self.path:
            return self.word
        if self == parse(str(self.path)):
            return str(self.path)
        return f"{self.word}:{self.path}"

    @property
    def key(self) -> str:
        """[a-z0-9-]+, for addresses and folder names; two paths never share one."""
        if not self.path:
            return self.word
        named = self.path.name.removesuffix(".npz")
        if DATASETS[self.word].path == "optional":
            named = self.word
        slug = re.sub(r"[^a-z0-9]+", "-", named.lower()).strip("-")[:40].strip("-")
        digest = sha256(str(self).encode("utf-8", "surrogatepass")).hexdigest()[:8]
        return f"{slug or self.word}-{digest}"


def parse(text: str) -> Spec:
    """What a text names. A word wins over a folder of that name (write ./photos for the folder).

    A path need not exist: a run outlives the data it was trained on. Raises DataError for a
    text that is neither a word nor looks like a path, and names the nearest word.
    """
    text = text.strip()
    word, colon, rest = text.partition(":")
    source = DATASETS.get(word)
    if source and not colon:
        if source.path == "always":
            raise DataError(f"{word!r} is a kind of data set; give {source.needs} in its place")
        return Spec(word)
    if source and source.path != "never" and rest.strip():
        return Spec(word, absolute(rest))
    looks_like_a_path = re.search(r"[/\\]|^[~.]|\.npz$", text, re.IGNORECASE)
    if not text or "\0" in text or not (looks_like_a_path or Path(text).exists()):
        raise DataError(unknown(text))
    path = absolute(text)
    is_pack = path.suffix.lower() == ".npz" and not path.is_dir()
    return Spec("pack" if is_pack else "folder", path)


def absolute(text: str) -> Path:
    try:
        return Path(os.path.abspath(Path(text.strip()).expanduser()))
    except RuntimeError:  # "~nobody/images"
        raise DataError(f"there is no home folder for {text!r}; give the whole path") from None


def unknown(text: str) -> str:
    close = difflib.get_close_matches(text.partition(":")[0].lower(), DATASETS, n=1)
    guess = f"did you mean {close[0]!r}? Otherwise " if close else ""
    words = ", ".join(word for word, source in DATASETS.items() if source.path != "always")
    return (
        f"there is no data set {text!r}; {guess}choose one of: {words}, a .npz pack, or a folder "
        "of images"
    )
