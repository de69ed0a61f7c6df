"""The driver's cursor, where SQLAlchemy's own would take longer than the query.

A search of one page runs a handful of statements of 20 microseconds each; building a
result object with named columns takes ten times that.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError


def fetch(
    conn: Connection, statement: str, parameters: Mapping[str, object]
) -> list[Sequence[Any]]:
    """All rows of a SELECT with `:name` parameters, in the transaction of `conn`.

    Raises what SQLAlchemy would.
    """
    try:
        cursor = conn.connection.cursor()
        found: list[Sequence[Any]] = cursor.execute(statement, parameters).fetchall()
    except sqlite3.Error as error:
        raise OperationalError(statement, dict(parameters), error) from error
    return found
