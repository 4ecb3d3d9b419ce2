"""What the server meets that no honest user sends; each file is one kind of it, and one proof.

A proof is a function that returns rows of (what, tried, bad, note). The tests ask for `bad == 0` of
a short form, `tests/soak/security.py` of a long one.
"""

from typing import NamedTuple


class Row(NamedTuple):
    """What was tried, how often, how often it went wrong, and the first that did."""

    what: str
    tried: int
    bad: int
    note: str
