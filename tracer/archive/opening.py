"""The archive as exports need it, without its packages until a sealed day is opened."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module

from sqlalchemy import Engine

from tracer.exports.reach import OpenDay
from tracer.model import Parse


def opener(place: str, parse: Parse) -> OpenDay:
    """What opens the sealed days that lie at a place.

    pyarrow takes longer to import than most exports take to write, and few reach the archive.
    """

    @contextmanager
    def open_day(engine: Engine, day: str) -> Iterator[Engine]:
        archive = import_module("tracer.archive.files").Archive(place)
        with import_module("tracer.archive.scratch").scratch(engine, archive, day, parse) as store:
            yield store

    return open_day
