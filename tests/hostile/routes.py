"""Is every method of every route closed to other pages, to other hosts and to who has no token?"""

import re
from pathlib import Path

from tests.hostile import Row
from tests.hostile.site import BEARER, HOST, SHIPPED, Site

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "BREW")
ELSEWHERE = (
    {"origin": "http://evil.example"},
    {"origin": "null"},
    {"origin": "http://127.0.0.1:9000"},
    {"origin": "https://localhost"},
    {"origin": f"http://{HOST}.evil.example"},
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site"},
    {"origin": f"http://{HOST}", "sec-fetch-site": "cross-site"},
)
HOSTS = (
    "evil.example",
    "evil.example:8000",
    "127.0.0.1",
    "127.0.0.1:9000",
    f"{HOST}.evil.example",
    f"evil.example@{HOST}",
    "",
)
NO_TOKEN = (
    {},
    {"authorization": ""},
    {"cookie": "saccade-8000=" + "0" * 64},
    {"cookie": "saccade-8000="},
    {"sec-fetch-site": "same-origin", "origin": f"http://{HOST}"},
)
FILLED = {"run": SHIPPED, "data": "photos", "bench": "rules-stl10", "path": "main.js"}


def filled(path: str) -> str:
    """An address that there is."""
    return re.sub(r"{(\w+)}", lambda name: FILLED.get(name[1], "1"), path)


def closed(home: Path) -> list[Row]:
    """Every (method, route) with each kind of stranger."""
    with Site(home) as site:
        pairs = [(method, filled(path)) for path in paths(site) for method in METHODS]
        foreign = [BEARER | headers for headers in ELSEWHERE]
        hosts = [BEARER | {"host": host} for host in HOSTS]
        without = [{"host": HOST} | headers for headers in NO_TOKEN]
        return [
            refused(site, "(method, route) from another origin", pairs, foreign, {403}),
            refused(site, "(method, route) with a wrong Host", pairs, hosts, {403}),
            refused(site, "(method, route) without the token", pairs, without, {401, 429}),
        ]


def paths(site: Site) -> list[str]:
    return sorted({path for _, path in site.routes()}) + ["/api/nothing", "/nothing"]


def refused(
    site: Site,
    what: str,
    pairs: list[tuple[str, str]],
    strangers: list[dict[str, str]],
    answers: set[int],
) -> Row:
    tried, bad, note = 0, 0, ""
    for method, path in pairs:
        for headers in strangers:
            reply = site.ask(method, path, headers)
            tried += 1
            if reply.status not in answers:
                bad += 1
                note = note or f"{method} {path} with {headers}: {reply.status}"
    return Row(what, tried, bad, note)
