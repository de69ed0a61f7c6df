"""How many rows an export will have, told before it starts.

Days of the store are counted. Of a day in the archive it is noted how many rows its file has,
legs before others included, and no more: the same part of them is expected as matches in the
newest days of the store.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Connection

from tracer.exports.reach import Part
from tracer.model import DAY_US
from tracer.query import SearchQuery
from tracer.store import days, deliveries, sealed
from tracer.store.driver import fetch

SAMPLED_DAYS = 3


def expected_rows(conn: Connection, query: SearchQuery, parts: Sequence[Part]) -> int | None:
    """The rows to come; about, where some are in the archive.  None: nobody can tell."""
    counted = deliveries.count(conn, query)
    away = sum(_filed(conn, part, query) for part in parts if part.is_sealed)
    if not away:
        return counted
    share = _share(conn, query)
    return counted + round(away * share) if share else None


def _filed(conn: Connection, part: Part, query: SearchQuery) -> float:
    """Rows in the file of a day, and of a day that is cut its part."""
    asked = part.of(query)
    assert asked.since_us is not None and asked.until_us is not None  # of a part: always
    rows = sealed.one(conn, part.listed[0]).rows or 0
    return rows * (asked.until_us - asked.since_us) / DAY_US


def _share(conn: Connection, query: SearchQuery) -> float:
    """Which part of all deliveries matches, by the newest days of the store; without any: all."""
    every = matching = 0
    for day in days.live(conn)[:SAMPLED_DAYS]:
        start_us = days.start_of(day)
        whole_day = replace(query, since_us=start_us, until_us=start_us + DAY_US)
        every += fetch(conn, f"SELECT count(*) FROM deliveries_{day}", ())[0][0]
        matching += deliveries.count(conn, whole_day)
    return matching / every if every else 1.0
