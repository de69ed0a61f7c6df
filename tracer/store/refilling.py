"""A day's rows written once more in their order, when the day is full.

Stays come a little out of order, and a row that is put between others splits a full page in
two halves. Copied as they are, page by page, rows take a tenth less room; SQLite does so
without reading them (its "transfer optimization": same columns, no condition, no order).
"""

from __future__ import annotations

from sqlalchemy import Connection, MetaData, Table
from sqlalchemy.schema import CreateTable

from tracer.store.driver import change, fetch, is_postgresql
from tracer.store.schema import day_tables


def refill(conn: Connection, day: str) -> None:
    """Do so with the day's tables that are filled row by row; their indexes are gone afterwards.

    PostgreSQL, which packs pages in the background, is left alone.
    """
    if is_postgresql(conn):
        return
    tables = day_tables(day)
    for table in (tables.deliveries, tables.hops, tables.terms, tables.ties):
        _rewrite(conn, table)


def _rewrite(conn: Connection, table: Table) -> None:
    fresh = table.to_metadata(MetaData(), name=f"full_{table.name}")
    conn.execute(CreateTable(fresh))
    names = ", ".join(column.name for column in table.columns)
    known = fetch(conn, "SELECT group_concat(name, ', ') FROM pragma_table_info(?)", (table.name,))
    wanted = "*" if known == [(names,)] else names  # an older version had them in another order
    change(conn, f"INSERT INTO {fresh.name} SELECT {wanted} FROM {table.name}")
    change(conn, f"DROP TABLE {table.name}")
    change(conn, f"ALTER TABLE {fresh.name} RENAME TO {table.name}")
