"""What only PostgreSQL can or cannot: rows in bulk by COPY, no NUL in a text, trigrams."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

from tracer.store.copy_binary import numbered
from tracer.store.copy_text import INSTEAD, NUL, NULL, pieces

if TYPE_CHECKING:
    from sqlalchemy import Column, Connection, Table

Values = Sequence[Any]
_MARK = "\x1f"  # between texts


WAIT_FOR_LOCK = "10s"
"""Who waits longer for a lock is told that the store is busy, as SQLite tells (busy_timeout)."""
WAIT_FOR_TURN = (
    "SELECT set_config('lock_timeout', '0', true), pg_advisory_xact_lock(?)::text, "
    f"set_config('lock_timeout', '{WAIT_FOR_LOCK}', true)"
)
_BUSY = frozenset({"55P03", "40P01"})  # lock_not_available, deadlock_detected: errcodes.txt

# Compiling takes longer than any statement of ours. Where Citus is (elsewhere it means nothing), a
# transaction that makes the tables of a day may do nothing on several connections at once.
_SETTINGS = (
    f"SET jit = off; SET lock_timeout = '{WAIT_FOR_LOCK}'; "
    "SET citus.multi_shard_modify_mode = 'sequential'"
)
# Of a day that is being filled there are no statistics: an id is taken to be found in a half of
# the rows, and each look-up would walk the table. What a power cut takes of the last batches is
# in the logs still, as with SQLite: rows and progress are of one transaction.
_OF_A_BULK = "; SET enable_seqscan = off; SET synchronous_commit = off"


def speak(connection: Any, *, bulk: bool = False) -> None:
    """Make a new connection of psycopg take texts with NUL, in values and in conditions.

    `bulk`: it fills days, one after the other.
    """
    connection.adapters.register_dumper(str, _nul_safe())
    connection.prepare_threshold = None  # a plan for any value is a bad one for a rare value
    connection.autocommit = True
    connection.execute(_SETTINGS + _OF_A_BULK * bulk)
    connection.autocommit = False


def is_busy(error: object) -> bool:
    """Whether the server could not give a lock: in whatever language it says so."""
    return getattr(error, "sqlstate", None) in _BUSY


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
    if [type(column.type).__name__ for column in table.columns] == _NUMBERED:
        _copy(conn, table.name, table.columns.keys(), numbered(rows), "FORMAT binary")
    else:
        _copy(conn, table.name, table.columns.keys(), pieces(rows, _lacking(table)))


def copy_plain(
    conn: Connection, table: str, columns: Sequence[str], rows: Sequence[Values]
) -> None:
    """The same of rows without octets and None, where no Table is at hand."""
    _copy(conn, table, columns, pieces(rows, []))


_AS_TEXT = f"NULL '{NULL}'"
_NUMBERED = ["BigInteger", "LargeBinary"]  # by name: SQLAlchemy is not imported here


def _copy(
    conn: Connection,
    table: str,
    columns: Sequence[str],
    parts: Iterable[bytes],
    how: str = _AS_TEXT,
) -> None:
    names = ", ".join(map(_quoted, columns))
    statement = f"COPY {table} ({names}) FROM STDIN ({how})"
    cursor: Any = conn.connection.cursor()
    with _told_as_sqlalchemy(conn, statement), cursor.copy(statement) as copy:
        for part in parts:
            copy.write(part)


def _lacking(table: Table) -> list[int] | None:
    """Places of the columns that may hold None; None where one holds octets (copy_text.pieces)."""
    if any(column.type.python_type is bytes for column in table.columns):
        return None
    return [place for place, column in enumerate(table.columns) if column.nullable]


_Part = tuple["Table", Sequence[Values]]
_Statement = tuple[str, Sequence[object]]  # with `%s` parameters


def insert_missing(conn: Connection, new: Sequence[_Part], known: Sequence[_Part]) -> None:
    """Insert the rows that are not there yet.

    Of `known` rows some are there already, of `new` ones hardly ever: to look for each takes the
    server as long as to insert it, so these are looked for only if that has failed.
    """
    sure = [_insert(conn, table, list(dict.fromkeys(rows))) for table, rows in new]
    if sure and not _inserted(conn, sure):
        _run_all(conn, map(_unless_there, sure))
    _run_all(conn, [_unless_there(_insert(conn, table, rows)) for table, rows in known])


def _inserted(conn: Connection, these: Sequence[_Statement]) -> bool:
    """Run all of them; none, and False, where a row is there already."""
    from sqlalchemy.exc import IntegrityError

    try:
        with conn.begin_nested():
            _run_all(conn, these)
    except IntegrityError:
        return False
    return True


def _run_all(conn: Connection, these: Iterable[_Statement]) -> None:
    for statement, given in these:
        _run(conn, statement, given)


def _unless_there(insert: _Statement) -> _Statement:
    statement, given = insert
    return f"{statement} ON CONFLICT DO NOTHING", given


def _insert(conn: Connection, table: Table, rows: Sequence[Values]) -> _Statement:
    names = ", ".join(_quoted(column.name) for column in table.columns)
    arrays, given = _arrays(conn, list(table.columns), rows)
    return f"INSERT INTO {table.name} ({names}) SELECT * FROM unnest({arrays})", given


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


def _run(conn: Connection, statement: str, given: Sequence[object] = ()) -> None:
    cursor: Any = conn.connection.cursor()
    with _told_as_sqlalchemy(conn, statement):
        cursor.execute(statement, given)


@contextmanager
def _told_as_sqlalchemy(conn: Connection, statement: str) -> Iterator[None]:
    try:
        yield
    except conn.dialect.loaded_dbapi.Error as error:
        from sqlalchemy.exc import IntegrityError, OperationalError

        is_known = isinstance(error, conn.dialect.loaded_dbapi.IntegrityError)
        told = IntegrityError if is_known else OperationalError
        raise told(statement, None, error) from error


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


def keep_as_it_is(conn: Connection, table: str, column: str) -> None:
    """Have the server not try to compress a column whose values are compressed already."""
    conn.exec_driver_sql(f"ALTER TABLE {table} ALTER {column} SET STORAGE EXTERNAL")


def leave_alone(conn: Connection, tables: Iterable[str], *, a_while: bool) -> None:
    """Have the server not look through tables that are being filled, again and again; or again
    have it do so."""
    words = "SET (autovacuum_enabled = false)" if a_while else "RESET (autovacuum_enabled)"
    for table in tables:
        conn.exec_driver_sql(f"ALTER TABLE {table} {words}")


def commit_durably(conn: Connection) -> None:
    """Wait at the end of this transaction as the server's settings say, and for all before it.

    The server waits only for a transaction that has a number: this gives it one.
    """
    conn.exec_driver_sql("SET LOCAL synchronous_commit TO DEFAULT")
    conn.exec_driver_sql("SELECT txid_current()")


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
