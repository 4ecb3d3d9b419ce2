"""What do the names of uploaded files say: class and split of an image, and which is the table?"""

from models.data.folder import SPLIT_FOLDERS
from models.data.metadata import FILE
from models.data.picture import UnreadableError


def parts_of(name: str) -> list[str]:
    """Folders and file of a name; what leads out of it is refused later and goes by one part."""
    parts = [part for part in name.replace("\\", "/").split("/") if part not in ("", ".")]
    return parts if ".." not in parts and parts else ["?"]


def without_root(parts: list[list[str]]) -> list[list[str]]:
    """The same without a folder that holds all the others, as archives often have."""
    roots = {names[0] if len(names) > 1 else None for names in parts}
    if len(roots) == 1 and None not in roots and any(len(names) > 2 for names in parts):
        return without_root([names[1:] for names in parts])
    return [list(names) for names in parts]


class Places:
    """The folder of each class: a name of ours, one for each of theirs."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self.taken: set[str] = set()

    def name(self, group: str) -> str:
        if group not in self.names:
            wanted = base = folder_name(group, "class")
            number = 1
            while wanted.lower() in self.taken:
                number += 1
                wanted = f"{base}-{number}"
            self.taken.add(wanted.lower())
            self.names[group] = wanted
        return self.names[group]


def folder_name(text: str, otherwise: str) -> str:
    """A name that is safe on every disk: letters, figures, blanks and - _ , 60 at most."""
    kept = "".join(c if c.isalnum() or c in " -_" else "_" for c in text[:60])
    return " ".join(kept.split()).strip() or otherwise


def part_of(names: list[str], tops: set[str]) -> str:
    """Take the folder that says whether an image is for training or testing off its name."""
    if len(names) == 1 or names[0] not in SPLIT_FOLDERS or (names[0] == "val" and "test" in tops):
        raise UnreadableError("lies beside the train/ and test/ that are read")
    return names.pop(0)


def table_of(parts: list[list[str]]) -> int:
    """The number, from 1, of the table of what is known of all the images, or 0.

    It lies beside the folders of the classes, or with all images in the only folder there is.
    """
    tops = {names[0] if len(names) > 1 else "" for names in parts}
    for number, names in enumerate(parts, 1):
        if names[-1] == FILE and (len(names) == 1 or (len(names) == 2 and len(tops) == 1)):
            return number
    return 0
