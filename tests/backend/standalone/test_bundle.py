"""Does the script of a file hold the page's modules in order, and refuse what it cannot hold?"""

from pathlib import Path

import pytest

from backend.errors import DataError
from backend.settings import CHECKOUT
from backend.standalone.bundle import bundle


def written(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / f"{name}.js").write_text(text)
    return folder


def test_a_module_stands_after_those_it_imports_and_once(tmp_path: Path) -> None:
    script = bundle(
        written(
            tmp_path,
            main='import { two } from "./two.js";\nimport * as one from "./one.js";\ntwo(one);\n',
            two='import {\n  a as b,\n} from "./one.js";\nexport function two() { return b; }\n',
            one='export const a = "</script><!--";\n',
        ),
        "main.js",
    )
    places = [script.index(f'modules["{name}.js"] = {{') for name in ("one", "two", "main")]
    assert places == sorted(places)
    assert script.count('modules["one.js"] = {') == 1
    assert 'const { a: b, } = modules["one.js"];' in script
    assert "</script" not in script and "<!--" not in script


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({"main": 'import { a } from "./main.js";\n'}, "in a circle|import each other"),
        ({"main": 'import { a } from "plotly";\n'}, "no file of the page"),
        ({"main": 'import { a } from "../a.js";\n'}, "outside"),
        ({"main": 'import { a } from "./a.js";\n'}, "has no file a.js"),
        ({"main": "export default 1;\n"}, "cannot hold: export default 1"),
        ({"main": "export let a = 1;\n"}, "cannot hold"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_no_single_script_can_hold_is_refused(
    tmp_path: Path, files: dict[str, str], says: str
) -> None:
    with pytest.raises(DataError, match=says):
        bundle(written(tmp_path, **files), "main.js")


def test_the_page_can_be_held_by_one_script() -> None:
    script = bundle(CHECKOUT / "frontend", "main.js")
    assert "modules[" in script and ".test.js" not in script
