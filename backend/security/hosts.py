"""Is a request for this server, and does it come from the server's own page or from no page?"""

import ipaddress
import re
import socket
from collections.abc import Iterable

from starlette.datastructures import Headers

from backend.errors import RefusedError

SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
LOOPBACK = ("localhost", "127.0.0.1", "::1")
ANY_ADDRESS = {"0.0.0.0", "::"}
HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::([0-9]{1,5}))?")
OWN_SITES = {"same-origin", "none"}  # `none`: typed, or opened by a program


class Hosts:
    """The names that a request may give in its Host header, each with its port.

    A name that someone else's server can point at this machine is never among them. Where the
    server listens on every address, addresses in figures are known too: no such name hides there.
    further: names that a proxy or a tunnel gives; one without a port is known with ours and with
    none.
    """

    def __init__(self, bound: str, port: int, further: Iterable[str] = ()) -> None:
        self.port, self.any_address = port, bound in ANY_ADDRESS
        own = [*LOOPBACK, socket.gethostname() if self.any_address else bound]
        self.known = {(name.lower().strip("[]"), port) for name in own}
        if port == 80:
            self.known |= {(name, None) for name, _ in self.known}
        for host in further:
            name, given = split(host)
            self.known |= {(name, given)} if given else {(name, None), (name, port)}

    def knows(self, host: str) -> bool:
        name, port = split(host)
        figures = self.any_address and is_address(name)
        return (name, port) in self.known or (figures and (port or 80) == self.port)

    def check(self, host: str) -> None:
        """Raises RefusedError for a host that is not this server."""
        if not self.knows(host):
            raise RefusedError(
                f"this server does not answer to the host {host[:80]!r}; open it under the address "
                "that it printed, or name the host with --allowed-host or SACCADE_ALLOWED_HOSTS"
            )


def split(host: str) -> tuple[str, int | None]:
    """Name and port of a host; the name is empty where the text is no host."""
    match = HOST.fullmatch(host.lower())
    if not match:
        return "", None
    return match[1].strip("[]"), int(match[2]) if match[2] else None


def check_origin(method: str, headers: Headers) -> None:
    """Raises RefusedError where a browser says that another page asks, whatever it asks for.

    What is no browser sends neither header, and no browser lets a page forge them.
    """
    host, origin, site = (headers.get(name) for name in ("host", "origin", "sec-fetch-site"))
    own = {f"http://{host}".lower(), f"https://{host}".lower()}
    sites = OWN_SITES if method in SAFE_METHODS else {"same-origin"}
    foreign = origin is not None and origin.lower() not in own
    if foreign or (site is not None and site not in sites):
        raise RefusedError(
            "only Saccade's own page may ask for this, not one from elsewhere; open the address "
            "of Saccade itself"
        )


def is_loopback(host: str) -> bool:
    """Whether only this computer can reach what listens there."""
    return host in LOOPBACK or (is_address(host) and ipaddress.ip_address(host).is_loopback)


def is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
