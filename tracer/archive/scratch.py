"""A sealed day as a small store of its own, so that every search works on it unchanged."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory

from sqlalchemy import Connection, Engine

from tracer.archive.files import Archive, ArchiveDamaged
from tracer.archive.sealing import fill, late_arrivals
from tracer.model import Parse
from tracer.store import sealed
from tracer.store.engine import open_engine, reading
from tracer.store.schema import metadata
from tracer.store.sealed import DayFile, DayMoved


@contextmanager
def scratch(engine: Engine, archive: Archive, day: str, parse: Parse) -> Iterator[Engine]:
    """A store that holds a sealed day and what arrived for it since; gone at the end.

    Raises DayMoved when the day is not in the archive (any more).
    """
    with reading(engine).connect() as conn:
        _must_be_away(conn, day)
        known = sealed.file_of(conn, day)
        late = late_arrivals(conn, day, parse)
    with TemporaryDirectory(prefix="mailtracer-") as folder:
        of_day = open_engine(f"sqlite:///{folder}/day.db")
        try:
            with of_day.begin() as conn:
                metadata.create_all(conn)
            try:
                fill(of_day, archive, known, late, parse)
            except ArchiveDamaged:
                with reading(engine).connect() as conn:
                    _must_be_away(conn, day, known)  # it may have been sealed anew
                raise
            yield reading(of_day)
        finally:
            of_day.dispose()


def _must_be_away(conn: Connection, day: str, known: DayFile | None = None) -> None:
    """Raise DayMoved unless the day is sealed, in the file that was `known`."""
    if day not in sealed.within(conn, day, day) or known not in (None, sealed.file_of(conn, day)):
        raise DayMoved(day)
