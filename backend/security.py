"""Who may talk to the server, how much they may send, and what the browser is told to forbid.

One ASGI layer around everything: Host, then Origin, then size, then the reply's headers. There is
no CORS: a page from another origin can neither read nor change anything.
"""

import ipaddress
import re
import socket
from collections.abc import Iterable

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend.errors import RefusedError, SaccadeError, TooLargeError

BODY_LIMIT = 2**20  # bytes
STREAM_LIMIT = 2**30  # of a body that is written to the disk as it comes, never held
STREAMED = re.compile(r"/api/uploads/[0-9a-f]+/files/[0-9]+|/api/examples")
SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
LOOPBACK = ("localhost", "127.0.0.1", "::1")
ANY_ADDRESS = {"0.0.0.0", "::"}
HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::[0-9]{1,5})?")

# plotly.js: its WebGL needs eval, its mode bar one empty style element (the hash) and style
# attributes.
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self' 'unsafe-eval'",
        "style-src-elem 'self' 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='",
        "style-src-attr 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "connect-src 'self'",
        "font-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


class Guard:
    """Lets a request pass if it comes to a known host, from our own page, and is small enough.

    `refuse` makes the reply to a request that may not pass.
    """

    def __init__(self, app: ASGIApp, hosts: "Hosts", refuse) -> None:
        self.app, self.hosts, self.refuse = app, hosts, refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        streamed = STREAMED.fullmatch(scope["path"])
        limit = STREAM_LIMIT if streamed else BODY_LIMIT
        refusal = self.refusal(scope["method"], Headers(scope=scope), limit)
        if not refusal and scope["method"] not in SAFE_METHODS and not streamed:
            body = await body_of(receive)
            receive = replay(body, receive)
            refusal = too_large(limit) if len(body) > limit else None
        app = self.refuse(refusal) if refusal else self.app

        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                reply = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    reply[name] = value
                reply.setdefault("cache-control", "no-store")
            await send(message)

        await app(scope, receive, marked)

    def refusal(self, method: str, headers: Headers, limit: int) -> SaccadeError | None:
        """Why a request may not pass, or None."""
        host = headers.get("host", "")
        if not self.hosts.knows(host):
            return RefusedError(
                f"this server does not answer to the host {host[:80]!r}; open it under "
                "127.0.0.1 or localhost, or name the host in SACCADE_ALLOWED_HOSTS"
            )
        if method not in SAFE_METHODS and not from_own_page(headers, host):
            return RefusedError("only Saccade's own page may change something; open it and retry")
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > limit:
            return too_large(limit)
        return None


class Hosts:
    """The names that a request may give in its Host header, whatever the port.

    A name that someone else's server can point at this machine is never among them. Where the
    server listens on every address, addresses in figures are known too: no such name hides there.
    """

    def __init__(self, bound: str, further: Iterable[str] = ()) -> None:
        self.any_address = bound in ANY_ADDRESS
        names = [*LOOPBACK, *further, socket.gethostname() if self.any_address else bound]
        self.names = {name.lower().strip("[]") for name in names}

    def knows(self, host: str) -> bool:
        match = HOST.fullmatch(host.lower())
        name = match[1].strip("[]") if match else ""
        return name in self.names or (self.any_address and is_address(name))


def from_own_page(headers: Headers, host: str) -> bool:
    """Whether a browser says that its page is ours. What is no browser sends neither header."""
    origin = headers.get("origin")
    if origin is not None:
        return origin.lower() in {f"http://{host}".lower(), f"https://{host}".lower()}
    return headers.get("sec-fetch-site", "same-origin") in {"same-origin", "none"}


def is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


async def body_of(receive: Receive) -> bytes:
    """The body of a request, read only until it is over the limit."""
    body, more = b"", True
    while more and len(body) <= BODY_LIMIT:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body


def replay(body: bytes, receive: Receive) -> Receive:
    """A `receive` that hands over a body that was read already."""
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return waiting.pop() if waiting else await receive()

    return again


def too_large(limit: int) -> TooLargeError:
    return TooLargeError(f"a request may have at most {limit} bytes; send less")
