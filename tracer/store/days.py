"""A UTC day is the unit of storage: which day a time or a hop belongs to, and its tables."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache

from sqlalchemy import Connection, select
from sqlalchemy.schema import CreateTable, DropTable

from tracer.model import DAY_US, EPOCH, when
from tracer.store import counts, postgresql
from tracer.store.driver import fetch, is_postgresql
from tracer.store.schema import (
    ID_BITS,
    LATE,
    LIVE,
    LOADING,
    MILLISECOND_US,
    SEALED,
    day_tables,
    days,
)

NEEDED_WHILE_WRITING = "queue_id"


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
    statement = "SELECT day FROM days WHERE state <> :sealed ORDER BY day DESC"
    return [day for (day,) in fetch(conn, statement, {"sealed": SEALED})]


def is_counted(conn: Connection, day: str) -> bool:
    """Whether the counts of a day stand beside its rows (tracer/store/counts.py)."""
    statement = "SELECT 1 FROM days WHERE day = :day AND state = :live"
    return bool(fetch(conn, statement, {"day": day, "live": LIVE}))


def within(conn: Connection, since_us: int | None, until_us: int | None) -> list[str]:
    """Live days that can hold a hop opened in [since, until), newest first."""
    low, high = reach(since_us, until_us)
    return [day for day in live(conn) if low <= day <= high]


def reach(since_us: int | None, until_us: int | None) -> tuple[str, str]:
    """The first and the last day of a stretch of time, open ends included."""
    low = "" if since_us is None else day_of(since_us)
    return low, "99999999" if until_us is None else day_of(until_us - 1)


def ensure(conn: Connection, day: str, *, bulk: bool = False) -> None:
    """Create the tables of a day, unless they exist; of one that is sealed, for what came late.

    With `bulk` the indexes that only searches need come when the day is full (`finish`):
    building them at once takes a third of the time that growing them takes, and they
    come out smaller. Searches work meanwhile, by walking the day.
    """
    state = conn.execute(select(days.c.state).where(days.c.day == day)).scalar()
    if state is None:
        _create(conn, day, bulk=bulk)
        conn.execute(days.insert().values(day=day, state=LOADING if bulk else LIVE))
    elif state == SEALED:
        _create(conn, day)
        _turn(conn, day, LATE)


def revive(conn: Connection, day: str) -> None:
    """Create the tables of a sealed day again, to be filled as by a bulk."""
    _create(conn, day, bulk=True)
    _turn(conn, day, LOADING)


def drop(conn: Connection, day: str) -> None:
    """Drop the tables of a day, if it has any."""
    for table in day_tables(day):
        conn.execute(DropTable(table, if_exists=True))


def _create(conn: Connection, day: str, *, bulk: bool = False) -> None:
    for table in day_tables(day):
        conn.execute(CreateTable(table))
        for index in table.indexes:
            if not bulk or index.columns.keys() == [NEEDED_WHILE_WRITING]:
                index.create(conn)
    if not bulk:
        _index_words(conn, day)


def _turn(conn: Connection, day: str, state: str) -> None:
    conn.execute(days.update().where(days.c.day == day).values(state=state))


def finish(conn: Connection, *, before: str = "99999999") -> None:
    """Give the days before this one the indexes and the counts they still lack."""
    loading = select(days.c.day).where(days.c.state == LOADING, days.c.day < before)
    for day in conn.execute(loading).scalars().all():
        index(conn, day)
        counts.recount(conn, day)
        _turn(conn, day, LIVE)


def index(conn: Connection, day: str) -> None:
    """Give a day the indexes that it still lacks."""
    for table in day_tables(day):
        for one in table.indexes:
            one.create(conn, checkfirst=True)
    _index_words(conn, day)


def _index_words(conn: Connection, day: str) -> None:
    if is_postgresql(conn) and postgresql.has_trigrams(conn):
        postgresql.index_words(conn, f"hops_{day}", "subject")
