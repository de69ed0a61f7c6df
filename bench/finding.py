"""Searching inside the process: one recipient in 48 hours, against ripgrep and against time."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from statistics import median

from sqlalchemy import Connection

from bench.drawing import newest_rows, span_of
from bench.programs import found, seconds
from bench.table import Figure, Goal, percentile, quantity
from bench.workplace import Workplace, reader, tell
from tracer.query import SearchQuery, parse_query
from tracer.store import deliveries

SEARCH = Goal(1.0, at_most=True)
AGAINST_RG = Goal(100)
OLD_AGAINST_NEW = Goal(1.5, at_most=True)
_LIMIT = 50
_WHAT = "one recipient in 48 h, newest 50, inside the process"


def recipient(place: Workplace) -> Iterator[Figure]:
    """The time of one search, and how often it fits into ripgrep over the log."""
    with reader(place.home) as conn:
        drawn = _drawn(conn, place.sizes.calls)
        now_us = span_of(conn).newest_us
        queries = [_query(address, now_us) for address in drawn]
        took = [_search_ms(conn, query) for query in queries]
        typed = [_typed_ms(conn, address, now_us) for address in drawn]
    p95, note = percentile(took, 95), _p50_note(took)
    yield Figure(f"{_WHAT}, p95", place.on_scaled, (p95,), "ms", SEARCH, note)
    p95_typed, note = percentile(typed, 95), _p50_note(typed)
    yield Figure(
        "the same with the query's text read", place.on_scaled, (p95_typed,), "ms", None, note
    )
    yield _against_rg(place, drawn, p95)


def _against_rg(place: Workplace, drawn: Sequence[str], p95_ms: float) -> Figure:
    what = "the same p95, times faster than `rg -c -F`"
    rg = found("rg")
    if not rg:
        note = "this machine has no ripgrep"
        return Figure(what, place.on_scaled, goal=AGAINST_RG, note=note)
    tell("ripgrep over the scaled log")
    log = str(place.scaled)
    seconds([rg, "-c", "-F", drawn[0], log], fine=(0, 1))  # brings the log into memory
    wanted = drawn[: place.sizes.runs]
    took_ms = [1000 * seconds([rg, "-c", "-F", one, log], fine=(0, 1)) for one in wanted]
    note = f"ripgrep {quantity(median(took_ms), 'ms')}"
    times = tuple(one / p95_ms for one in took_ms)
    return Figure(what, place.on_scaled, times, "x", AGAINST_RG, note)


def growth(place: Workplace) -> Iterator[Figure]:
    """The same searches in turn in a store of one day and in the whole.

    Both have been read alike before, and both show as many rows: in two days the same people
    get more mail than in one, and what is measured is how much longer it takes to find.
    """
    with reader(place.day_home) as of_day, reader(place.home) as of_all:
        stores = [(conn, span_of(conn).newest_us) for conn in (of_day, of_all)]
        drawn, _ = (_newest_recipients(conn, place.sizes.calls) for conn in (of_day, of_all))
        pages = [
            min(_rows(conn, _query(address, now_us)) for conn, now_us in stores)
            for address in drawn
        ]
        asked = [
            [_search_ms(conn, _query(address, now_us), limit) for conn, now_us in stores]
            for address, limit in zip(drawn, pages, strict=True)
            if limit
        ]
    day, whole = [one for one, _ in asked], [other for _, other in asked]
    for percent in (50, 95):
        one, other = percentile(day, percent), percentile(whole, percent)
        note = (
            f"{quantity(other, 'ms')}, in one day's store {quantity(one, 'ms')}; "
            "pages of the same length"
        )
        what = f"{_WHAT}, p{percent} with {place.scaled_days:.0f} days against 1 day"
        yield Figure(what, place.on_scaled, (other / one,), "x", OLD_AGAINST_NEW, note)


def _drawn(conn: Connection, how_many: int) -> list[str]:
    addresses = _newest_recipients(conn, how_many)
    for address in addresses[:20]:
        _search_ms(conn, _query(address, span_of(conn).newest_us))  # statements get prepared
    return addresses


def _newest_recipients(conn: Connection, how_many: int) -> list[str]:
    """Recipients of the newest day; all its rows have been read then."""
    return [row.recipient for row in newest_rows(conn, how_many)]


def _query(address: str, now_us: int) -> SearchQuery:
    return parse_query(f"to:{address}", now_us=now_us, since="48h")


def _rows(conn: Connection, query: SearchQuery) -> int:
    return len(deliveries.search(conn, query, limit=_LIMIT).rows)


def _search_ms(conn: Connection, query: SearchQuery, limit: int = _LIMIT) -> float:
    began = time.perf_counter()
    page = deliveries.search(conn, query, limit=limit)
    took = time.perf_counter() - began
    assert page.rows, query.text
    return took * 1000


def _typed_ms(conn: Connection, address: str, now_us: int) -> float:
    began = time.perf_counter()
    deliveries.search(conn, _query(address, now_us), limit=_LIMIT)
    return (time.perf_counter() - began) * 1000


def _p50_note(took_ms: Sequence[float]) -> str:
    return f"p50 {quantity(percentile(took_ms, 50), 'ms')} of {len(took_ms)} calls"
