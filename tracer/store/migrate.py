"""Bringing a store to the newest schema."""

from __future__ import annotations

from importlib.resources import as_file, files
from typing import TYPE_CHECKING

from tracer.store import citus
from tracer.store.driver import is_postgresql
from tracer.store.engine import one_writer
from tracer.store.postgresql import want_trigrams
from tracer.store.revision import foreign, head, is_known, revision

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
        if found != head():
            _upgrade(conn)
            if is_postgresql(conn):
                want_trigrams(conn)
        citus.spread(conn)


def _upgrade(conn: Connection) -> None:
    # Alembic takes longer to import than a search takes to run, and is needed once a version.
    from alembic import command
    from alembic.config import Config

    with as_file(files(__package__).joinpath("migrations")) as folder:
        config = Config()
        config.set_main_option("script_location", str(folder).replace("%", "%%"))
        config.attributes["connection"] = conn
        command.upgrade(config, "head")
