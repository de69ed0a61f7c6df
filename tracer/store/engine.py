"""Opening a store: SQLite tuned for one writer and many readers."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event, make_url
from sqlalchemy.exc import DBAPIError

from tracer.errors import StoreUnavailable

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
_BRIEF = ("locked", "busy")  # words of SQLite for what passes


class StoreUnusable(StoreUnavailable):
    """There is no store there, or none that this version can use; waiting does not help."""

    exit_code = 69


def open_engine(url: str) -> Engine:
    """An engine for `sqlite:///PATH`.

    Writers take the lock when their transaction begins (BEGIN IMMEDIATE), so that two
    writers wait for each other and neither fails half-way. Readers are never blocked.
    """
    database = make_url(url).database
    if database and database != ":memory:":
        _make_folder(Path(database).parent)
    engine = create_engine(url, connect_args={"isolation_level": None, "check_same_thread": False})
    event.listen(engine, "connect", _tune)
    event.listen(engine, "begin", _begin)
    return engine


def reading(engine: Engine) -> Engine:
    """The same engine for readers: a transaction that takes no lock."""
    return engine.execution_options(reads_only=True)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreUnusable(
            f"cannot make the folder {folder}: {error.strerror}. "
            "Choose another with --home, or give this user the right to write there."
        ) from error


def _tune(connection: Any, _record: object) -> None:
    connection.create_function("lower", 1, _lower, deterministic=True)
    cursor = connection.cursor()
    for pragma in _PRAGMAS:
        cursor.execute(pragma)
    cursor.close()


def _lower(text: str | None) -> str | None:
    """SQL's lower() for all letters: SQLite's own knows only A to Z."""
    return text.lower() if text else text


def _begin(connection: Any) -> None:
    reads_only = connection.get_execution_options().get("reads_only", False)
    try:
        connection.exec_driver_sql("BEGIN" if reads_only else "BEGIN IMMEDIATE")
    except DBAPIError as error:
        raise fault(error, connection.engine.url.database) from error


def fault(error: DBAPIError | sqlite3.Error, database: str | None) -> StoreUnavailable:
    """What a failure of the database means to the person who ran into it."""
    said = str(error.orig if isinstance(error, DBAPIError) else error)
    if "full" in said:
        return StoreUnavailable(f"the store at {database} cannot grow: {said}. Make room for it.")
    if any(word in said for word in _BRIEF):
        return StoreUnavailable("the store is busy; try again in a moment")
    return StoreUnusable(f"the store at {database} cannot be used: {said}")
