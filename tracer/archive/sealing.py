"""From the store to the archive and back: a day is in one of them, whole, at any moment.

Sealing writes the file, compares every stay of it with the store, and only then drops the
day's tables. A cut at any point leaves the tables, or the file that was compared.
What arrives for a sealed day waits in tables of its own until the day is sealed again.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from typing import Any

from sqlalchemy import Connection, Engine

from tracer.archive import columns
from tracer.archive.files import Archive, ArchiveDamaged
from tracer.arrival import Arrival, Batch
from tracer.errors import NotFound, StoreUnavailable
from tracer.ingest import ingest_within
from tracer.legs import Stay
from tracer.model import DAY_US, Parse
from tracer.store import blocks, day_making, days, sealed, stays
from tracer.store.driver import fetch
from tracer.store.engine import alone, one_writer, reading
from tracer.store.packing import Packer
from tracer.store.sealed import DayFile
from tracer.store.states import LATE, SEALED

TOGETHER = 2000


ARCHIVING = "archiving days"


class AlreadySealed(NotFound):
    """There is nothing left to seal."""


class DayHeld(StoreUnavailable):
    """Somebody wants the day to stay as it is."""

    exit_code = 69

    def __init__(self, day: str, why: str) -> None:
        day = sealed.shown(day)
        super().__init__(f"{day} is held: {why}. To end that: mailtracer archive release {day}")


class DayChanged(StoreUnavailable):
    """Mail of the day arrived while it was being sealed."""


def due(conn: Connection, now_us: int, live_days: int) -> list[str]:
    """Days that are over for longer than `live_days` and not held, oldest first; 0: none is."""
    if not live_days:
        return []
    first_live = days.day_of(now_us - live_days * DAY_US)
    return [day for day in sealed.free(conn) if day < first_live]


def seal(engine: Engine, archive: Archive, day: str, parse: Parse, now_us: int) -> DayFile:
    """Move a day into the archive.

    Raises DayHeld, or DayChanged when mail for it came meanwhile; both leave all as it was.
    """
    with alone(engine, ARCHIVING):
        with engine.connect() as conn:
            must_be_free(conn, day)
        return put_away(engine, archive, day, parse, now_us)


def put_away(engine: Engine, archive: Archive, day: str, parse: Parse, now_us: int) -> DayFile:
    """The same for who already holds the lock ARCHIVING."""
    packer = Packer(parse)
    with engine.connect() as conn:
        state = sealed.one(conn, day).state
    if state == SEALED:
        raise AlreadySealed(f"{sealed.shown(day)} is in the archive already")
    if state == LATE:
        bring_back(engine, archive, day, parse)
    with reading(engine).connect() as conn:
        before = _extent(conn, day)
        known = archive.write(day, columns.rows(_stays(conn, day), packer))
        _compare(columns.stays(archive.read(day), packer), _stays(conn, day))
    with engine.begin() as conn:
        one_writer(conn)
        if _extent(conn, day) != before:
            raise DayChanged(f"mail of {day} arrived while it was being sealed; try again")
        has_lines = blocks.has_any(conn, day)
        day_making.drop(conn, day)
        sealed.note(conn, known, now_us, without_lines=not has_lines)
    return known


def must_be_free(conn: Connection, day: str) -> None:
    """Raise DayHeld where the day is to stay as it is; NotFound for an unknown day."""
    if why := sealed.one(conn, day).held:
        raise DayHeld(day, why)


def restore(engine: Engine, archive: Archive, day: str, parse: Parse) -> int:
    """Bring a sealed day back into the store, with what arrived late; how many hops it has."""
    with alone(engine, ARCHIVING):
        return bring_back(engine, archive, day, parse)


def bring_back(engine: Engine, archive: Archive, day: str, parse: Parse) -> int:
    """The same for who already holds the lock ARCHIVING."""
    packer = Packer(parse)
    with engine.begin() as conn:
        one_writer(conn)
        known = sealed.file_of(conn, day)
        archive.check(known)
        late = list(_arrivals(conn, day, packer))
        day_making.revive(conn, day)
        hops = _fill(conn, columns.stays(archive.read(day), packer), day)
        if hops != known.hops:
            raise ArchiveDamaged(f"{archive.name(day)} has {hops} hops, not {known.hops}.")
        ingest_within(conn, Batch(late, None), parse)
        day_making.finish(conn)
    return hops


def fill(
    engine: Engine, archive: Archive, known: DayFile, late: list[Arrival], parse: Parse
) -> None:
    """Put a sealed day into another, empty store, where it can be searched."""
    archive.check(known)
    with engine.begin() as conn:
        day_making.ensure(conn, known.day, bulk=True)
        _fill(conn, columns.stays(archive.read(known.day), Packer(parse)), known.day)
        ingest_within(conn, Batch(late, None), parse)
        day_making.finish(conn)


def late_arrivals(conn: Connection, day: str, parse: Parse) -> list[Arrival]:
    """What arrived for a day after it was sealed."""
    return list(_arrivals(conn, day, Packer(parse)))


def _fill(conn: Connection, found: Iterator[Stay], day: str) -> int:
    hops = 0
    here = {*days.live(conn), day}
    waiting: list[Stay] = []
    for stay in found:
        waiting.append(stay)
        hops += 1
        if len(waiting) >= TOGETHER:
            stays.save(conn, waiting, bulk=True, tied_to=here)
            waiting = []
    stays.save(conn, waiting, bulk=True, tied_to=here)
    return hops


def _stays(conn: Connection, day: str) -> Iterator[Stay]:
    """Every stay of a day, in order of hop_id."""
    last = 0
    while True:
        statement = (
            f"SELECT hop_id FROM hops_{day} WHERE hop_id > ? ORDER BY hop_id LIMIT {TOGETHER}"
        )
        ids = [hop_id for (hop_id,) in fetch(conn, statement, (last,))]
        if not ids:
            return
        yield from stays.load(conn, ids, packed=True)
        last = ids[-1]


def _arrivals(conn: Connection, day: str, packer: Packer) -> Iterator[Arrival]:
    if sealed.one(conn, day).state != LATE:
        return
    for stay in _stays(conn, day):
        deliveries = tuple(placed.delivery for placed in stay.placed)
        yield Arrival(stay.hop, deliveries, stay.n_events, stay.packed)


def _compare(written: Iterator[Stay], kept: Iterator[Stay]) -> None:
    for one, other in zip_longest(written, kept):
        if other is not None:
            other.is_stored = False
        if one != other:
            raise ArchiveDamaged(
                "what was written to the archive is not what the store holds; nothing was dropped"
            )


def _extent(conn: Connection, day: str) -> tuple[Any, ...]:
    """What changes when anything is stored in a day."""
    of_lines = f"SELECT count(*), sum(n_events), sum(lines_at) FROM hops_{day}"
    of_deliveries = (
        f"SELECT count(*), sum(next_id % 1000003), sum(after_us % 1000003) FROM deliveries_{day}"
    )
    return *fetch(conn, of_lines, ())[0], *fetch(conn, of_deliveries, ())[0]


def expired(conn: Connection, now_us: int, keep_days: int) -> list[str]:
    """Sealed days that are older than the archive keeps them, oldest first; 0 keeps all."""
    if not keep_days:
        return []
    first_kept = days.day_of(now_us - keep_days * DAY_US)
    return [
        known.day
        for known in reversed(sealed.every(conn))
        if known.state in (SEALED, LATE) and known.day < first_kept and not known.held
    ]


def delete(engine: Engine, archive: Archive, day: str) -> None:
    """Delete a sealed day for good, with what came late for it. Raises DayHeld.

    The file goes first: where that cannot be, or is cut off, the day is still known, and due.
    """
    with alone(engine, ARCHIVING):
        with engine.connect() as conn:
            must_be_free(conn, day)
        archive.remove(day)
        with engine.begin() as conn:
            one_writer(conn)
            day_making.drop(conn, day)
            sealed.forget(conn, day)
