"""Is every setting that no run can have refused in a sentence, and never acted upon?"""

import json
import random
from pathlib import Path
from typing import Any

from models.config import SETTINGS, Setting
from tests.hostile import Row
from tests.hostile.site import BEARER, Site

WRONG: list[Any] = [
    None,
    True,
    [],
    {},
    [1, 2],
    {"a": {"b": {"c": [[]]}}},
    {"_target_": "os.system", "_args_": ["true"]},
    "",
    "../../etc/passwd",
    "/etc",
    "file:///etc/passwd",
    "http://127.0.0.1:1/x.npz",
    "stl10:/etc",
    "${oc.env:HOME}",
    "__import__('os').system('true')",
    "!!python/object/apply:os.system ['true']",
    "\0",
    "\ud800",
    "é" * 9000,
    "clapp\n",
    "CLAPP",
    "nan",
    "1; true",
    -(2**63),
    2**63,
    10**400,
    1e300,
    -1e-300,
    1.5,
    -1,
]
BODIES: list[Any] = [
    None,
    True,
    7,
    "text",
    [],
    [{}],
    {"config": None},
    {"config": "clapp"},
    {"config": []},
    {"config": {}, "id": "mine"},
    {"config": {}, "run_dir": "/etc"},
    {"config": {}, "__class__": "x"},
    {"config": {}, "name": None},
    {"config": {}, "name": 7},
    {"config": {}, "name": "x" * 81},
    {"config": {}, "name": "a\0b"},
    {"config": {}, "name": "a\x1b[2Jb"},
    {"config": {}, "name": "\ud800"},
    {"config": {"": 1}},
    {"config": {"epoch": 1}},
    {"config": {"_target_": "os.system"}},
    {"config": {"data": {"$ref": "#"}}},
    {"config": {"x" * 9000: 1}},
    {"config": {"\ud800": 1}},
    {"config": {"keep": "0,-1"}},
    {"config": {"keep": "1" * 5000}},
    {"config": {"rule": "random", "steps": 3, "draw": "network"}},
    {"config": {"parallel": "layers", "rule": "cpc"}},
    {"config": {"update": "hebbian", "precision": "bfloat16"}},
    {"config": {"crop": 31}},
]
RAW = [b"{", b'{"config": {"epochs": 1}', b"\xff\xfe", b"\0", b'{"config": ' + b"9" * 5000 + b"}"]
RAW += [b"{'config': {}}", b'{"config": {"epochs": NaN}}', b"[" * 9000, b'"' + b"\\ud8" * 9 + b'"']


def impossible(row: Setting, value: Any) -> bool:
    """Whether no run can have this setting at this value."""
    if row.type in ("int", "float") and isinstance(value, int | float) and value is not True:
        whole = row.type == "float" or isinstance(value, int)
        low = row.minimum is not None and value < row.minimum
        return low or not whole or (row.maximum is not None and value > row.maximum)
    return not (row.name == "keep" and value == "")  # the first and the last are kept anyway


def hostile(many: int, seed: int = 0) -> list[bytes]:
    """So many bodies: all of those above, then wrong values of one to three settings."""
    draw = random.Random(seed)
    one = [{row.name: v} for row in SETTINGS for v in WRONG if impossible(row, v)]
    draw.shuffle(one)
    more = (dict(kv for c in draw.sample(one, 3) for kv in c.items()) for _ in range(many))
    bodies = [*RAW, *map(encoded, BODIES), *(encoded({"config": config}) for config in one)]
    return [*bodies, *(encoded({"config": config}) for config in more)][:many]


def encoded(value: Any) -> bytes:
    return json.dumps(value).encode()


def refused(home: Path, many: int) -> list[Row]:
    """Each body is refused with 4xx and a sentence, by both routes, and no run is made."""
    tried, bad, note = 0, 0, ""
    with Site(home) as site:
        runs = len(list((home / "runs").iterdir()))
        for body in hostile(many):
            for path in ("/api/runs", "/api/runs/estimate"):
                if path.endswith("estimate") and elsewhere(body):
                    continue
                reply = site.ask("POST", path, BEARER, body)
                told = reply.sentence
                fine = 400 <= reply.status < 500 and told and len(told) < 1000
                tried += 1
                if not fine or str(home) in told or "Traceback" in told:
                    bad += 1
                    note = note or f"{path} {body[:120]!r}: {reply.status} {reply.body[:200]!r}"
        made = len(list((home / "runs").iterdir())) - runs
    return [Row("hostile settings of a run", tried, bad + made, note)]


def elsewhere(body: bytes) -> bool:
    """Whether a body is about the data set, which an estimate does not look at."""
    return b'"data"' in body
