"""Which schema a store has, and whether this version can read it.

Asked by every command, and so apart from what makes the schema, which takes long to import.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tracer.store.driver import fetch, is_postgresql
from tracer.store.engine import StoreUnusable

if TYPE_CHECKING:
    from sqlalchemy import Connection

_MIGRATIONS = Path(__file__).with_name("migrations")


def check(conn: Connection) -> None:
    """Raise StoreUnusable, saying what to do, unless the schema is the newest."""
    found = revision(conn)
    if found == head():
        return
    if found and not is_known(found):
        raise foreign(found)
    state = f"has schema {found}" if found else "is empty"
    raise StoreUnusable(f"the store {state}; this version needs {head()}. Run `mailtracer init`.")


def head() -> str:
    """Name of the newest migration."""
    return (_MIGRATIONS / "head").read_text("ascii").strip()


def revision(conn: Connection) -> str:
    """Name of the migration that the store is at; `""` for an empty one."""
    there = "to_regclass('alembic_version') IS NOT NULL"
    if not is_postgresql(conn):
        there = "EXISTS (SELECT 1 FROM sqlite_master WHERE name = 'alembic_version')"
    if not fetch(conn, f"SELECT 1 WHERE {there}", ()):
        return ""
    return str(next(iter(fetch(conn, "SELECT version_num FROM alembic_version", ())), ("",))[0])


def is_known(name: str) -> bool:
    """Whether this version has that migration."""
    return (_MIGRATIONS / "versions" / f"{name}.py").is_file()


def foreign(found: str) -> StoreUnusable:
    """What to say of a store that a newer version has made."""
    return StoreUnusable(
        f"the store has schema {found}, which this version does not know (it knows up to "
        f"{head()}). Use the version that made the store, or a newer one."
    )
