"""Tables spread over the machines of a cluster, where PostgreSQL has the extension Citus.

What belongs to a hop lies in the shard of its `hop_id`, so that joins stay on one machine;
the small tables are on every machine. Where there is a parent for all days (partitions.py) it is
the parent that is spread, and Citus spreads each day that is attached along with it.

What Citus forbids (docs.citusdata.com, "SQL support and workarounds") nothing here needs: each key
of a spread table has the column it is spread by, no table refers to another, and tables of a day
are joined by `hop_id` alone.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, Table

from tracer.store import days, receipt_tables
from tracer.store.driver import fetch, is_postgresql
from tracer.store.partitions import PARENTS
from tracer.store.schema import day_tables, metadata

SPREAD_BY = {"hops": "hop_id", "deliveries": "hop_id", "terms": "hop_id", "ties": "hop_id",
             "lines": "block"}  # fmt: skip
"""The column by which each table of a day, or its parent, is spread; one that is not named is
everywhere."""

_LOCAL = frozenset(
    table.name
    for table in (receipt_tables.receipts, receipt_tables.receipt_events, receipt_tables.told_facts,
                  receipt_tables.dead_letters)
)  # fmt: skip
"""What webhooks bring stays where it is taken: each would have to wait for every machine."""


def is_there(conn: Connection) -> bool:
    """Whether this database is one of Citus."""
    if not is_postgresql(conn):
        return False
    return bool(fetch(conn, "SELECT 1 FROM pg_extension WHERE extname = 'citus'", ()))


def spread(conn: Connection) -> None:
    """Spread every table that is not yet; does nothing where there is no Citus."""
    if not is_there(conn):
        return
    spread_parents(conn)
    known = _known(conn)
    for table in metadata.sorted_tables:
        if table.name not in _LOCAL | known:
            _everywhere(conn, table)
    for day in days.live(conn):
        _spread(conn, (table for table in day_tables(day) if table.name not in known))


def spread_parents(conn: Connection) -> None:
    """Spread the parents that are not yet, and with each what is attached to it; does nothing
    where there is no Citus."""
    if is_there(conn):
        known = _known(conn)
        for name in PARENTS:
            if name not in known:
                _distribute(conn, name, SPREAD_BY[name])


def spread_day(conn: Connection, day: str) -> None:
    """Spread the tables of a day, which have just been made and attached to their parents."""
    if is_there(conn):
        attached = {f"{parent}_{day}" for parent in PARENTS}
        _spread(conn, (table for table in day_tables(day) if table.name not in attached))


def _spread(conn: Connection, tables: Iterable[Table]) -> None:
    for table in tables:
        by = SPREAD_BY.get(table.name.partition("_")[0])
        if by is None:
            _everywhere(conn, table)
        else:
            _distribute(conn, table.name, by)


def _distribute(conn: Connection, name: str, by: str) -> None:
    fetch(conn, "SELECT create_distributed_table(?::regclass, ?)", (name, by))


def _everywhere(conn: Connection, table: Table) -> None:
    fetch(conn, "SELECT create_reference_table(?::regclass)", (table.name,))


def _known(conn: Connection) -> set[str]:
    found = fetch(conn, "SELECT logicalrelid::regclass::text FROM pg_dist_partition", ())
    return {name for (name,) in found}
