"""A UTC day is the unit of storage: which day a time or a hop belongs to, and which there are.

How the tables of a day come and go: tracer/store/day_making.py.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from tracer.model import DAY_US, EPOCH, when
from tracer.store.driver import fetch
from tracer.store.states import ID_BITS, LIVE, MILLISECOND_US, SEALED

if TYPE_CHECKING:
    from sqlalchemy import Connection


_WITHIN = (
    "SELECT day FROM days WHERE day BETWEEN :low AND :high AND state <> :sealed ORDER BY day DESC"
)


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


@lru_cache(maxsize=1000)
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


def counted(conn: Connection) -> set[str]:
    """Days whose counts stand beside their rows (tracer/store/counts.py)."""
    found = fetch(conn, "SELECT day FROM days WHERE state = :live", {"live": LIVE})
    return {day for (day,) in found}


def within(conn: Connection, since_us: int | None, until_us: int | None) -> list[str]:
    """Live days that can hold a hop opened in [since, until), newest first."""
    low, high = reach(since_us, until_us)
    asked = {"sealed": SEALED, "low": low, "high": high}
    return [day for (day,) in fetch(conn, _WITHIN, asked)]


def reach(since_us: int | None, until_us: int | None) -> tuple[str, str]:
    """The first and the last day of a stretch of time, open ends included."""
    low = "" if since_us is None else day_of(since_us)
    return low, "99999999" if until_us is None else day_of(until_us - 1)
