"""A day's rows written once more in their order, when the day is full.

Stays come a little out of order, and a row that is put between others splits a full page in
two halves. Copied as they are, page by page, rows take a tenth less room; SQLite does so
without reading them (its "transfer optimization": same columns, no condition, no order).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tracer.store.driver import change, fetch, is_postgresql

if TYPE_CHECKING:
    from sqlalchemy import Connection

_REFILLED = ("deliveries", "hops", "terms", "ties")


def refill(conn: Connection, day: str) -> None:
    """Do so with the day's tables that are filled row by row; their indexes are gone afterwards.

    PostgreSQL, which packs pages in the background, is left alone.
    """
    if is_postgresql(conn):
        return
    for name in _REFILLED:
        _rewrite(conn, f"{name}_{day}")


def _rewrite(conn: Connection, table: str) -> None:
    """The table as SQLite remembers to have made it, so that it copies pages as they are."""
    ((made,),) = fetch(conn, "SELECT sql FROM sqlite_master WHERE name = ?", (table,))
    fresh = f"full_{table}"
    change(conn, made.replace(table, fresh, 1))
    change(conn, f"INSERT INTO {fresh} SELECT * FROM {table}")
    change(conn, f"DROP TABLE {table}")
    change(conn, f"ALTER TABLE {fresh} RENAME TO {table}")
