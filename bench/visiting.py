"""The pages over HTTP: what the server says it took, and what the visitor waited."""

from __future__ import annotations

import csv
import io
import re
import time
from collections.abc import Iterable, Iterator
from http.client import HTTPConnection
from typing import NamedTuple
from urllib.parse import quote, urlencode

from bench.drawing import Span, newest_rows, scattered_rows, span_of
from bench.programs import Failed, serving
from bench.table import Figure, Goal, percentile, quantity
from bench.workplace import Workplace, reader, tell

RESULTS = Goal(150, at_most=True)
MESSAGE = Goal(50, at_most=True)
_SERVER_TIME = re.compile(r"\bapp;dur=([\d.]+)")
_STATUSES = ("failed", "bounced", "deferred", "delivered", "rejected")


class Visit(NamedTuple):
    """One page: milliseconds in the server and for the visitor, and the body."""

    server_ms: float
    waited_ms: float
    body: bytes


def visit(conn: HTTPConnection, address: str) -> Visit:
    """Get a page over a connection that stays open. Raises Failed unless it answers 200."""
    began = time.perf_counter()
    conn.request("GET", address, headers={"Accept-Language": "en"})
    response = conn.getresponse()
    body = response.read()
    waited = (time.perf_counter() - began) * 1000
    if response.status != 200:
        raise Failed(f"{address} answered {response.status}")
    told = _SERVER_TIME.search(response.getheader("Server-Timing", ""))
    return Visit(float(told[1]) if told else waited, waited, body)


def pages(place: Workplace) -> Iterator[Figure]:
    """Results pages of several kinds and message pages of the whole time."""
    with reader(place.home) as store:
        span = span_of(store)
        searches = _searches(
            place, [row.recipient for row in newest_rows(store, place.sizes.pages)]
        )
        messages = [f"/m/{quote(row.id)}" for row in scattered_rows(store, 2 * place.sizes.pages)]
    tell("serving the pages")
    with serving(place.home) as port:
        conn = HTTPConnection("127.0.0.1", port, timeout=120)
        all_results: list[Visit] = []
        for kind, queries in searches.items():
            taken = _visits(conn, [_address("/trace", query, span) for query in queries])
            all_results += taken
            yield _figure(f"results page of 48 h: {kind}", place, taken, None)
        yield _figure("results page of 48 h: all of these", place, all_results, RESULTS)
        yield _figure("message page", place, _visits(conn, messages), MESSAGE)
        yield _download(conn, place, span)
        conn.close()


def _searches(place: Workplace, people: list[str]) -> dict[str, list[str]]:
    domains = [address.partition("@")[2] for address in people]
    statuses = [_STATUSES[n % len(_STATUSES)] for n in range(place.sizes.pages)]
    return {
        "everything": [""] * place.sizes.pages,
        "one recipient": [f"to:{address}" for address in people],
        "a recipient's domain": [f"to:@{domain}" for domain in domains],
        "a status": [f"status:{status}" for status in statuses],
    }


def _address(path: str, query: str, span: Span) -> str:
    asked = {"q": query, "since": span.since, "until": span.until}
    return f"{path}?{urlencode({name: text for name, text in asked.items() if text})}"


def _visits(conn: HTTPConnection, addresses: Iterable[str]) -> list[Visit]:
    wanted = list(addresses)
    visit(conn, wanted[0])  # templates get compiled
    return [visit(conn, address) for address in wanted]


def _figure(what: str, place: Workplace, taken: list[Visit], goal: Goal | None) -> Figure:
    server = [one.server_ms for one in taken]
    waited = percentile([one.waited_ms for one in taken], 95)
    note = f"p50 {quantity(percentile(server, 50), 'ms')}; visitor p95 {quantity(waited, 'ms')}"
    p95 = percentile(server, 95)
    return Figure(f"{what}, server time p95", place.on_scaled, (p95,), "ms", goal, note)


def _download(conn: HTTPConnection, place: Workplace, span: Span) -> Figure:
    taken = visit(conn, _address("/trace.csv", "", span))
    rows = sum(1 for _ in csv.reader(io.StringIO(taken.body.decode(), newline=""))) - 1
    note = f"{rows:,} rows in {quantity(taken.waited_ms / 1000, 's')}"
    rate = rows / taken.waited_ms * 1000
    return Figure("CSV of 48 h over HTTP", place.on_scaled, (rate,), "rows/s", None, note)
