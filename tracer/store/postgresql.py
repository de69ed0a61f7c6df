"""What only PostgreSQL can or cannot: rows in bulk by COPY, no NUL in a text, trigrams."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

from tracer.store.copy_text import INSTEAD, NUL, pieces

if TYPE_CHECKING:
    from sqlalchemy import Column, Connection, Table

Values = Sequence[Any]
_MARK = "\x1f"  # between texts


# Compiling takes longer than any statement of ours. Where Citus is (elsewhere it means nothing), a
# transaction that makes the tables of a day may do nothing on several connections at once.
_SETTINGS = "SET jit = off; SET citus.multi_shard_modify_mode = 'sequential'"


def speak(connection: Any) -> None:
    """Make a new connection of psycopg take texts with NUL, in values and in conditions."""
    connection.adapters.register_dumper(str, _nul_safe())
    connection.prepare_threshold = None  # a plan for any value is a bad one for a rare value
    connection.autocommit = True
    connection.execute(_SETTINGS)
    connection.autocommit = False


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
    with _told_as_sqlalchemy(conn, statement), cursor.copy(statement) as copy:
        for piece in pieces(rows):
            copy.write(piece)


def insert_missing(conn: Connection, table: Table, rows: Sequence[Values]) -> None:
    """Insert the rows whose keys are not there yet, in one statement."""
    names = ", ".join(_quoted(column.name) for column in table.columns)
    arrays, given = _arrays(conn, list(table.columns), rows)
    _run(
        conn,
        f"INSERT INTO {table.name} ({names}) SELECT * FROM unnest({arrays}) ON CONFLICT DO NOTHING",
        given,
    )


def delete_rows(conn: Connection, table: Table, by: Sequence[str], rows: Sequence[Values]) -> None:
    """Delete the rows whose columns `by` have one of these values, in one statement."""
    if len(by) == 1:  # else the planner walks a table that nothing was told of yet
        these, given_one = array([value for (value,) in rows])
        _run(conn, f"DELETE FROM {table.name} WHERE {_quoted(by[0])} = ANY({these})", [given_one])
        return
    arrays, given = _arrays(conn, [table.columns[name] for name in by], rows)
    same = " AND ".join(f"own.{_quoted(name)} = told.{_quoted(name)}" for name in by)
    told = f"unnest({arrays}) AS told ({', '.join(map(_quoted, by))})"
    _run(conn, f"DELETE FROM {table.name} own USING {told} WHERE {same}", given)


def _arrays(
    conn: Connection, columns: Sequence[Column[Any]], rows: Sequence[Values]
) -> tuple[str, list[object]]:
    """Rows as one typed array for each column, and their `%s` parameters."""
    arrays, given = [], []
    for column, values in zip(columns, zip(*rows, strict=True), strict=True):
        kind = column.type.compile(conn.dialect).partition(" COLLATE")[0]
        words, value = array(values)
        arrays.append(f"{words}::{kind}[]")
        given.append(value)
    return ", ".join(arrays), given


def _run(conn: Connection, statement: str, given: Sequence[object]) -> None:
    cursor: Any = conn.connection.cursor()
    with _told_as_sqlalchemy(conn, statement):
        cursor.execute(statement, given)


@contextmanager
def _told_as_sqlalchemy(conn: Connection, statement: str) -> Iterator[None]:
    try:
        yield
    except conn.dialect.loaded_dbapi.Error as error:
        from sqlalchemy.exc import OperationalError

        raise OperationalError(statement, None, error) from error


def array(values: Collection[object]) -> tuple[str, object]:
    """An array as a statement has it, and its `%s` parameter.

    As one text where that may be: psycopg looks at each element of a list in Python.
    """
    first = next(iter(values), None)
    if type(first) is int and set(map(type, values)) == {int}:
        return "%s::bigint[]", f"{{{','.join(map(str, values))}}}"
    if isinstance(first, str):
        joined = _MARK.join(map(str, values))
        if joined and joined.count(_MARK) == len(values) - 1:
            return f"string_to_array(%s, '{_MARK}')", joined
    return "%s", list(values)


def _quoted(name: str) -> str:
    return f'"{name}"'


def has_trigrams(conn: Connection) -> bool:
    """Whether this database can index parts of words (extension pg_trgm)."""
    cursor = conn.connection.cursor()
    cursor.execute("SELECT 1 FROM pg_extension WHERE extname = 'pg_trgm'")
    return cursor.fetchone() is not None


def want_trigrams(conn: Connection) -> None:
    """Install the extension where this user may; without it a search for a part walks the day."""
    from sqlalchemy.exc import DBAPIError

    try:
        with conn.begin_nested():
            conn.exec_driver_sql("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    except DBAPIError:
        return


def index_words(conn: Connection, table: str) -> None:
    """An index of every three letters of subjects, for searches for a part of one."""
    conn.exec_driver_sql(
        f"CREATE INDEX IF NOT EXISTS {index_of_words(table)} ON {table} "
        "USING gin (subject gin_trgm_ops)"
    )


def index_of_words(table: str) -> str:
    """The name of that index."""
    return f"ix_{table}_subject_words"
