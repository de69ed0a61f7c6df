"""Which days an export reaches, and where each is: in the store, or in the archive.

Knows of the archive only that it can open a sealed day as a small store of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from itertools import groupby
from typing import NamedTuple

from sqlalchemy import Connection, Engine

from tracer.model import DAY_US
from tracer.query import SearchQuery
from tracer.store import days, scan, sealed
from tracer.store.scan import Chunk

OpenDay = Callable[[Engine, str], AbstractContextManager[Engine]]
"""Opens a sealed day of a store as a store that holds that day and no other."""


class Part(NamedTuple):
    """Days that follow each other and are in the store, or one day of the archive."""

    listed: tuple[str, ...]  # newest first
    is_sealed: bool

    def of(self, query: SearchQuery) -> SearchQuery:
        """What the query asks of these days."""
        first, end = days.start_of(self.listed[-1]), days.start_of(self.listed[0]) + DAY_US
        since_us = first if query.since_us is None else max(first, query.since_us)
        until_us = end if query.until_us is None else min(end, query.until_us)
        return replace(query, since_us=since_us, until_us=until_us)


def parts(engine: Engine, query: SearchQuery, open_day: OpenDay | None) -> list[Part]:
    """The days of a query, newest first; without `open_day` those of the store alone."""
    with engine.connect() as conn:
        live = days.within(conn, query.since_us, query.until_us)
        away = set(in_archive(conn, query)) if open_day else set[str]()
    listed = sorted({*live, *away}, reverse=True)
    found: list[Part] = []
    for is_sealed, together in groupby(listed, away.__contains__):
        if is_sealed:
            found += [Part((day,), True) for day in together]
        else:
            found.append(Part(tuple(together), False))
    return found


def in_archive(conn: Connection, query: SearchQuery) -> list[str]:
    """Days that a query reaches and that are in the archive, newest first."""
    return sealed.within(conn, *days.reach(query.since_us, query.until_us))


@contextmanager
def opened(engine: Engine, part: Part, open_day: OpenDay | None) -> Iterator[Engine]:
    """The store in which the days of a part are searched."""
    day = open_day(engine, part.listed[0]) if part.is_sealed and open_day else nullcontext(engine)
    with day as store:
        yield store


def chunks(
    engine: Engine, query: SearchQuery, wanted: Collection[str], open_day: OpenDay | None
) -> Iterator[Chunk]:
    """Every row of a query, newest first, sealed days included (tracer/store/scan.py).

    Raises DayMoved when a day is sealed or restored meanwhile: begun again, it is read where it is.
    """
    for part in parts(engine, query, open_day):
        listed = part.listed if open_day else ()
        with opened(engine, part, open_day) as store:
            yield from scan.chunks_of(store, listed, part.of(query), wanted)
