"""Is what a request sends small enough, JSON, and within reason?

Everything but an upload is one JSON text, which is read whole before its route sees it.
"""

import json
import math
import re
from typing import Any, NamedTuple

from starlette.datastructures import Headers
from starlette.types import Message, Receive

from backend.errors import MediaTypeError, NotFoundError, RequestError, TooLargeError

JSON_LIMIT = 2**20  # bytes
HEADERS_LIMIT = 2**14  # bytes of all headers together
DEPTH = 32  # lists and objects within each other


class Upload(NamedTuple):
    """A route that takes files; it reads them as they come and asks the same again of each."""

    path: re.Pattern[str]
    types: tuple[str, ...]
    limit: int  # bytes


FILES = re.compile(r"/api/uploads/[0-9a-f]+/files/[^/]+|/api/examples")
UPLOADS = (Upload(FILES, ("application/octet-stream",), 2**30),)  # routes whose body is not JSON


async def checked(path: str, headers: Headers, receive: Receive) -> Receive:
    """A `receive` for the route. Raises TooLargeError, MediaTypeError or RequestError."""
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    upload = next((row for row in UPLOADS if row.path.fullmatch(path)), None)
    limit = upload.limit if upload else JSON_LIMIT
    check_length(headers, limit)
    if upload:
        if kind not in upload.types:
            raise MediaTypeError(f"{path} takes {' or '.join(upload.types)}, not {kind[:80]!r}")
        return counted(receive, limit)
    body = await body_of(receive, limit)
    if body:
        if kind != "application/json":
            raise MediaTypeError(
                f"a request is JSON, with content-type application/json, not {kind[:80]!r}"
            )
        check_json(body)
    return replay(body, receive)


def check_headers(path: str, headers: Headers) -> None:
    """Raises TooLargeError for more than a browser sends; a long Range is slow to understand.

    Raises NotFoundError for a control character in the address, which no address here has: to
    some patterns a line ends before its last newline.
    """
    if any(letter < " " or letter == "\x7f" for letter in path):
        raise NotFoundError("there is nothing at an address with control characters")
    if sum(len(name) + len(value) for name, value in headers.raw) > HEADERS_LIMIT:
        raise TooLargeError(f"the headers may have at most {HEADERS_LIMIT} bytes; send less")


def check_length(headers: Headers, limit: int = JSON_LIMIT) -> None:
    """Raises TooLargeError for a length that is told and too great, or is no number."""
    length = headers.get("content-length", "0")
    if not length.isdecimal() or len(length) > 18 or int(length) > limit:
        raise too_large(limit)


async def body_of(receive: Receive, limit: int) -> bytes:
    """The body of a request, read only until it is over the limit. Raises TooLargeError."""
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > limit:
            raise too_large(limit)
    return body


def check_json(body: bytes) -> None:
    """Raises RequestError for JSON that no one means; what is no JSON the route tells itself."""
    try:
        value = json.loads(body, parse_constant=not_finite, parse_float=finite)
    except RecursionError:
        raise too_deep() from None
    except ValueError:
        return
    level = [value]
    for _ in range(DEPTH + 1):
        level = [inner for outer in level for inner in inside(outer)]
    if level:
        raise too_deep()


def inside(value: Any) -> list[Any]:
    """What a list or an object holds; itself as nothing."""
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def finite(text: str) -> float:
    return value if math.isfinite(value := float(text)) else not_finite(text)


def not_finite(text: str) -> float:
    raise RequestError(f"{text[:40]} is no number that JSON has; give a finite one")


def replay(body: bytes, receive: Receive) -> Receive:
    """A `receive` that hands over a body that was read already."""
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return waiting.pop() if waiting else await receive()

    return again


def counted(receive: Receive, limit: int) -> Receive:
    """A `receive` that ends an upload with TooLargeError once it is over the limit."""
    read = 0

    async def next_part() -> Message:
        nonlocal read
        message = await receive()
        read += len(message.get("body", b""))
        if read > limit:
            raise too_large(limit)
        return message

    return next_part


def too_large(limit: int) -> TooLargeError:
    return TooLargeError(f"a request may have at most {limit} bytes here; send less")


def too_deep() -> RequestError:
    return RequestError(f"lists and objects lie more than {DEPTH} deep; send a flatter text")
