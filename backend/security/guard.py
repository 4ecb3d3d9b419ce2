"""The one layer around everything: host, origin, token, size, rate, and then the route.

There is no CORS: a page from another origin can neither read nor change anything.
"""

from collections.abc import Callable

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend.errors import SaccadeError
from backend.security import bodies
from backend.security.door import Door
from backend.security.hosts import SAFE_METHODS, Hosts, check_origin
from backend.security.rates import IS_STREAM, Rates

# plotly.js: its mode bar needs one empty style element (the hash) and style attributes.
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
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
NOT_ALLOWED = 1008  # close code of a WebSocket


class Guard:
    """Lets a request pass to the route, or answers it.

    refuse: makes the answer to a request that may not pass.
    """

    def __init__(
        self,
        app: ASGIApp,
        hosts: Hosts,
        door: Door,
        rates: Rates,
        refuse: Callable[[SaccadeError, Headers], ASGIApp],
    ) -> None:
        self.app, self.hosts, self.door, self.rates, self.refuse = app, hosts, door, rates, refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":  # no route has one
            await send({"type": "websocket.close", "code": NOT_ALLOWED})
        elif scope["type"] != "http":
            await self.app(scope, receive, send)
        else:
            await self.answer(scope, receive, marked(send))

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers, is_stream = Headers(scope=scope), bool(IS_STREAM.fullmatch(scope["path"]))
        try:
            app, receive = await self.passed(scope, headers, receive)
            if is_stream:
                self.rates.begin_stream()
        except SaccadeError as error:
            await self.refuse(error, headers)(scope, receive, send)
            return
        try:
            await app(scope, receive, send)
        finally:
            if is_stream:
                self.rates.end_stream()

    async def passed(
        self, scope: Scope, headers: Headers, receive: Receive
    ) -> tuple[ASGIApp, Receive]:
        """Who answers a request, and how its body is read. Raises SaccadeError: no one may."""
        method, address = scope["method"], (scope.get("client") or ("",))[0]
        self.hosts.check(headers.get("host", ""))
        check_origin(method, headers)
        if login := self.door.login(scope, headers, address):
            return login, receive
        self.door.check(method, headers, address)
        bodies.check_headers(scope["path"], headers)
        if method in SAFE_METHODS:
            bodies.check_length(headers)
        else:
            receive = await bodies.checked(scope["path"], headers, receive)
        self.rates.take(address)
        return self.app, receive


def marked(send: Send) -> Send:
    """A `send` that gives every reply what the browser is to forbid."""

    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            reply = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                reply[name] = value
            reply.setdefault("cache-control", "no-store")
        await send(message)

    return sent
