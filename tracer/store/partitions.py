"""Days as partitions of one table for all of them, on PostgreSQL: for the SQL of others.

Nothing here reads or writes by a parent: a day's table is the faster address, and who has not
touched a parent is never in the way of a day that comes or goes. A table of a day is created
first and attached then, for ATTACH lets those who read the parent go on, which CREATE TABLE …
PARTITION OF does not (postgresql.org/docs/current/sql-altertable.html). Parents have no index and
no key of their own: each day brings its own, when it is full.

`lines`, `ties` and `counts` have no parent, for none of them has a range of hop_ids: blocks and
stretches of time are numbered otherwise, and a tie stands in the day of what it is looked for
from, whatever the day of its hop.

A later migration changes the columns of a parent, and PostgreSQL those of its days with it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from tracer.errors import StoreUnavailable
from tracer.model import DAY_US
from tracer.store import days
from tracer.store.driver import change, fetch
from tracer.store.postgresql import WAIT_FOR_LOCK, is_busy
from tracer.store.schema import day_tables

if TYPE_CHECKING:
    from sqlalchemy import Connection

PARENTS = ("hops", "deliveries", "terms")
WAIT_MS = 20
"""For each of the nine locks that dropping a day takes, so that who waits behind us is held up
for less than 0.2 s."""
TRIES, PAUSE_S = 30, 0.05


def bounds(day: str) -> tuple[int, int]:
    """The smallest hop_id of a day and the smallest of the day after it."""
    start_us = days.start_of(day)
    return days.first_id(start_us), days.first_id(start_us + DAY_US)


def make_parents(conn: Connection) -> None:
    """Create the parents, with the columns that the days of today have."""
    for parent in PARENTS:
        columns = ", ".join(
            f"{column.name} {column.type.compile(conn.dialect)}"
            for column in getattr(day_tables("template"), parent).columns
        )
        change(conn, f"CREATE TABLE {parent} ({columns}) PARTITION BY RANGE (hop_id)")


def attach(conn: Connection, day: str) -> None:
    """Make the tables of a day partitions of their parents."""
    low, high = bounds(day)
    for parent in PARENTS:
        these = f"{parent}_{day} FOR VALUES FROM ({low}) TO ({high})"
        change(conn, f"ALTER TABLE {parent} ATTACH PARTITION {these}")


def patiently(conn: Connection, day: str, work: Callable[[], None]) -> None:
    """Do what takes a day's tables, or their parents, for itself, without keeping others waiting.

    A reader of them is in the way, and whoever comes after us would wait behind us for that
    reader: so each lock is waited for briefly, and then all are given back for a while. DETACH …
    CONCURRENTLY would not do: it runs in no transaction, so that a cut could leave a day half
    gone; it waits for readers of the parent all the same; and Citus refuses it.

    Raises StoreUnavailable, which names the processes that read, after a few seconds.
    """
    for _ in range(TRIES):
        if done_at_once(conn, work):
            return
        time.sleep(PAUSE_S)
    raise StoreUnavailable(
        f"{day} cannot be taken out: another program is reading it, or all days (PostgreSQL "
        f"process {_holders(conn, day) or 'gone meanwhile'}). Nothing was changed; try again when "
        "it is done, or end it by SELECT pg_terminate_backend(…)."
    )


def done_at_once(conn: Connection, work: Callable[[], None]) -> bool:
    """Do what takes locks; nothing, and False, where one is not to be had at once."""
    from sqlalchemy.exc import OperationalError

    try:
        with conn.begin_nested():
            change(conn, f"SET LOCAL lock_timeout = {WAIT_MS}")
            work()
            change(conn, f"SET LOCAL lock_timeout = '{WAIT_FOR_LOCK}'")
    except OperationalError as error:
        if not is_busy(error.orig):
            raise
        return False
    return True


def _holders(conn: Connection, day: str) -> str:
    """Processes that hold a lock on a day's tables or on the parents: `123, 456`."""
    statement = """SELECT string_agg(DISTINCT l.pid::text, ', ') FROM pg_locks l
 JOIN pg_class c ON c.oid = l.relation
 WHERE l.granted AND l.pid <> pg_backend_pid() AND c.relname IN (?, ?, ?, ?, ?, ?)
 AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"""
    names = (*PARENTS, *(f"{parent}_{day}" for parent in PARENTS))
    return fetch(conn, statement, names)[0][0] or ""
