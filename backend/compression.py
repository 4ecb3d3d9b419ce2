"""Which replies are compressed: those that travel. Within one machine it would only cost time."""

from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from backend.security import LOOPBACK


class Compression:
    """Compresses what goes to another machine. plotly.js alone takes a tenth of a second."""

    def __init__(self, app: ASGIApp) -> None:
        self.app, self.packed = app, GZipMiddleware(app, minimum_size=2048, compresslevel=4)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        near = (scope.get("client") or ("", 0))[0] in LOOPBACK
        await (self.app if near else self.packed)(scope, receive, send)
