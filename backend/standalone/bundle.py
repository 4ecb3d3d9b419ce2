"""The page's ES modules as one script: each becomes a function, called after those it imports."""

import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from backend.errors import DataError

IMPORT = re.compile(
    r"""^import\s+(?:\*\s+as\s+(?P<all>\w+)|\{(?P<names>[^}]*)\})\s+from\s+["'](?P<path>[^"']+)["'];?$""",
    re.MULTILINE,
)
EXPORT = re.compile(
    r"^export\s+(?P<what>(?:async\s+)?function\*?|const|class)\s+(?P<name>\w+)", re.MULTILINE
)
NOTHING = re.compile(r"^export\s*\{\s*\};?$", re.MULTILINE)
OTHER = re.compile(r"^(?:import|export)\b.*", re.MULTILINE)


@dataclass(frozen=True)
class Module:
    name: str  # its path below the folder of the page
    imports: tuple[str, ...]
    code: str  # the function that makes it


def bundle(folder: Path, entry: str) -> str:
    """One script that does what the module `entry` of a folder does.

    Raises DataError for a form of import or export it does not know, for modules that import each
    other in a circle, and for an import that is not there.
    """
    made: dict[str, Module] = {}

    def visit(name: str, above: tuple[str, ...]) -> None:
        if name in above:
            raise DataError(f"the page's modules import each other: {' > '.join([*above, name])}")
        if name in made:
            return
        module = read(folder, name)
        for other in module.imports:
            visit(other, (*above, name))
        made[name] = module

    visit(entry, ())
    script = "\n".join(["const modules = {};", *(module.code for module in made.values())])
    # Inside a script element only this would end it early; in a string "\/" is "/".
    return re.sub(r"<(?=/script|!--)", r"\\x3c", script, flags=re.IGNORECASE)


def read(folder: Path, name: str) -> Module:
    """A module as a function that fills in its row of `modules`."""
    path = folder / name
    if not path.is_file():
        raise DataError(f"the page has no file {name}; install Saccade again")
    text, imports = path.read_text(encoding="utf-8"), []

    def taken(found: re.Match) -> str:
        other = resolved(name, found["path"])
        imports.append(other)
        if found["all"]:
            return f'const {found["all"]} = modules["{other}"];'
        names = re.sub(r"\s+as\s+", ": ", " ".join(found["names"].split()))
        return f'const {{ {names} }} = modules["{other}"];'

    names = [found["name"] for found in EXPORT.finditer(text)]
    code = NOTHING.sub("", EXPORT.sub(r"\g<what> \g<name>", IMPORT.sub(taken, text)))
    if odd := OTHER.search(code):
        raise DataError(f"{name} has a line that a single file cannot hold: {odd[0]}")
    told = f'modules["{name}"] = {{ {", ".join(names)} }};'
    return Module(name, tuple(imports), f"(() => {{\n{code.rstrip()}\n{told}\n}})();")


def resolved(importer: str, path: str) -> str:
    """A relative import as a path below the folder of the page."""
    if not path.startswith("."):
        raise DataError(f"{importer} imports {path!r}, which is no file of the page")
    parts: list[str] = []
    for part in (PurePosixPath(importer).parent / path).parts:
        if part == "..":
            if not parts:
                raise DataError(f"{importer} imports {path!r}, outside the page's folder")
            parts.pop()
        elif part != ".":
            parts.append(part)
    return "/".join(parts)
