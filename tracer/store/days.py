"""A UTC day is the unit of storage: which day a time or a hop belongs to, and its tables."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache

from sqlalchemy import Connection, select
from sqlalchemy.schema import CreateTable

from tracer.model import DAY_US, EPOCH, when
from tracer.store.driver import fetch
from tracer.store.schema import day_tables, days

MILLISECOND_US = 1000
LIVE, LOADING = "live", "loading"
NEEDED_WHILE_WRITING = "queue_id"
ID_BITS = 20


def day_of(at_us: int) -> str:
    """`20261122` for a time in microseconds."""
    return _name(at_us // DAY_US)


@lru_cache(maxsize=1000)
def _name(number: int) -> str:
    return f"{when(number * DAY_US):%Y%m%d}"


def day_of_hop(hop_id: int) -> str:
    """The day in which a hop was opened, hence lives."""
    return day_of((hop_id >> ID_BITS) * MILLISECOND_US)


def first_id(at_us: int) -> int:
    """The smallest hop_id that a hop opened at this time can have."""
    return (at_us // MILLISECOND_US) << ID_BITS


def start_of(day: str) -> int:
    """Midnight UTC of a day, in microseconds."""
    at = datetime.strptime(day, "%Y%m%d").replace(tzinfo=UTC)
    return int((at - EPOCH).total_seconds()) * 1_000_000


def span(from_us: int, to_us: int) -> tuple[str, ...]:
    """The days from one time to another, both included, oldest first."""
    return _span(from_us // DAY_US, to_us // DAY_US)


@lru_cache(maxsize=1000)
def _span(first: int, last: int) -> tuple[str, ...]:
    return tuple(_name(number) for number in range(first, last + 1))


def live(conn: Connection) -> list[str]:
    """Days that have tables, newest first."""
    return [day for (day,) in fetch(conn, "SELECT day FROM days ORDER BY day DESC", {})]


def within(conn: Connection, since_us: int | None, until_us: int | None) -> list[str]:
    """Live days that can hold a hop opened in [since, until), newest first."""
    low = "" if since_us is None else day_of(since_us)
    high = "99999999" if until_us is None else day_of(until_us)
    return [day for day in live(conn) if low <= day <= high]


def ensure(conn: Connection, day: str, *, bulk: bool = False) -> None:
    """Create the tables of a day, unless they exist.

    With `bulk` the indexes that only searches need come when the day is full (`finish`):
    building them at once takes a third of the time that growing them takes, and they
    come out smaller. Searches work meanwhile, by walking the day.
    """
    if conn.execute(days.select().where(days.c.day == day)).first():
        return
    for table in day_tables(day):
        conn.execute(CreateTable(table))
        for index in table.indexes:
            if not bulk or index.columns.keys() == [NEEDED_WHILE_WRITING]:
                index.create(conn)
    conn.execute(days.insert().values(day=day, state=LOADING if bulk else LIVE))


def finish(conn: Connection, *, before: str = "99999999") -> None:
    """Give the days before this one the indexes they still lack."""
    loading = select(days.c.day).where(days.c.state == LOADING, days.c.day < before)
    for day in conn.execute(loading).scalars().all():
        for table in day_tables(day):
            for index in table.indexes:
                index.create(conn, checkfirst=True)
        conn.execute(days.update().where(days.c.day == day).values(state=LIVE))
