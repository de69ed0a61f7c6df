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
UNFINISHED = "unfinished_copy"
"""A table that stands only while a store is being copied into (tracer/store/copying.py)."""


def check(conn: Connection) -> None:
    """Raise StoreUnusable, saying what to do, unless the schema is the newest and all is there."""
    found = revision(conn)
    if found == head():
        _see_that_it_is_whole(conn)
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
    if not has_table(conn, "alembic_version"):
        return ""
    return str(next(iter(fetch(conn, "SELECT version_num FROM alembic_version", ())), ("",))[0])


def has_table(conn: Connection, name: str) -> bool:
    """Whether the store has that table."""
    if is_postgresql(conn):
        return bool(fetch(conn, "SELECT 1 WHERE to_regclass(?) IS NOT NULL", (name,)))
    return bool(fetch(conn, "SELECT 1 FROM sqlite_master WHERE name = ?", (name,)))


def half_copied_from(conn: Connection) -> str:
    """The store that is being copied into this one and is not all there yet; "" for none."""
    if not has_table(conn, UNFINISHED):
        return ""
    told = fetch(conn, f"SELECT origin FROM {UNFINISHED}", ())
    return str(told[0][0]) if told else "another store"


def _see_that_it_is_whole(conn: Connection) -> None:
    """What is written into half a copy would be gone when the copy goes on."""
    if not (origin := half_copied_from(conn)):
        return
    raise StoreUnusable(
        f"the store is a copy of {origin} that is not done. Run `mailtracer db copy` there again "
        "to finish it, or wait until it is done; use the old store until then."
    )


def is_known(name: str) -> bool:
    """Whether this version has that migration."""
    return (_MIGRATIONS / "versions" / f"{name}.py").is_file()


def foreign(found: str) -> StoreUnusable:
    """What to say of a store that a newer version has made."""
    return StoreUnusable(
        f"the store has schema {found}, which this version does not know (it knows up to "
        f"{head()}). Use the version that made the store, or a newer one."
    )
