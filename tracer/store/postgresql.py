"""What only PostgreSQL can or cannot: rows in bulk by COPY, no NUL in a text, trigrams."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

from tracer.store.copy_text import INSTEAD, NUL, NULL, pieces

if TYPE_CHECKING:
    from sqlalchemy import Column, Connection, Table

Values = Sequence[Any]
_MARK = "\x1f"  # between texts


# Compiling takes longer than any statement of ours. Where Citus is (elsewhere it means nothing), a
# transaction that makes the tables of a day may do nothing on several connections at once.
_SETTINGS = "SET jit = off; SET citus.multi_shard_modify_mode = 'sequential'"
# Of a day that is being filled there are no statistics: an id is taken to be found in a half of
# the rows, and each look-up would walk the table.
_OF_A_BULK = "; SET enable_seqscan = off"


def speak(connection: Any, *, bulk: bool = False) -> None:
    """Make a new connection of psycopg take texts with NUL, in values and in conditions.

    `bulk`: it fills days, one after the other.
    """
    connection.adapters.register_dumper(str, _nul_safe())
    connection.prepare_threshold = None  # a plan for any value is a bad one for a rare value
    connection.autocommit = True
    connection.execute(_SETTINGS + _OF_A_BULK * bulk)
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
    statement = f"COPY {table.name} ({columns}) FROM STDIN (NULL '{NULL}')"
    cursor: Any = conn.connection.cursor()
    with _told_as_sqlalchemy(conn, statement), cursor.copy(statement) as copy:
        for piece in pieces(rows, _lacking(table)):
            copy.write(piece)


def _lacking(table: Table) -> list[int] | None:
    """Places of the columns that may hold None; None where one holds octets (copy_text.pieces)."""
    if any(column.type.python_type is bytes for column in table.columns):
        return None
    return [place for place, column in enumerate(table.columns) if column.nullable]


_Part = tuple["Table", Sequence[Values]]
_SAVED, _BACK, _GONE_ON = "SAVEPOINT adding", "ROLLBACK TO adding", "RELEASE adding"


@contextmanager
def inserting(conn: Connection, new: Sequence[_Part], known: Sequence[_Part]) -> Iterator[None]:
    """Insert rows while the caller does something else: the server is not waited for.

    Of `known` rows some are there already, of `new` ones hardly ever: to look for each takes the
    server as long as to insert it, so these are looked for only if that has failed.
    """
    sure = [_insert(conn, table, list(dict.fromkeys(rows))) for table, rows in new]
    told = [_unless_there(*_insert(conn, table, rows)) for table, rows in known]
    if not sure and not told:
        yield
        return
    driver: Any = conn.connection.driver_connection
    is_clash = False
    try:
        with _told_as_sqlalchemy(conn, _SAVED), driver.pipeline():
            is_clash = not _sent(driver, ((_SAVED, ()), *sure, *told, (_GONE_ON, ())))
            yield
    except _refused() as error:
        if not is_clash and not _is_clash(error):
            raise
        is_clash = True
    if is_clash:
        _run(conn, _BACK)
        for statement, given in (*(_unless_there(*one) for one in sure), *told, (_GONE_ON, ())):
            _run(conn, statement, given)


def _sent(driver: Any, statements: Sequence[tuple[str, Sequence[object]]]) -> bool:
    """Send these; False where the server has told of a clash before the last was sent."""
    from psycopg import IntegrityError

    try:
        for statement, given in statements:
            driver.execute(statement, given)
    except IntegrityError:
        return False
    return True


def _refused() -> type[Exception]:
    from sqlalchemy.exc import DBAPIError

    return DBAPIError


def _is_clash(error: Exception) -> bool:
    from sqlalchemy.exc import IntegrityError

    return isinstance(error, IntegrityError)


def _unless_there(statement: str, given: Sequence[object]) -> tuple[str, Sequence[object]]:
    return f"{statement} ON CONFLICT DO NOTHING", given


def _insert(conn: Connection, table: Table, rows: Sequence[Values]) -> tuple[str, Sequence[object]]:
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
