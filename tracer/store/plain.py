"""An SQLite store read by the driver alone, for commands that must answer at once.

Importing SQLAlchemy takes longer than a search from the shell. Everything that reads with
`tracer.store.driver.fetch` takes such a connection as well as one of SQLAlchemy's; what needs
more of a connection than that does not.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, cast

from tracer.store.engine import CONNECT, tune

if TYPE_CHECKING:
    from sqlalchemy import Connection

_SCHEME = "sqlite:///"


class _Dialect:
    name = "sqlite"
    loaded_dbapi = sqlite3


class _Plain:
    """What `fetch` asks of a connection: the driver's own, in a transaction that reads."""

    dialect = _Dialect

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    def in_transaction(self) -> bool:
        """It is from the start to the end."""
        return True


def path_of(url: str) -> str:
    """The file of a store that can be read so; `""` for another kind of address."""
    path = url.removeprefix(_SCHEME)
    return "" if path == url or path == ":memory:" or "?" in path else path


@contextmanager
def reading_plainly(path: str) -> Iterator[Connection]:
    """A connection for `fetch` that sees one moment of a store.  Raises sqlite3.Error."""
    with closing(sqlite3.connect(path, **CONNECT)) as connection:
        tune(connection)
        connection.execute("BEGIN")
        yield cast("Connection", _Plain(connection))
