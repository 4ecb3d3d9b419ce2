"""Does every reply have the form that the description of the interface promises, whatever is sent?

schemathesis makes the requests from the description, valid and invalid ones; half of them are given
names that there are, so that they come further than "there is no such run".
"""

import json
from itertools import product
from pathlib import Path

import schemathesis
from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from requests import PreparedRequest, Request
from schemathesis import Case, GenerationMode, Response
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.hostile import Row
from tests.hostile.site import BEARER, HOST, SHIPPED, Reply, Site

CHECKS = [content_type_conformance, response_schema_conformance, status_code_conformance]
THERE = {"run": SHIPPED, "data": "photos", "bench": "rules-stl10"}
MOST = {"layer": 7, "unit": 64, "image": 300, "epoch": 31, "size": 96}
WIRE = {"method", "url", "headers", "params", "json", "data", "cookies"}
SECONDS = 30.0
MODES = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)


class Tally:
    """What became of the cases so far."""

    def __init__(self) -> None:
        self.tried = self.failed = self.drifted = self.answered = 0
        self.statuses: dict[int, int] = {}
        self.notes: dict[str, str] = {}

    def note(self, kind: str, case: Case, told: object) -> None:
        self.notes.setdefault(kind, f"{case.method} {case.formatted_path[:80]}: {str(told)[:300]}")


def conforms(home: Path, many: int, start: int = 0) -> list[Row]:
    """At least so many cases with the token and as many without, over all operations."""
    tally = Tally()
    with Site(home) as site:
        described = json.loads(site.ask("GET", "/api/openapi.json").body)
        schema = schemathesis.openapi.from_dict(described)
        operations = [result.ok() for result in schema.get_all_operations()]
        ways = list(product(operations, MODES))
        while tally.tried < many:
            each = -(-(many - tally.tried) // len(ways))
            for way in [*ways]:
                operation, mode = way
                try:
                    ask_all(site, operation.as_strategy(generation_mode=mode), tally, each, start)
                except Unsatisfiable:  # there is nothing invalid to send to it
                    ways.remove(way)
                if tally.tried >= many:
                    break
            start += 1
    counts = ", ".join(f"{n} x {status}" for status, n in sorted(tally.statuses.items()))
    return [
        Row("schema cases with the token: 5xx", tally.tried, tally.failed, noted(tally, "failed")),
        Row("the same: not as described", tally.tried, tally.drifted, noted(tally, "drifted")),
        Row(
            "schema cases without the token: answered",
            tally.tried,
            tally.answered,
            noted(tally, "answered") or f"with the token: {counts}",
        ),
    ]


def noted(tally: Tally, kind: str) -> str:
    return tally.notes.get(kind, "")


def ask_all(
    site: Site, cases: st.SearchStrategy[Case], tally: Tally, many: int, start: int
) -> None:
    """Send so many cases of one operation."""

    @seed(start)
    @settings(
        max_examples=many,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        verbosity=Verbosity.quiet,
    )
    @given(case=cases, there=st.booleans(), number=st.integers(0, 10**6))
    def each(case: Case, there: bool, number: int) -> None:
        if there:
            lead_somewhere(case, number)
        ask(site, case, tally)

    each()


def lead_somewhere(case: Case, number: int) -> None:
    """Put names and numbers that there are into a case."""
    for values in (case.path_parameters, case.query):
        for name in values or {}:
            if name in THERE:
                values[name] = THERE[name]
            elif name in MOST:
                values[name] = number % MOST[name]


def ask(site: Site, case: Case, tally: Tally) -> None:
    """Send a case with the token and without."""
    tally.tried += 1
    reply, request = sent(site, case, BEARER)
    tally.statuses[reply.status] = tally.statuses.get(reply.status, 0) + 1
    if reply.status >= 500:
        tally.failed += 1
        tally.note("failed", case, reply.body)
    headers = {name: [text] for name, text in reply.headers.items()}
    try:
        case.validate_response(
            Response(reply.status, headers, reply.body, request, elapsed=0.0, verify=False),
            checks=CHECKS,
        )
    except FailureGroup as failures:
        tally.drifted += 1
        tally.note("drifted", case, [str(failure) for failure in failures.exceptions])
    stranger, _ = sent(site, case, {"host": HOST})
    if stranger.status not in (401, 403, 429):
        tally.answered += 1
        tally.note("answered", case, stranger.status)


def sent(site: Site, case: Case, headers: dict[str, str]) -> tuple[Reply, PreparedRequest]:
    """The reply to a case, as its bytes would come over the wire."""
    kwargs = case.as_transport_kwargs(base_url=f"http://{HOST}")
    request = Request(**{k: v for k, v in kwargs.items() if k in WIRE}).prepare()
    given = {name.lower(): text for name, text in request.headers.items()}
    given = {name: as_text(text) for name, text in given.items()} | headers
    body = request.body or b""
    body = body.encode() if isinstance(body, str) else body
    return site.ask(request.method, request.path_url, given, body, seconds=SECONDS), request


def as_text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value
