"""Is a module the same program without its comments?"""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from backend.lean import lean
from backend.settings import CHECKOUT

FRONTEND = CHECKOUT / "frontend"
TYPESCRIPT = FRONTEND / "node_modules" / "typescript"
# Both programs as the printer of TypeScript writes them, without comments.
PRINTED = """
const ts = require(process.argv[1]);
const printer = ts.createPrinter({ removeComments: true });
const told = (text) => {
  const file = ts.createSourceFile("a.js", text, ts.ScriptTarget.Latest, true, ts.ScriptKind.JS);
  return file.parseDiagnostics.length ? "no program" : printer.printFile(file);
};
const pairs = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
const unlike = pairs.filter(([_, a, b]) => told(a) !== told(b));
console.log(JSON.stringify(unlike.map(([name]) => name)));
"""


def modules() -> list[Path]:
    found = [path for part in (".", "panels", "marks") for path in (FRONTEND / part).glob("*.js")]
    return sorted(path for path in found if ".test." not in path.name)


def test_comments_that_begin_a_line_go_and_code_stays() -> None:
    module = """// What it is.

/**
 * @param {string} a
 */
export function f(a) {
  // why
  const b = /** @type {any} */ (a); // stays
  /* one */ return "// no comment" + b; /* stays
  too */
}
"""
    assert lean(module) == (
        "export function f(a) {\nconst b = (a); // stays\n"
        'return "// no comment" + b; /* stays\ntoo */\n}\n'
    )


def test_a_module_with_a_text_over_several_lines_is_left_as_it_is() -> None:
    module = "const a = `one\n  // two\n`; // three\n"
    assert lean(module) == module


def test_every_module_of_the_page_is_made_shorter() -> None:
    assert len(modules()) > 100
    assert [path.name for path in modules() if lean(text := path.read_text()) == text] == []


def test_every_module_is_the_same_program_to_another_parser() -> None:
    if not (TYPESCRIPT.is_dir() and shutil.which("node")):
        reason = "needs Node and what npm ci brings into frontend"
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
    pairs = [[path.name, text := path.read_text(), lean(text)] for path in modules()]
    broken = ["broken", "const a = 1 / 2;", "const a = 1 + 2;"]
    done = subprocess.run(
        ["node", "-e", PRINTED, str(TYPESCRIPT)],
        input=json.dumps([*pairs, broken]), capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert json.loads(done.stdout) == ["broken"]
