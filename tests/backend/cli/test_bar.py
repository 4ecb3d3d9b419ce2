"""Does the bar keep to one line of a terminal, and to a few lines of a log?"""

import io

import pytest

from backend.cli.bar import Bar


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def walk(bar: Bar, calls: int) -> None:
    for n in range(calls + 1):
        bar.show(n / calls, f"{n} of {calls} images")


@pytest.mark.parametrize("columns", [1, 10, 80])
def test_a_terminal_has_one_line_that_is_no_wider(
    columns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    bar = Bar(out := Terminal())
    walk(bar, 500)
    bar.show(1, "short")
    shown = out.getvalue().split("\r")
    assert "\n" not in out.getvalue() and len(shown) == 503
    assert max(map(len, shown)) == min(columns - 1, 20 + len(" 100%  500 of 500 images"))
    assert columns < 80 or shown[-1].rstrip().endswith("━ 100%  short")
    bar.say("done")
    assert out.getvalue().endswith("done\n")


def test_a_log_has_a_line_for_each_tenth() -> None:
    bar = Bar(out := io.StringIO())
    walk(bar, 500)
    lines = out.getvalue().splitlines()
    assert [line[:4] for line in lines] == [f"{n * 10:3}%" for n in range(11)]
    walk(bar, 500)
    assert len(out.getvalue().splitlines()) == 22, "what begins anew is told anew"
