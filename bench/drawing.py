"""Drawing from a store what to ask it for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from random import Random

from sqlalchemy import Connection

from tracer.exports.as_json import time_text
from tracer.model import DAY_US, Row
from tracer.query import EVERYTHING, SearchQuery
from tracer.store import days, deliveries, sources
from tracer.store.driver import fetch

WINDOW_US = 2 * DAY_US
_ORDINARY = re.compile(r"[\w.+=-]+@[\w.-]+", re.ASCII)  # needs no quotation marks in a query
_SEED = 20_261_122


@dataclass(frozen=True, slots=True)
class Span:
    """From the oldest to the newest time of a store, microseconds UTC."""

    oldest_us: int
    newest_us: int

    @property
    def since(self) -> str:
        """48 hours before the newest, as text."""
        return time_text(self.newest_us - WINDOW_US) or ""

    @property
    def until(self) -> str:
        """Just after the newest, as text."""
        return time_text(self.newest_us + 1_000_000) or ""


@dataclass(frozen=True, slots=True)
class Stored:
    """How much a store holds."""

    lines: int  # that were read into it
    messages: int
    rows: int  # deliveries that a search shows
    days: float


def stored_in(conn: Connection) -> Stored:
    """How much a store holds, counted."""
    span = span_of(conn)
    listed = days.live(conn)
    messages = sum(fetch(conn, f"SELECT count(*) FROM hops_{day}", ())[0][0] for day in listed)
    return Stored(
        sum(state.lines for state in sources.freshness(conn)),
        messages,
        deliveries.count(conn, SearchQuery(EVERYTHING, None, None, "")),
        (span.newest_us - span.oldest_us) / DAY_US,
    )


def span_of(conn: Connection) -> Span:
    """What a store covers; raises ValueError if it is empty."""
    states = sources.freshness(conn)
    oldest = [state.first_us for state in states if state.first_us is not None]
    newest = [state.complete_until_us for state in states if state.complete_until_us is not None]
    if not newest:
        raise ValueError("the store is empty")
    return Span(min(oldest), max(newest))


def newest_rows(conn: Connection, how_many: int, span_us: int = DAY_US) -> list[Row]:
    """Rows of the newest day at random, so that busy people come up as often as in life."""
    since_us = span_of(conn).newest_us - span_us
    rows = deliveries.rows(conn, SearchQuery(EVERYTHING, since_us, None, ""))
    ordinary = [row for row in rows if _ORDINARY.fullmatch(row.recipient)]
    return Random(_SEED).choices(ordinary, k=how_many)


def scattered_rows(conn: Connection, how_many: int) -> list[Row]:
    """Rows at random times of the whole store."""
    span, random = span_of(conn), Random(_SEED)
    found: list[Row] = []
    while len(found) < how_many:
        until_us = random.randint(span.oldest_us, span.newest_us) + 1_000_000
        query = SearchQuery(EVERYTHING, None, until_us, "")
        found += deliveries.search(conn, query, limit=1).rows
    return found
