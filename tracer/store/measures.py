"""Numbers about the store as a whole, for those who watch over it; nothing of anybody's mail."""

from __future__ import annotations

import msgspec
from sqlalchemy import Connection, func, select, text

from tracer.store import checkpoints, days, sources
from tracer.store.checkpoints import Followed
from tracer.store.counts import SLOT_US
from tracer.store.driver import fetch, is_postgresql
from tracer.store.receipt_tables import dead_letters, receipts, source_counts
from tracer.store.schema import jobs
from tracer.store.sources import SourceState
from tracer.store.states import LIVE


class Measures(msgspec.Struct, frozen=True):
    """How the store stands.

    `outcomes`: deliveries by outcome of at most `outcomes_s` seconds. `receipts`, `refused` and
    `dead_letters` by source, `jobs` by (kind, state), `octets` of the database.
    """

    sources: tuple[SourceState, ...]
    followed: dict[str, Followed]
    outcomes: dict[str, int]
    jobs: dict[tuple[str, str], int]
    receipts: dict[str, int]
    refused: dict[str, int]
    dead_letters: dict[str, int]
    octets: int
    days: dict[str, int]


def measures(conn: Connection, since_us: int) -> Measures:
    """All numbers; outcomes are those since a time, counted from whole ten minutes."""
    waiting = dead_letters.c.state == "waiting"
    return Measures(
        sources.freshness(conn),
        checkpoints.every(conn),
        outcomes(conn, since_us),
        _jobs(conn),
        _pairs(conn, select(receipts.c.source, func.count()).group_by(receipts.c.source)),
        _pairs(conn, select(source_counts.c.source, source_counts.c.refused)),
        _pairs(
            conn,
            select(dead_letters.c.source, func.count())
            .where(waiting)
            .group_by(dead_letters.c.source),
        ),
        octets(conn),
        dict(fetch(conn, "SELECT state, count(*) FROM days GROUP BY state", ())),
    )


def outcomes(conn: Connection, since_us: int) -> dict[str, int]:
    """Deliveries by outcome since a time, from the counts of each ten minutes."""
    found: dict[str, int] = {}
    asked = "SELECT outcome, sum(deliveries) FROM counts_{day} WHERE slot >= ? GROUP BY outcome"
    first = days.day_of(since_us)
    live = fetch(conn, "SELECT day FROM days WHERE state = ? AND day >= ?", (LIVE, first))
    for (day,) in live:
        for outcome, count in fetch(conn, asked.format(day=day), (since_us // SLOT_US,)):
            found[outcome] = found.get(outcome, 0) + int(count)
    return found


def octets(conn: Connection) -> int:
    """The size of the database."""
    if is_postgresql(conn):
        return int(conn.execute(text("SELECT pg_database_size(current_database())")).scalar_one())
    (pages,) = fetch(conn, "PRAGMA page_count", ())[0]
    (size,) = fetch(conn, "PRAGMA page_size", ())[0]
    return int(pages) * int(size)


def _jobs(conn: Connection) -> dict[tuple[str, str], int]:
    counted = select(jobs.c.kind, jobs.c.state, func.count()).group_by(jobs.c.kind, jobs.c.state)
    return {(kind, state): count for kind, state, count in conn.execute(counted)}


def _pairs(conn: Connection, asked: object) -> dict[str, int]:
    return {key: int(count) for key, count in conn.execute(asked)}  # type: ignore[call-overload]
