"""The driver's cursor, in the words of either database.

SQLAlchemy's own cursor would take longer than the query: a search of one page runs a handful
of statements of 20 microseconds each, and a result object with named columns takes ten
times that. Statements are written for SQLite; the few words that PostgreSQL says otherwise
are put in their place here, and nowhere else.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import Enum
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from tracer.store import postgresql

if TYPE_CHECKING:
    from concurrent.futures import Future

    from sqlalchemy import Connection, Table

Parameters = Mapping[str, object] | Sequence[object]
Rows = list[tuple[Any, ...]]


def fetch(conn: Connection, statement: str, parameters: Parameters) -> Rows:
    """All rows of a SELECT with `:name` or `?` parameters, in the transaction of `conn`.

    Raises what SQLAlchemy would.
    """
    _begin_reading(conn)
    try:
        cursor: Any = conn.connection.cursor()
        cursor.execute(spoken(conn, statement), parameters)
        found: Rows = cursor.fetchall()
    except conn.dialect.loaded_dbapi.Error as error:
        from sqlalchemy.exc import OperationalError

        raise OperationalError(statement, None, error) from error
    return found


def _begin_reading(conn: Connection) -> None:
    """A reader sees one moment: unlike SQLAlchemy's, the driver's cursor begins nothing."""
    if not conn.in_transaction() and conn.get_execution_options().get("reads_only"):
        conn.begin()


def change(conn: Connection, statement: str, parameters: Sequence[object] = ()) -> None:
    """Run a statement that gives no rows, with `?` parameters."""
    conn.connection.cursor().execute(spoken(conn, statement), parameters)


def change_many(conn: Connection, statement: str, rows: Sequence[Sequence[object]]) -> None:
    """The same statement for each row of parameters."""
    conn.connection.cursor().executemany(spoken(conn, statement), rows)


class Known(Enum):
    """How many of the rows that are to be added may be there already."""

    HARDLY_ANY = "hardly any"
    MANY = "many"


def add_rows(conn: Connection, table: Table, rows: Sequence[Sequence[object]]) -> None:
    """Insert rows that have all columns of the table."""
    if not rows:
        return
    if is_postgresql(conn):
        postgresql.copy_in(conn, table, rows)
    else:
        change_many(conn, _insert(table), rows)


def add_missing(
    conn: Connection, these: Sequence[tuple[Table, Sequence[postgresql.Values], Known]]
) -> None:
    """Insert the rows that are not there yet."""
    if is_postgresql(conn):
        new = [(table, rows) for table, rows, known in these if known is Known.HARDLY_ANY]
        old = [(table, rows) for table, rows, known in these if known is Known.MANY]
        postgresql.insert_missing(conn, new, old)
        return
    for table, rows, _known in these:
        change_many(conn, _insert(table, "INSERT OR IGNORE"), rows)


def add_plain(
    conn: Connection, table: str, columns: Sequence[str], rows: Sequence[Sequence[object]]
) -> None:
    """Insert rows of texts and numbers, none of them None, where no Table is at hand."""
    if is_postgresql(conn):
        postgresql.copy_plain(conn, table, columns, rows)
    else:
        change_many(conn, _insertion(table, columns), rows)


@contextmanager
def behind(conn: Connection) -> Iterator[Callable[..., object]]:
    """Hand over calls that write by `conn`, to be done in their order: `do(call, *arguments)`.

    PostgreSQL does them while the caller makes what comes next, who leaves `conn` alone
    meanwhile; at the end all are done. What one raises is raised then, and those after it are
    not done. SQLite, which is no other process, does each at once.
    """
    if not is_postgresql(conn):
        yield _at_once
        return
    from concurrent.futures import ThreadPoolExecutor  # a search from the shell does without

    handed: list[Future[object]] = []
    with ThreadPoolExecutor(max_workers=1) as worker:
        try:
            yield lambda call, *given: handed.append(worker.submit(call, *given))
            for one in handed:
                one.result()
        finally:
            worker.shutdown(wait=True, cancel_futures=True)


def _at_once(call: Callable[..., object], *given: object) -> None:
    call(*given)


def remove(conn: Connection, table: Table, by: Sequence[str], rows: Sequence[Any]) -> None:
    """Delete the rows whose columns `by` have the values of one of `rows`."""
    if not rows:
        return
    if is_postgresql(conn):
        postgresql.delete_rows(conn, table, by, rows)
        return
    which = " AND ".join(f'"{name}" = ?' for name in by)
    change_many(conn, f"DELETE FROM {table.name} WHERE {which}", rows)


def _insert(table: Table, verb: str = "INSERT") -> str:
    return _insertion(table.name, [column.name for column in table.columns], verb)


def _insertion(table: str, columns: Sequence[str], verb: str = "INSERT") -> str:
    names, marks = (f'"{name}"' for name in columns), ", ".join("?" * len(columns))
    return f"{verb} INTO {table} ({', '.join(names)}) VALUES ({marks})"


def among(conn: Connection, values: Collection[object]) -> tuple[str, object]:
    """`IN (…)` after a column for any number of values, and its one `?` parameter."""
    if is_postgresql(conn):
        words, value = postgresql.array(values)
        return f"= ANY({words.replace('%s', '?')})", value
    return "IN (SELECT value FROM json_each(?))", json.dumps(list(values))


def is_postgresql(conn: Connection) -> bool:
    """Whether this is PostgreSQL; else it is SQLite."""
    return conn.dialect.name == "postgresql"


def spoken(conn: Connection, statement: str) -> str:
    """The statement as the database of `conn` wants it said."""
    return _for_postgresql(statement) if is_postgresql(conn) else statement


_REPLACED = (
    (re.compile(r"(?<!:):([a-z]\w*)"), r"%(\1)s"),
    (re.compile(r"\?"), "%s"),
    (re.compile(r"\bCROSS JOIN\b"), "JOIN"),  # to SQLite: in this order
    (re.compile(r"\bLIKE\b"), "ILIKE"),
    (re.compile(r"json_extract\(([\w.]+), '\$\[(\d+)\]\[(\d+)\]'\)"), r"(\1::json #>> '{\2,\3}')"),
    (re.compile(r"^INSERT OR IGNORE (.*)$", re.DOTALL), r"INSERT \1 ON CONFLICT DO NOTHING"),
)  # fmt: skip


@lru_cache(maxsize=4000)
def _for_postgresql(statement: str) -> str:
    said = statement.replace("%", "%%")
    for pattern, words in _REPLACED:
        said = pattern.sub(words, said)
    return said
