"""Start the page and its server."""

import argparse
import errno
import os
import socket
import sys
import threading
import webbrowser

from pydantic import SecretStr

from backend.cli.flags import home_flag, port_number, utf8
from backend.cli.stream import put
from backend.errors import RequestError
from backend.settings import Settings

WAITING = 128  # connections the system keeps until the server takes them
BROWSER = 60  # seconds within which a browser that was started must have come


def add(command: argparse.ArgumentParser) -> None:
    command.description = "Start the page and its server. Ctrl+C ends them; runs go on."
    command.add_argument("--host", help="address to listen on (default: 127.0.0.1)")
    command.add_argument("--port", type=port_number, help="port to listen on (default: 8000)")
    command.add_argument("--no-browser", action="store_true", help="do not open a browser")
    command.add_argument(
        "--token",
        help="what a request must carry, 32 letters or more, or auto: one that is made and kept in "
        "the home folder; others see what stands on a command line, so SACCADE_TOKEN is better",
    )
    command.add_argument(
        "--allowed-host",
        action="append",
        type=utf8,
        default=[],
        metavar="NAME[:PORT]",
        help="answer to this name too, as a proxy or a tunnel gives it (may be repeated)",
    )
    command.add_argument(
        "--no-work",
        action="store_true",
        help="only the page: runs are started and followed by `saccade work`",
    )
    command.add_argument(
        "--data",
        action="append",
        type=utf8,
        default=[],
        metavar="PATH",
        help="show this data set too: a .npz pack, a folder, or WORD:ROOT (may be repeated)",
    )
    home_flag(command)
    command.set_defaults(run=run)


def run(options: argparse.Namespace, settings: Settings) -> int:
    from backend.security import door, is_loopback
    from models.data import parse

    host = options.host or settings.host
    given = options.token or (settings.token and settings.token.get_secret_value())
    settings = settings.model_copy(
        update={
            "host": host,
            "token": SecretStr(door.chosen(given, is_loopback(host), host, settings.home)),
            "allowed_hosts": (*settings.allowed_hosts, *options.allowed_host),
            "work": settings.work and not options.no_work,
            "data": (*settings.data, *(str(parse(spec)) for spec in options.data)),
        }
    )
    os.environ.pop("SACCADE_TOKEN", None)  # runs have no use for it
    with listen(host, settings.port if options.port is None else options.port) as listening:
        settings = settings.model_copy(update={"port": listening.getsockname()[1]})
        try:
            serve(settings, listening, open_browser=not options.no_browser and has_screen())
        except KeyboardInterrupt:  # the usual way to end it, so all is well
            print("ended; runs at work go on, and the next start finds them")
    return 0


def serve(settings: Settings, listening: socket.socket, open_browser: bool) -> None:
    """Answer until Ctrl+C or SIGTERM."""
    from uvicorn import Config, Server

    from backend.app import create_app

    class Ending(Server):
        """Ends the streams of events with itself, which would keep it waiting."""

        def handle_exit(self, number, frame) -> None:
            app.state.service.closing.set()
            super().handle_exit(number, frame)

    app = create_app(settings)
    door, address = app.state.door, address_of(listening, settings)
    kept = f"what it keeps is in {settings.home}"
    print(f"Saccade is at {address}/  (Ctrl+C ends it; {kept})", flush=True)
    tell(f"to look at it, open this link, which works once: {address}{door.link()}")
    door.opened = lambda: tell(f"a browser came in; for another one: {address}{door.link()}")
    if open_browser:
        link = address + door.link(BROWSER)
        threading.Timer(0.3, webbrowser.open, (link,)).start()
    config = Config(
        app,
        log_level="critical",
        timeout_graceful_shutdown=2,
        server_header=False,
        proxy_headers=False,  # else whoever is on this computer could give any address as theirs
    )
    Ending(config).run(sockets=[listening])


def tell(line: str) -> None:
    put(f"{line}\n", sys.stdout)


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens. Raises RequestError if the address cannot be had."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
        family, kind, protocol, _, where = found[0]
        # With its protocol named, asyncio sends small replies at once (TCP_NODELAY).
        listening = socket.socket(family, kind, protocol)
    except (OSError, UnicodeError):
        raise RequestError(
            f"{host!r} is no address of this computer; leave --host out for 127.0.0.1"
        ) from None
    try:
        if os.name == "posix":
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(where)
        listening.listen(WAITING)
    except OSError as error:
        listening.close()
        raise RequestError(refused(host, port, error)) from None
    return listening


def refused(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"port {port} of {host} is in use, perhaps by another Saccade; end that, or choose "
            f"another port: saccade serve --port {port + 1 if port < 65535 else 8000}"
        )
    if error.errno == errno.EACCES:
        return f"port {port} may not be used by you; choose one above 1023 with --port"
    return f"{host} is no address of this computer ({error.strerror}); leave --host out"


def address_of(listening: socket.socket, settings: Settings) -> str:
    """Where to find the page: under the first further name if it listens on every address."""
    from backend.security.hosts import ANY_ADDRESS

    host, port = listening.getsockname()[:2]
    if host in ANY_ADDRESS:
        if settings.allowed_hosts:
            return f"http://{settings.allowed_hosts[0]}"
        host = "::1" if host == "::" else "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def has_screen() -> bool:
    """Whether opening a browser would show one: not in a container, not over a bare terminal."""
    if sys.platform in ("win32", "darwin"):
        return "SSH_CONNECTION" not in os.environ
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
