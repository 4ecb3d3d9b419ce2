"""Does a request carry the token, or the cookie that a browser was given for it?

A token is kept in HOME/token, readable by its owner alone. Scripts send it as it is. A browser
comes once with `/?token=` and either the token or a link's code, and goes on with a cookie; what
the cookie says is made from the token but does not tell it. A link's code works once, since links
are seen by others: in a list of processes, in a history, in a log.
"""

import hmac
import os
import re
import secrets
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.responses import RedirectResponse, Response

from backend.errors import ConfigError, NoTokenError, RefusedError
from backend.security.hosts import SAFE_METHODS
from backend.security.rates import Failed

AUTO = "auto"  # the word for a token that Saccade makes and keeps
TOKEN = re.compile(r"[A-Za-z0-9_-]{32,200}")
BYTES = 32  # random ones in a token or a link
LASTS = 30 * 24 * 3600  # seconds that a browser keeps the cookie
EXPOSED = (
    "with --host {host} other computers can reach Saccade, so it wants a token: add --token auto "
    "to have one made and kept in {home}/token, or give your own in SACCADE_TOKEN"
)


class Door:
    """Lets in who knows the token; everyone where there is none (an application in a test).

    port: in the cookie's name, since a browser gives the cookies of a host to all of its ports.
    """

    def __init__(
        self, token: str | None, port: int, now: Callable[[], float] = time.monotonic
    ) -> None:
        self.token, self.now = token, now
        self.cookie = f"saccade-{port}"
        self.session = hmac.digest((token or "").encode(), self.cookie.encode(), "sha256").hex()
        self.links: dict[str, float] = {}  # codes that were not used yet -> when they end
        self.failed = Failed(now)
        self.opened: Callable[[], None] = lambda: None  # called when a link was used

    def link(self, seconds: float = float("inf")) -> str:
        """The address, after the host, that lets one browser in, once."""
        code = secrets.token_urlsafe(BYTES)
        self.links[code] = self.now() + seconds
        return f"/?token={code}"

    def check(self, method: str, headers: Headers, address: str) -> None:
        """Raises NoTokenError, TooOftenError after failures, or RefusedError."""
        if self.token is None:
            return
        given = headers.get("authorization")
        if given is None and self.has_cookie(headers):
            if method not in SAFE_METHODS and not {"origin", "sec-fetch-site"} & set(headers):
                raise RefusedError(
                    "a browser that changes something must say which page asks, and this one does "
                    "not; use a newer browser, or send the token as Authorization: Bearer TOKEN"
                )
            return
        if given is None:
            raise NoTokenError(
                "this Saccade wants a token; open the link that it printed when it started, or "
                "send Authorization: Bearer TOKEN (the token is in the file `token` of its home)"
            )
        kind, _, token = given.partition(" ")
        if kind.lower() != "bearer" or not same(token.strip(), self.token):
            self.failed.note(address)
            raise NoTokenError(
                "this is not the token of this Saccade; it is in the file `token` of its home, or "
                "what SACCADE_TOKEN was when it started"
            )

    def login(self, scope: dict, headers: Headers, address: str) -> Response | None:
        """The answer to a browser that comes with `/?token=`: a cookie, and the address without it.

        None where it comes with something else. Raises NoTokenError or TooOftenError.
        """
        if self.token is None or (scope["method"], scope["path"]) != ("GET", "/"):
            return None
        given = parse_qs(scope["query_string"].decode("latin-1")).get("token")
        if not given:
            return None
        if not (self.spend(given[0]) or same(given[0], self.token) or self.has_cookie(headers)):
            self.failed.note(address)
            raise NoTokenError(
                "this link was used before, or is not of this Saccade; take the newest one that it "
                "printed, or enter its token"
            )
        reply = RedirectResponse("/", 303)
        reply.set_cookie(self.cookie, self.session, LASTS, httponly=True, samesite="strict")
        return reply

    def has_cookie(self, headers: Headers) -> bool:
        """Whether one of the cookies is ours; another server of the host may have set its like."""
        pairs = (pair.strip().partition("=") for pair in headers.get("cookie", "").split(";"))
        return any([same(value, self.session) for name, _, value in pairs if name == self.cookie])

    def spend(self, code: str) -> bool:
        """Use up a link; False where it was used, has ended, or never was one."""
        fits = [own for own in self.links if same(code, own)]
        ends = self.links.pop(fits[0]) if fits else 0.0
        if self.now() >= ends:
            return False
        self.opened()
        return True


def same(given: str, wanted: str) -> bool:
    """Whether two texts are equal, in a time that tells nothing of where they differ."""
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), wanted.encode())


def chosen(given: str | None, host_is_local: bool, host: str, home: Path) -> str:
    """The token of a server that starts. Raises ConfigError where it must be given and is not."""
    if given and given != AUTO:
        if not TOKEN.fullmatch(given):
            raise ConfigError(
                "a token has 32 to 200 letters, digits, - and _, such as `openssl rand -hex 32` "
                "makes; give such a one, or --token auto"
            )
        return given
    if not given and not host_is_local:
        raise ConfigError(EXPOSED.format(host=host, home=home))
    return kept(home / "token")


def kept(path: Path) -> str:
    """The token of a file; a new one where there is none, or where others could have read it."""
    try:
        text, mode = path.read_text(encoding="ascii").strip(), path.stat().st_mode
        if TOKEN.fullmatch(text) and (os.name != "posix" or not mode & 0o077):
            return text
    except (OSError, UnicodeDecodeError):
        pass
    token, new = secrets.token_urlsafe(BYTES), path.with_suffix(".new")
    path.parent.mkdir(parents=True, exist_ok=True)
    new.unlink(missing_ok=True)
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(f"{token}\n")
    os.replace(new, path)
    return token
