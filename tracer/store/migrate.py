"""Bringing a store to the newest schema."""

from __future__ import annotations

from importlib.resources import as_file, files
from typing import TYPE_CHECKING

from tracer.store import citus, partitions
from tracer.store.driver import change, is_postgresql
from tracer.store.engine import one_writer
from tracer.store.postgresql import want_trigrams
from tracer.store.revision import foreign, head, is_known, revision
from tracer.store.schema import metadata

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine


def migrate(engine: Engine) -> None:
    """Create or upgrade the schema in one transaction; nothing happens if it is the newest.

    Raises StoreUnusable where a newer version has made the schema.
    """
    with engine.begin() as conn:
        one_writer(conn)
        found = revision(conn)
        if found and not is_known(found):
            raise foreign(found)
        if not found:
            _create(conn)
        elif found != head():
            upgrade(conn)
        if found != head() and is_postgresql(conn):
            want_trigrams(conn)
        citus.spread(conn)


def _create(conn: Connection) -> None:
    """Make at once what the migrations make one after the other (tests/store/test_migrations.py).

    The first run of many a reader would wait for Alembic longer than for a hundred thousand lines.
    """
    metadata.create_all(conn, checkfirst=False)
    if is_postgresql(conn):
        partitions.make_parents(conn)
    change(
        conn,
        "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, "
        "CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))",
    )
    change(conn, "INSERT INTO alembic_version (version_num) VALUES (?)", (head(),))


def upgrade(conn: Connection) -> None:
    """Run every migration that the store lacks."""
    # Alembic takes longer to import than a search takes to run, and is needed once a version.
    from alembic import command
    from alembic.config import Config

    with as_file(files(__package__).joinpath("migrations")) as folder:
        config = Config()
        config.set_main_option("script_location", str(folder).replace("%", "%%"))
        config.attributes["connection"] = conn
        command.upgrade(config, "head")
