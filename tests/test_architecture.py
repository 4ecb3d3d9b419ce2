"""Does each part import only what it may, and does each thing stand in its one file?"""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FILES = sorted(
    path.relative_to(ROOT).as_posix()
    for folder in ("models", "backend", "frontend", "tests", "benchmarks")
    for path in (ROOT / folder).rglob("*")
    if path.is_file() and not {"node_modules", "__pycache__"} & set(path.parts)
)
HELD = "models backend fastapi starlette sqlite3 torch torchvision"

# The first row whose pattern fits a file says which of the HELD packages it may import.
CATALOGUE = (
    "models.config models.imported models.presets models.rules models.data models.size "
    "models.errors models.parallel"
)
SERVICE = "backend.settings backend.errors backend.security"
MAY_IMPORT = [
    (r"models/", "models torch torchvision"),
    (r"backend/analysis/(similarity|matching)\.py", "backend.analysis"),
    (r"backend/analysis/", "models torch backend.analysis"),
    (r"backend/runs/database\.py", "backend.errors sqlite3"),
    (
        r"backend/runs/",
        "models.config models.imported models.errors models.reading backend.errors backend.runs",
    ),
    (
        r"backend/jobs/(worker|torchrun|saves|analyse|subject|analyst|place|example|intake|layout|trial|share|bench\w*|wanted|speed|summary|measure)\.py",
        "models backend.analysis backend.runs backend.jobs backend.errors",
    ),
    (r"backend/jobs/inline\.py", "backend.runs backend.jobs models.parallel"),
    (r"backend/jobs/", "backend.runs backend.jobs backend.errors"),
    (
        r"backend/api/similarity\.py",
        f"{SERVICE} backend.api backend.analysis.similarity backend.analysis.matching fastapi",
    ),
    (
        r"backend/api/",
        f"{CATALOGUE} {SERVICE} backend.api backend.bundle backend.runs backend.jobs fastapi "
        "starlette "
        # of a selection, and of a pinned image, while somebody looks: NumPy alone
        "backend.analysis.separation backend.analysis.ranks",
    ),
    (r"backend/security/", "backend.errors backend.security starlette"),
    (r"backend/cli", "models backend torch"),
    (r"backend/", f"{CATALOGUE} backend fastapi starlette"),
]

# What could fetch an address that a client names.
FETCHERS = (
    "aiohttp ftplib httpcore httpx pycurl requests smtplib telnetlib torch.hub urllib.request "
    "urllib3 xmlrpc.client"
)


def files(pattern: str) -> list[str]:
    return [path for path in FILES if re.search(pattern, path)]


def text_of(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def code_of(path: str) -> str:
    """A file without the comments of JavaScript."""
    return re.sub(r"/\*.*?\*/|//[^\n]*", "", text_of(path), flags=re.DOTALL)


def imports_of(path: str) -> set[str]:
    """The modules named by a file's import lines, inside functions too, relative ones resolved."""
    package, found = path.split("/")[:-1], set()
    for node in ast.walk(ast.parse(text_of(path))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) + 1 - node.level] if node.level else []
            module = ".".join([*above, node.module or ""]).rstrip(".")
            found |= {f"{module}.{alias.name}" for alias in node.names}
    return found


def inside(module: str, packages: str) -> bool:
    return any(module == name or module.startswith(f"{name}.") for name in packages.split())


@pytest.mark.parametrize("path", files(r"^(models|backend)/.*\.py$"))
def test_a_file_imports_only_what_its_row_allows(path: str) -> None:
    allowed = next(packages for pattern, packages in MAY_IMPORT if re.match(pattern, path))
    held = {module for module in imports_of(path) if inside(module, HELD)}
    assert {module for module in held if not inside(module, allowed)} == set()


@pytest.mark.parametrize("path", files(r"^backend/.*\.py$"))
def test_nothing_of_the_backend_fetches_an_address(path: str) -> None:
    named = imports_of(path)
    assert {module for module in named if inside(module, f"{FETCHERS} http.client")} == set()
    assert not path.startswith("backend/api/") or "models.data.download" not in named


def test_the_web_process_never_imports_torch() -> None:
    code = "import sys, backend.app; print(*{'torch', 'torchvision'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout.strip()) == (0, ""), done.stderr


@pytest.mark.parametrize(
    ("what", "where", "only"),
    [
        (r"\bPlotly\b", r"^frontend/.*\.js$", "frontend/plot.js"),
        (r"\bfetch\(", r"^frontend/.*\.js$", "frontend/api.js"),
        (r"\binnerHTML\b|\bouterHTML\b|insertAdjacentHTML", r"^frontend/.*\.(js|html)$", None),
        (r"\bsqlite3\b", r"^(models|backend)/.*\.py$", "backend/runs/database.py"),
    ],
)
def test_a_thing_stands_in_its_one_file(what: str, where: str, only: str | None) -> None:
    assert {path for path in files(where) if re.search(what, code_of(path))} <= {only}


def test_no_file_is_a_drawer() -> None:
    assert files(r"(^|/)(utils?|helpers?|common|base|manager|misc)(\.\w+)?(/|$)") == []


def test_no_third_party_script_is_kept() -> None:
    scripts = files(r"\.(js|mjs|css)$")
    assert [path for path in scripts if ".min." in path] == []
    assert [path for path in scripts if re.search(r".{500}", text_of(path))] == []
