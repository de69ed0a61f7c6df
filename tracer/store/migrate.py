"""Bringing a store to the newest schema."""

from __future__ import annotations

from importlib.resources import as_file, files

from sqlalchemy import Connection, Engine, inspect, text

from tracer.store.driver import is_postgresql
from tracer.store.engine import StoreUnusable, one_writer
from tracer.store.postgresql import want_trigrams


def migrate(engine: Engine) -> None:
    """Create or upgrade the schema in one transaction; nothing happens if it is the newest.

    Raises StoreUnusable where a newer version has made the schema.
    """
    with engine.begin() as conn:
        one_writer(conn)
        found = revision(conn)
        if found and not _is_known(found):
            raise _foreign(found)
        if found != head():
            _upgrade(conn)
            if is_postgresql(conn):
                want_trigrams(conn)


def check(conn: Connection) -> None:
    """Raise StoreUnusable, saying what to do, unless the schema is the newest."""
    found = revision(conn)
    if found == head():
        return
    if found and not _is_known(found):
        raise _foreign(found)
    state = f"has schema {found}" if found else "is empty"
    raise StoreUnusable(f"the store {state}; this version needs {head()}. Run `mailtracer init`.")


def head() -> str:
    """Name of the newest migration."""
    return files(__package__).joinpath("migrations/head").read_text("ascii").strip()


def revision(conn: Connection) -> str:
    """Name of the migration that the store is at; `""` for an empty one."""
    if not inspect(conn).has_table("alembic_version"):
        return ""
    return conn.execute(text("SELECT version_num FROM alembic_version")).scalar() or ""


def _is_known(name: str) -> bool:
    return files(__package__).joinpath(f"migrations/versions/{name}.py").is_file()


def _foreign(found: str) -> StoreUnusable:
    return StoreUnusable(
        f"the store has schema {found}, which this version does not know (it knows up to "
        f"{head()}). Use the version that made the store, or a newer one."
    )


def _upgrade(conn: Connection) -> None:
    # Alembic takes longer to import than a search takes to run, and is needed once a version.
    from alembic import command
    from alembic.config import Config

    with as_file(files(__package__).joinpath("migrations")) as folder:
        config = Config()
        config.set_main_option("script_location", str(folder).replace("%", "%%"))
        config.attributes["connection"] = conn
        command.upgrade(config, "head")
