"""The page's ES modules as one script or a few: each a function, called after those it imports."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from backend.errors import DataError
from backend.lean import lean

IMPORT = re.compile(
    r"""^import\s+(?:\*\s+as\s+(?P<all>\w+)|\{(?P<names>[^}]*)\})\s+from\s+["'](?P<path>[^"']+)["'];?$""",
    re.MULTILINE,
)
LATER = re.compile(
    r"""^(?P<lead>const \w+ = \(\) => )import\(["'](?P<path>[^"']+)["']\);$""", re.MULTILINE
)
EXPORT = re.compile(
    r"^export\s+(?P<what>(?:async\s+)?function\*?|const|class)\s+(?P<name>\w+)", re.MULTILINE
)
NOTHING = re.compile(r"^export\s*\{\s*\};?$", re.MULTILINE)
OTHER = re.compile(r"^(?:import|export)\b.*|(?<![\w.])import\(.*", re.MULTILINE)


@dataclass(frozen=True)
class Module:
    name: str  # its path below the folder of the page
    imports: tuple[str, ...]
    later: tuple[str, ...]  # what it imports when that is wanted
    code: str  # it, as a variable


@dataclass(frozen=True)
class Script:
    """What a browser loads at once: a module with all that it imports and is not there yet."""

    text: str
    later: tuple[str, ...]  # the modules that scripts of their own begin with
    files: tuple[str, ...]  # the modules it was made from


def bundle(folder: Path, entry: str) -> str:
    """One script that does what the module `entry` of a folder does, without another file.

    Raises DataError for a form of import or export it does not know, for modules that import each
    other in a circle, and for an import that is not there.
    """
    made = gathered(folder, entry, lambda other: f"Promise.resolve({word(other)})", True)
    script = "\n".join(module.code for module in made.values())
    # Inside a script element only this would end it early; in a string "\/" is "/".
    return re.sub(r"<(?=/script|!--)", r"\\x3c", script, flags=re.IGNORECASE)


def script(folder: Path, entry: str, first: str, place: str) -> Script:
    """The script at `place` + `entry`: `first`, or one that is loaded after it.

    What `first` holds is taken from there. Raises DataError as `bundle` does.
    """

    def load(other: str) -> str:
        return f'import("{place}{other}").then((there) => there.{word(other)})'

    made, lines = gathered(folder, entry, load), []
    if entry != first:
        there = gathered(folder, first, load)
        made = {name: module for name, module in made.items() if name not in there}
        wanted = {other: word(other) for module in made.values() for other in module.imports}
        taken = ", ".join(says for other, says in wanted.items() if other in there)
        lines = [f'import {{ {taken} }} from "{place}{first}";']
    lines += [module.code for module in made.values()]
    lines += [f"export {{ {', '.join(map(word, made))} }};"]
    later = (other for module in made.values() for other in module.later)
    return Script("\n".join(lines), tuple(later), tuple(made))


def word(name: str) -> str:
    """What a module is called in a script."""
    return re.sub(r"\W", "_", name)


def gathered(
    folder: Path, entry: str, load: Callable[[str], str], whole: bool = False
) -> dict[str, Module]:
    """A module and all that it imports, those first; with `whole` what it imports later too."""
    made: dict[str, Module] = {}

    def visit(name: str, above: tuple[str, ...]) -> None:
        if name in above:
            raise DataError(f"the page's modules import each other: {' > '.join([*above, name])}")
        if name in made:
            return
        module = read(folder, name, load)
        for other in (*module.imports, *(module.later if whole else ())):
            visit(other, (*above, name))
        made[name] = module

    visit(entry, ())
    return made


def read(folder: Path, name: str, load: Callable[[str], str]) -> Module:
    """A module as the value of a function; `load` writes what stands for a later import."""
    path = folder / name
    if not path.is_file():
        raise DataError(f"the page has no file {name}; install Saccade again")
    imports: list[str] = []
    later: list[str] = []

    def taken(found: re.Match) -> str:
        imports.append(other := resolved(name, found["path"]))
        if found["all"]:
            return f"const {found['all']} = {word(other)};"
        names = re.sub(r"\s+as\s+", ": ", " ".join(found["names"].split()))
        return f"const {{ {names} }} = {word(other)};"

    def put_off(found: re.Match) -> str:
        later.append(other := resolved(name, found["path"]))
        return f"{found['lead']}{load(other)};"

    text = lean(path.read_text(encoding="utf-8"))
    names = [found["name"] for found in EXPORT.finditer(text)]
    code = NOTHING.sub("", EXPORT.sub(r"\g<what> \g<name>", IMPORT.sub(taken, text)))
    if odd := OTHER.search(LATER.sub("", code)):
        raise DataError(f"{name} has a line that a single file cannot hold: {odd[0]}")
    code = LATER.sub(put_off, code).rstrip()
    told = f"return {{ {', '.join(names)} }};"
    made = f"const {word(name)} = (() => {{\n{code}\n{told}\n}})();"
    return Module(name, tuple(imports), tuple(later), made)


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
