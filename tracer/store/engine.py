"""Opening a store: SQLite tuned for one writer and many readers, or PostgreSQL.

SQLAlchemy is imported where it is used: it takes longer to import than a search from the shell
may take, which does without (tracer/store/plain.py).
"""

from __future__ import annotations

import fcntl
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zlib import crc32

from tracer.errors import StoreUnavailable
from tracer.store import postgresql
from tracer.store.driver import fetch, is_postgresql

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

CACHE_KIB = 24 * 1024
_PRAGMAS = (
    "PRAGMA page_size = 16384",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = NORMAL",
    f"PRAGMA cache_size = -{CACHE_KIB}",
    "PRAGMA wal_autocheckpoint = 4000",
    "PRAGMA busy_timeout = 10000",
    "PRAGMA temp_store = MEMORY",
)
CONNECT: dict[str, Any] = {
    "isolation_level": None,
    "check_same_thread": False,
    "cached_statements": 500,  # a search has some for each day, and preparing costs as much again
}
STATEMENTS_OF_A_BULK = 64
_BRIEF = ("locked", "busy", "deadlock")  # what passes
_STARTING = ("starting up", "shutting down", "recovery mode", "too many clients")
_REFUSED = ("authentication failed", "does not exist", "no pg_hba.conf entry", "no password")
_DAMAGED = ("disk image is malformed", "malformed database schema")  # SQLite, of its file
_READ_ONLY = ("readonly database", "read-only", "permission denied")
_UNREACHABLE = ("connection failed", "Connection refused", "could not translate host name")
WRITER = 0x6D61696C  # number of the lock that one_writer takes


class StoreUnusable(StoreUnavailable):
    """There is no store there, or none that this version can use; waiting does not help."""

    exit_code = 69


class StoreDamaged(StoreUnusable):
    """The store's file is not as it was written."""


def is_damage(error: Exception) -> bool:
    """Whether an error, ours or the driver's, says that the store is damaged."""
    return isinstance(error, StoreDamaged) or any(words in str(error) for words in _DAMAGED)


def open_engine(url: str, *, durable: bool = False, bulk: bool = False) -> Engine:
    """An engine for `sqlite:///PATH` or `postgresql+psycopg://USER@HOST/DATABASE`.

    `durable`: what is committed outlives a power cut (webhooks, which nobody sends again);
    without it the last commits may be lost in SQLite, but never half of one (logs, which are
    there still). PostgreSQL is durable unless its settings say otherwise.
    `bulk`: one day is filled after the other, so SQLite's statements for days gone by are not
    kept in memory; and what is deleted was written anew elsewhere, so it is not overwritten.
    PostgreSQL's batches are not waited for until they are on the disk: `keep_for_good`.

    In SQLite writers take the lock when their transaction begins (BEGIN IMMEDIATE), so that
    two writers wait for each other and neither fails half-way. Readers are never blocked.
    In PostgreSQL those who fold wait for each other by `one_writer`.
    """
    from sqlalchemy import create_engine, event, make_url

    parsed = make_url(url)
    if parsed.get_backend_name() == "postgresql":
        engine = create_engine(url, pool_pre_ping=True)
        event.listen(engine, "connect", lambda new, _record: postgresql.speak(new, bulk=bulk))
        return engine
    database = parsed.database
    if database and database != ":memory:":
        _make_folder(Path(database).parent)
    few = {"cached_statements": STATEMENTS_OF_A_BULK} if bulk else {}
    engine = create_engine(url, connect_args=CONNECT | few)
    event.listen(engine, "connect", tune)
    if durable:
        event.listen(engine, "connect", _make_durable)
    if bulk:
        event.listen(engine, "connect", _make_quick)
    event.listen(engine, "begin", _begin)
    return engine


def one_writer(conn: Connection) -> None:
    """Until the transaction ends nobody else folds: two folds of one hop at a time would each
    miss the other's events. SQLite has one writer by itself.

    In PostgreSQL it is waited for without end: writers take turns, and one may copy a whole day.
    """
    if is_postgresql(conn):
        fetch(conn, postgresql.WAIT_FOR_TURN, (WRITER,))


def keep_for_good(conn: Connection) -> None:
    """When this transaction ends, all that a bulk has committed outlives a power cut."""
    if is_postgresql(conn):
        postgresql.commit_durably(conn)


@contextmanager
def alone(engine: Engine, doing: str) -> Iterator[None]:
    """While it lasts no other process does the same to this store; unlike `one_writer` it lasts
    over transactions and hinders nobody else.  Raises StoreUnavailable at once."""
    busy = StoreUnavailable(f"another process is {doing}; try again when it is done")
    if engine.dialect.name == "postgresql":
        yield from _alone_on_server(engine, crc32(doing.encode()), busy)
        return
    path = engine.url.database
    if not path or path == ":memory:":
        yield
        return
    with open(f"{path}.{doing.split()[0]}", "wb") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise busy from error
        yield


def _alone_on_server(engine: Engine, key: int, busy: StoreUnavailable) -> Iterator[None]:
    from sqlalchemy import func, select

    with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as conn:
        if not conn.execute(select(func.pg_try_advisory_lock(WRITER, key - (1 << 31)))).scalar():
            raise busy
        try:
            yield
        finally:
            conn.execute(select(func.pg_advisory_unlock(WRITER, key - (1 << 31))))


def shown(url: str) -> str:
    """The address of a store without its password, for messages."""
    from sqlalchemy import make_url

    return make_url(url).render_as_string(hide_password=True).removeprefix("sqlite:///")


def reading(engine: Engine) -> Engine:
    """The same engine for readers: a transaction that takes no lock and sees one moment."""
    if engine.dialect.name == "postgresql":
        return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    return engine.execution_options(reads_only=True)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreUnusable(
            f"cannot make the folder {folder}: {error.strerror}. "
            "Choose another with --home, or give this user the right to write there."
        ) from error


def tune(connection: Any, _record: object = None) -> None:
    """Prepare a new connection of the driver to SQLite."""
    connection.create_function("lower", 1, _lower, deterministic=True)
    cursor = connection.cursor()
    for pragma in _PRAGMAS:
        cursor.execute(pragma)
    cursor.close()


def _make_durable(connection: Any, _record: object) -> None:
    connection.execute("PRAGMA synchronous = FULL")


def _make_quick(connection: Any, _record: object) -> None:
    connection.execute("PRAGMA secure_delete = OFF")  # which some builds have on: Debian's


def _lower(text: str | None) -> str | None:
    """SQL's lower() for all letters: SQLite's own knows only A to Z."""
    return text.lower() if text else text


def _begin(connection: Any) -> None:
    from sqlalchemy.exc import DBAPIError

    reads_only = connection.get_execution_options().get("reads_only", False)
    try:
        connection.exec_driver_sql("BEGIN" if reads_only else "BEGIN IMMEDIATE")
    except DBAPIError as error:
        raise fault(error, connection.engine.url.database) from error


def _unreachable(said: str, database: str | None) -> str:
    reason = said.splitlines()[0].rpartition("FATAL:  ")[2].rstrip(".")
    if any(words in said for words in _REFUSED):
        return (
            f"the database at {database} refuses us: {reason}. Correct store.url in the settings."
        )
    return (
        f"the database at {database} does not answer: {reason}. "
        "Start it, or correct store.url in the settings."
    )


def is_of_database(error: Exception) -> bool:
    """Whether this is what a database or its driver said."""
    if isinstance(error, sqlite3.Error):
        return True
    if "sqlalchemy" not in sys.modules:
        return False
    from sqlalchemy.exc import DBAPIError

    return isinstance(error, DBAPIError)


def fault(error: Exception, database: str | None) -> StoreUnavailable:
    """What a failure of the database means to the person who ran into it."""
    said = str(getattr(error, "orig", error)).strip()
    if any(words in said for words in _STARTING):
        return StoreUnavailable(f"the database at {database} is not ready; try again in a moment")
    if any(words in said for words in _UNREACHABLE):
        return StoreUnusable(_unreachable(said, database))
    if "full" in said or "No space left" in said:
        return StoreUnavailable(f"the store at {database} cannot grow: {said}. Make room for it.")
    if any(words in said for words in _READ_ONLY):
        return StoreUnusable(
            f"the store at {database} cannot be written: {said}. Give this user the right to write "
            "there, or mount the disk for writing."
        )
    if any(words in said for words in _DAMAGED):
        return StoreDamaged(
            f"the store at {database} is damaged: {said}. `mailtracer doctor` says more; "
            "`mailtracer restore FILE` goes back to a backup."
        )
    if postgresql.is_busy(getattr(error, "orig", error)) or any(word in said for word in _BRIEF):
        return StoreUnavailable("the store is busy; try again in a moment")
    return StoreUnusable(f"the store at {database} cannot be used: {said}")
