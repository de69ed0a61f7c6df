"""A day's rows written once more in their order, when the day is full.

Stays come a little out of order, and a row that is put between others splits a full page in
two halves. Copied as they are, page by page, rows take a tenth less room; SQLite does so
without reading them (its "transfer optimization": same columns, no condition, no order).

The copy then becomes the table: each takes the other's root page, in SQLite's own list of
tables (https://sqlite.org/pragma.html#pragma_writable_schema). To rename it instead, SQLite
reads the SQL of every table that there is, so that each day would take longer than the one
before. Nothing else changes: the columns are the same and the rows have the same ids, so
indexes stay. A SQLite that guards its list (SQLITE_DBCONFIG_DEFENSIVE) keeps the day as it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tracer.store.driver import change, fetch, is_postgresql

if TYPE_CHECKING:
    from sqlalchemy import Connection

_REFILLED = ("deliveries", "hops")
_ROOT = "SELECT rootpage FROM sqlite_master WHERE type = 'table' AND name = ?"
_TAKE = "UPDATE sqlite_master SET rootpage = ? WHERE type = 'table' AND name = ?"
# What FTS5 still has in memory of this transaction must be written before it is opened anew.
_WRITE_OUT = ("SAVEPOINT refilling", "RELEASE refilling")


def refill(conn: Connection, day: str) -> None:
    """Do so with the tables of a day that are large and filled row by row.

    PostgreSQL, which packs pages in the background, is left alone.
    """
    if is_postgresql(conn):
        return
    for name in _REFILLED:
        table, copied = f"{name}_{day}", f"full_{name}_{day}"
        _copy(conn, table, copied)
        _swap(conn, table, copied)
        change(conn, f"DROP TABLE {copied}")


def _copy(conn: Connection, table: str, copied: str) -> None:
    """By the same SQL, which is what lets SQLite take pages as they are."""
    ((made,),) = fetch(conn, "SELECT sql FROM sqlite_master WHERE name = ?", (table,))
    change(conn, made.replace(table, copied, 1))
    change(conn, f"INSERT INTO {copied} SELECT * FROM {table}")


def _swap(conn: Connection, one: str, other: str) -> None:
    """Let each of two tables be the other; does nothing where SQLite guards its list."""
    for statement in _WRITE_OUT:
        change(conn, statement)
    change(conn, "PRAGMA writable_schema = ON")
    try:
        if fetch(conn, "PRAGMA writable_schema", ()) == [(1,)]:
            (root,), (of_other,) = (fetch(conn, _ROOT, (name,))[0] for name in (one, other))
            change(conn, _TAKE, (of_other, one))
            change(conn, _TAKE, (root, other))
    finally:
        change(conn, "PRAGMA writable_schema = RESET")  # forgets the list, which is read anew
