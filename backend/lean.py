"""A module of the page without what only its readers need: comments, indentation, blank lines.

It goes by lines, since telling a comment from a text or a pattern anywhere takes a parser of
JavaScript. Taken out are comments that begin a line, and types written as `/** @type {...} */`. In
the page's code no text goes on over several lines, so neither can stand inside one
(`tests/backend/test_lean.py` holds every module against the parser of TypeScript); a module where
one might is left as it is.
"""

import re

TYPE = re.compile(r"/\*\* @type \{[^*\n]*\} \*/ ?")


def lean(text: str) -> str:
    """The same program, shorter; the text itself where a template might span lines."""
    kept: list[str] = []
    inside = False  # a comment of several lines
    for whole in text.splitlines():
        line = whole.strip()
        if inside or line.startswith("/*"):
            _, ended, line = line.partition("*/")
            inside, line = not ended, line.strip()
        if line.startswith("//") or not line:
            continue
        line = TYPE.sub("", line)
        if line.count("`") % 2:
            return text
        kept.append(line)
    return "\n".join(kept) + "\n"
