"""Does a name in an address ever become a path? Spellings of files that no one may ask for."""

import random
import re
from itertools import product
from pathlib import Path

from tests.hostile import Row
from tests.hostile.site import SHIPPED, Site

UPS = ["..", "%2e%2e", ".%2e", "%252e%252e", "..%00", "..;", "....", "%c0%ae%c0%ae", "%uff0e%uff0e"]
UPS += ["%ef%bc%8e%ef%bc%8e", "\u2025".encode().decode("latin-1"), ".. ", "..%0a", "..%09", "."]
SEPARATORS = ["/", "%2f", "%2F", "%252f", "%25252f", "\\", "%5c", "%255c", "//", "%2f%2f", "/./"]
SEPARATORS += ["%c0%af", "%e0%80%af", "%ef%bc%8f", "%u2215", "%00/", ";/", "/%5c"]
TARGETS = ["etc/passwd", "token", "saccade.db", "runs", "backend/app.py", "README.md", "run.json"]
TARGETS += ["package.json", "config.py", "checkpoints/epoch-0030.safetensors", ".git/config"]
HERE = "\0"  # where a spelling goes
WHOLE = Path(__file__).with_name("spellings.txt").read_text(encoding="utf-8").splitlines()


def spellings(many: int, seed: int = 0) -> list[str]:
    """So many different spellings: all of spellings.txt, then ways up to a target."""
    draw = random.Random(seed)
    ways = [(up + sep) * deep for up, sep, deep in product(UPS, SEPARATORS, (1, 2, 3, 6, 12))]
    made = [way + draw.choice(TARGETS) for way in ways]
    made += [f"{SHIPPED}{sep}{way}{draw.choice(TARGETS)}" for sep in "/\\" for way in ways]
    made += [draw.choice(WHOLE) + "a" * 10**k for k in (2, 3)]
    draw.shuffle(made)
    return list(dict.fromkeys(WHOLE + made))[:many]


def places(site: Site) -> list[tuple[str, str]]:
    """Where a name may stand in an address: (method, address with one HERE)."""
    found = [("GET", f"/{HERE}"), ("GET", f"/api/{HERE}")]
    for method, path in site.routes():
        for name in re.findall(r"{(\w+)}", path):
            filled = path.replace(f"{{{name}}}", HERE, 1)
            filled = filled.replace("{run}", SHIPPED).replace("{data}", "photos")
            found.append((method, re.sub(r"{\w+}", "1", filled)))
    for what in ("atlas?split", "atlas?size", "images/1?size", "images/1?box"):
        found.append(("GET", f"/api/datasets/photos/{what}={HERE}"))
    return [*found, ("GET", f"/api/runs/{SHIPPED}/layers?epoch={HERE}")]


def traversal(home: Path, many: int) -> list[Row]:
    """Each spelling in each place: nothing is served, nothing fails inside."""
    tried, bad, note = 0, 0, ""
    with Site(home) as site:
        for method, place in places(site):
            targets = [place.replace(HERE, spelling) for spelling in spellings(many)]
            replies = site.ask_each((method, target) for target in targets)
            for target, reply in zip(targets, replies, strict=True):
                tried += 1
                if not (400 <= reply.status < 500 and reply.sentence):
                    bad += 1
                    note = note or f"{method} {target[:120]}: {reply.status} {reply.body[:120]!r}"
    what = f"{min(many, tried)} path spellings on every route that takes a name"
    return [Row(what, tried, bad, note)]
