"""Raw lines are let go of sooner than what was made of them, a whole day at a time.

The rows stay: who, when, the outcome, the reply that decided it, its cause. A day in the
archive is brought back, loses its lines and is sealed again; a cut at any point leaves it
whole, with lines or without, in the store or in the archive.
"""

from __future__ import annotations

from sqlalchemy import Connection, Engine

from tracer.archive import sealing
from tracer.archive.files import Archive
from tracer.model import DAY_US, Parse
from tracer.store import blocks, days, sealed
from tracer.store.engine import alone, one_writer
from tracer.store.states import LATE, LIVE, SEALED


def old(conn: Connection, now_us: int, lines_days: int) -> list[str]:
    """Days that nobody holds and whose lines are older than they are kept; 0 keeps them."""
    if not lines_days:
        return []
    first_kept = days.day_of(now_us - lines_days * DAY_US)
    return [
        known.day
        for known in reversed(sealed.every(conn))
        if known.day < first_kept and not known.held and _has_lines(conn, known)
    ]


def _has_lines(conn: Connection, known: sealed.DayState) -> bool:
    if known.state == LIVE:
        return blocks.has_any(conn, known.day)
    return known.state in (SEALED, LATE) and not known.without_lines


def delete(engine: Engine, archive: Archive, day: str, parse: Parse, now_us: int) -> None:
    """Delete a day's lines, wherever the day is. Raises DayHeld, and NotFound
    for an unknown day."""
    with alone(engine, sealing.ARCHIVING):
        with engine.connect() as conn:
            sealing.must_be_free(conn, day)
            was_sealed = sealed.one(conn, day).state in (SEALED, LATE)
        if was_sealed:
            sealing.bring_back(engine, archive, day, parse)
        with engine.begin() as conn:
            one_writer(conn)
            blocks.remove_all(conn, day)
        if was_sealed:
            sealing.put_away(engine, archive, day, parse, now_us)
