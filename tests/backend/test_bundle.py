"""Do scripts hold the page's modules in order, once, and refuse what they cannot hold?"""

from pathlib import Path

import pytest

from backend.bundle import bundle, script
from backend.errors import DataError
from backend.settings import CHECKOUT


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
    places = [script.index(f"const {name}_js = (") for name in ("one", "two", "main")]
    assert places == sorted(places)
    assert script.count("const one_js = (") == 1
    assert "const { a: b, } = one_js;" in script
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
        ({"main": 'const a = await import("./b.js");\n', "b": ""}, "cannot hold: import"),
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
    assert "const main_js = (" in script and "test_js" not in script


PARTS = {
    "main": 'import { a } from "./a.js";\nconst more = () => import("./more.js");\nmore();\na();\n',
    "more": 'import { a } from "./a.js";\nimport { b } from "./b.js";\nexport const c = [a, b];\n',
    "a": "export const a = () => 1;\n",
    "b": "export const b = 2;\n",
}


def test_what_is_imported_later_comes_as_a_script_of_what_is_not_there_yet(tmp_path: Path) -> None:
    folder = written(tmp_path, **PARTS)
    first = script(folder, "main.js", "main.js", "/script/")
    assert (first.files, first.later) == (("a.js", "main.js"), ("more.js",))
    there = 'const more = () => import("/script/more.js").then((there) => there.more_js);'
    assert there in first.text.splitlines()
    more = script(folder, "more.js", "main.js", "/script/")
    assert (more.files, more.later) == (("b.js", "more.js"), ())
    assert more.text.startswith('import { a_js } from "/script/main.js";\n')
    assert more.text.endswith("export { b_js, more_js };")


def test_a_file_alone_holds_what_is_imported_later_as_well(tmp_path: Path) -> None:
    whole = bundle(written(tmp_path, **PARTS), "main.js")
    there = "const more = () => Promise.resolve(more_js);"
    assert there in whole.splitlines()
    assert whole.index("const more_js = (") < whole.index(there)
    assert "import" not in whole


def test_the_page_asks_for_less_than_150_kb_before_its_maps_are_drawn() -> None:
    first = script(CHECKOUT / "frontend", "main.js", "main.js", "/script/")
    assert len(first.text.encode()) < 150_000, "let what the first picture lacks come with later.js"
    assert "later.js" in first.later
