"""What only PostgreSQL can or cannot: rows in bulk by COPY, no NUL in a text, trigrams."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Connection, Table, text
from sqlalchemy.exc import DBAPIError, OperationalError

NUL, INSTEAD = "\0", "\N{REPLACEMENT CHARACTER}"
"""PostgreSQL's text cannot hold NUL (its manual, 8.3); what stands for it there."""

Values = Sequence[Any]
_MARK = "\x1f"  # between texts


def speak(connection: Any) -> None:
    """Make a new connection of psycopg take texts with NUL, in values and in conditions."""
    connection.adapters.register_dumper(str, _nul_safe())
    connection.prepare_threshold = None  # a plan for any value is a bad one for a rare value


@cache
def _nul_safe() -> Any:
    from psycopg.types.string import StrDumperUnknown

    class NulSafe(StrDumperUnknown):
        """Writes what can be written."""

        def dump(self, obj: str) -> Any:
            return super().dump(obj.replace(NUL, INSTEAD) if NUL in obj else obj)

    return NulSafe


def copy_in(conn: Connection, table: Table, rows: Sequence[Values]) -> None:
    """Insert rows by COPY: several times faster than INSERT.  Raises what SQLAlchemy would."""
    columns = ", ".join(_quoted(column.name) for column in table.columns)
    statement = f"COPY {table.name} ({columns}) FROM STDIN"
    cursor: Any = conn.connection.cursor()
    _speak_fast(cursor)
    try:
        with cursor.copy(statement) as copy:
            for row in _without_nul(rows):
                copy.write_row(row)
    except conn.dialect.loaded_dbapi.Error as error:
        raise OperationalError(statement, None, error) from error


def insert_missing(conn: Connection, table: Table, rows: Sequence[Values]) -> None:
    """Insert the rows whose keys are not there yet, in one statement."""
    columns = ", ".join(_quoted(column.name) for column in table.columns)
    arrays, given = [], []
    for column, values in zip(table.columns, zip(*_without_nul(rows), strict=True), strict=True):
        kind = column.type.compile(conn.dialect).partition(" COLLATE")[0]
        words, value = array(values)
        arrays.append(f"{words}::{kind}[]")
        given.append(value)
    statement = (
        f"INSERT INTO {table.name} ({columns}) SELECT * FROM unnest({', '.join(arrays)}) "
        "ON CONFLICT DO NOTHING"
    )
    cursor: Any = conn.connection.cursor()
    try:
        cursor.execute(statement, given)
    except conn.dialect.loaded_dbapi.Error as error:
        raise OperationalError(statement, None, error) from error


def array(values: Collection[object]) -> tuple[str, object]:
    """An array as a statement has it, and its `%s` parameter.

    Of texts as one text: psycopg looks at each element of a list in Python.
    """
    first = next(iter(values), None)
    if isinstance(first, str):
        joined = _MARK.join(map(str, values))
        if joined and joined.count(_MARK) == len(values) - 1:
            return f"string_to_array(%s, '{_MARK}')", joined
    return "%s", list(values)


def _speak_fast(cursor: Any) -> None:
    """Texts were looked through: psycopg's own way to write them is in C."""
    from psycopg.types.string import StrDumperUnknown

    cursor.adapters.register_dumper(str, StrDumperUnknown)


def _without_nul(rows: Sequence[Values]) -> Sequence[Values]:
    if not any(NUL in value for row in rows for value in row if type(value) is str):
        return rows
    return [
        tuple(value.replace(NUL, INSTEAD) if type(value) is str else value for value in row)
        for row in rows
    ]


def _quoted(name: str) -> str:
    return f'"{name}"'


def has_trigrams(conn: Connection) -> bool:
    """Whether this database can index parts of words (extension pg_trgm)."""
    found = conn.execute(text("SELECT 1 FROM pg_extension WHERE extname = 'pg_trgm'"))
    return found.first() is not None


def want_trigrams(conn: Connection) -> None:
    """Install the extension where this user may; without it a search for a part walks the day."""
    try:
        with conn.begin_nested():
            conn.execute(text("CREATE EXTENSION IF NOT EXISTS pg_trgm"))
    except DBAPIError:
        return


def index_words(conn: Connection, table: str, column: str) -> None:
    """An index of every three letters of a column, for searches for a part of it."""
    conn.execute(
        text(
            f"CREATE INDEX IF NOT EXISTS ix_{table}_{column}_words ON {table} "
            f"USING gin ({column} gin_trgm_ops)"
        )
    )
