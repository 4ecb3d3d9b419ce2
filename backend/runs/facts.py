"""Of which form is what a run's directory tells? Others may have written there, too."""

import json
import math
from collections.abc import Callable
from typing import Any

MOST = 2**31  # attempts, epochs and the like are fewer
LARGEST = 1e300  # numbers are smaller, whichever their sign


def loads(told: bytes) -> Any:
    """JSON whose numbers are all finite. Raises ValueError or RecursionError."""
    return json.loads(told, parse_float=finite, parse_constant=finite)


def finite(told: str) -> float:
    if not math.isfinite(number := float(told)):
        raise ValueError(f"{told} is not finite")
    return number


def is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value < MOST


def is_number(value: Any) -> bool:
    """Whether it is a finite number, as every reader of JSON takes it."""
    return type(value) in (int, float) and abs(value) < LARGEST


def are_losses(value: Any) -> bool:
    """Whether it is the loss of each layer."""
    return isinstance(value, list) and all(map(is_number, value))


def is_text(value: Any) -> bool:
    return isinstance(value, str)


def is_handle(value: Any) -> bool:
    """Whether it can say how a process is found again."""
    return isinstance(value, str) and value.isprintable()


def text(value: Any) -> str:
    """As text with a "?" for what UTF-8 cannot hold."""
    return str(value).encode("utf-8", "replace").decode()


def failure(value: Any) -> dict[str, str] | None:
    """Why a run ended badly, {"code", "message"}, whatever form it was told in; None for none."""
    if value is None:
        return None
    told = value if isinstance(value, dict) else {"message": value}
    return {key: text(told.get(key, "internal")) for key in ("code", "message")}


STATED = {"state": is_text, "attempt": is_count, "resumes": is_count}
FORMS: dict[str, dict[str, Callable[[Any], bool]]] = {  # what an event counts by, and of which form
    **{kind: {"phase": is_text} for kind in ("progress", "analysis")},
    "epoch": {"epoch": is_count, "losses": are_losses},
    "warning": {"code": is_text, "message": is_text},
    "settled": {"code": is_text},
    **{kind: STATED for kind in ("state", "end")},
}
OPTIONAL = {"phase", "attempt", "resumes"}


def fits(event: dict[str, Any]) -> bool:
    """Whether an event is of a kind that adds up to something, and of its form."""
    kind = event.get("kind")
    forms = FORMS.get(kind) if isinstance(kind, str) else None
    return forms is not None and all(
        fit(event[name]) if name in event else name in OPTIONAL for name, fit in forms.items()
    )
