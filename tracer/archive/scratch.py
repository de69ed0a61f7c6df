"""A sealed day as a small store of its own, so that every search works on it unchanged."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory

from sqlalchemy import Engine

from tracer.archive.files import Archive
from tracer.archive.sealing import fill, late_arrivals
from tracer.model import Parse
from tracer.store import sealed
from tracer.store.engine import open_engine, reading
from tracer.store.schema import metadata


@contextmanager
def scratch(engine: Engine, archive: Archive, day: str, parse: Parse) -> Iterator[Engine]:
    """A store that holds a sealed day and what arrived for it since; gone at the end."""
    with reading(engine).connect() as conn:
        known = sealed.file_of(conn, day)
        late = late_arrivals(conn, day, parse)
    with TemporaryDirectory(prefix="mailtracer-") as folder:
        of_day = open_engine(f"sqlite:///{folder}/day.db")
        try:
            with of_day.begin() as conn:
                metadata.create_all(conn)
            fill(of_day, archive, known, late, parse)
            yield reading(of_day)
        finally:
            of_day.dispose()
