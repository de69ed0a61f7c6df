"""What the store notes of its days: which are in the archive, what their files hold, what is held.

The days themselves and their tables: tracer/store/days.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from tracer.errors import NotFound, Phrase, StoreUnavailable
from tracer.query import SearchQuery
from tracer.store.days import reach
from tracer.store.driver import change, fetch
from tracer.store.states import LATE, LIVE, SEALED

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection


class DayMoved(StoreUnavailable):
    """A day left the place where it was being read: for the archive, or out of it."""

    def __init__(self, day: str) -> None:
        super().__init__(
            f"{shown(day)} went into the archive or came out of it while it was being read; "
            "run this again"
        )


class DayFile(msgspec.Struct, frozen=True):
    """The file of a sealed day."""

    day: str  # 20261122
    rows: int
    hops: int
    octets: int
    sha256: str


class DayState(msgspec.Struct, frozen=True):
    """A day and where it is; the numbers of its file are None before it was sealed."""

    day: str
    state: str  # LIVE LOADING SEALED LATE
    held: str  # why it must stay; "" if it need not
    rows: int | None
    hops: int | None
    octets: int | None
    sha256: str
    sealed_us: int | None
    without_lines: bool  # in the archive, and its raw lines were deleted


_HERE = "SELECT day FROM days WHERE state NOT IN (?, ?)"
_STATES = f"SELECT {', '.join(DayState.__struct_fields__)} FROM days"


def every(conn: Connection) -> list[DayState]:
    """All days, newest first."""
    return [DayState(*row) for row in fetch(conn, f"{_STATES} ORDER BY day DESC", ())]


def one(conn: Connection, day: str) -> DayState:
    """A day; NotFound if the store never had mail of it."""
    found = fetch(conn, f"{_STATES} WHERE day = ?", (day,))
    if not found:
        raise NotFound(
            f"there is no mail of {shown(day)} here; `mailtracer archive list` tells the days"
        )
    return DayState(*found[0])


def in_store(conn: Connection, listed: Iterable[str]) -> None:
    """Raise DayMoved unless these days are in the store with all they have."""
    here = {day for (day,) in fetch(conn, _HERE, (SEALED, LATE))}
    for day in listed:
        if day not in here:
            raise DayMoved(day)


def file_of(conn: Connection, day: str) -> DayFile:
    """What was noted of a sealed day's file; NotFound if the day was never sealed."""
    known = one(conn, day)
    if known.rows is None or known.hops is None or known.octets is None:
        raise NotFound(f"{shown(day)} was never sealed; it is searched in place")
    return DayFile(day, known.rows, known.hops, known.octets, known.sha256)


def free(conn: Connection) -> list[str]:
    """Days with tables that nobody holds, oldest first."""
    statement = "SELECT day FROM days WHERE state IN (?, ?) AND held = '' ORDER BY day"
    return [day for (day,) in fetch(conn, statement, (LIVE, LATE))]


def held(conn: Connection) -> list[str]:
    """Days that must stay as they are."""
    return [day for (day,) in fetch(conn, "SELECT day FROM days WHERE held <> ''", ())]


def within(conn: Connection, first: str, last: str) -> list[str]:
    """Days from one to another that have a file in the archive, newest first."""
    statement = (
        "SELECT day FROM days WHERE state IN (:sealed, :late) AND day BETWEEN :first AND :last "
        "ORDER BY day DESC"
    )
    asked = {"sealed": SEALED, "late": LATE, "first": first, "last": last}
    return [day for (day,) in fetch(conn, statement, asked)]


class Reached(msgspec.Struct, frozen=True):
    """Days of the archive that a search reaches and does not look into: how many, and which."""

    days: int
    first: str  # 2026-11-01
    last: str

    @property
    def hint(self) -> Phrase:
        """What to do to see them."""
        return Phrase(
            "Days of this range in the archive: %(days)s, from %(first)s to %(last)s. They are not "
            "searched here; an export reads them too.",
            days=str(self.days), first=self.first, last=self.last,
        )  # fmt: skip


def reached(conn: Connection, query: SearchQuery) -> Reached | None:
    """The days in the archive that a search would have to look into; None: it is complete."""
    found = within(conn, *reach(query.since_us, query.until_us))
    return Reached(len(found), shown(found[-1]), shown(found[0])) if found else None


def note(conn: Connection, file: DayFile, now_us: int, *, without_lines: bool = False) -> None:
    """A day is in the archive now."""
    statement = (
        "UPDATE days SET state = ?, rows = ?, hops = ?, octets = ?, sha256 = ?, sealed_us = ?, "
        "without_lines = ? WHERE day = ?"
    )
    told = SEALED, file.rows, file.hops, file.octets, file.sha256, now_us, without_lines
    change(conn, statement, (*told, file.day))


def hold(conn: Connection, day: str, why: str) -> None:
    """Keep a day where it is for a reason; `""` ends that.  NotFound for an unknown day."""
    one(conn, day)
    change(conn, "UPDATE days SET held = ? WHERE day = ?", (why, day))


def forget(conn: Connection, day: str) -> None:
    """The day is gone for good."""
    change(conn, "DELETE FROM days WHERE day = ?", (day,))


def shown(day: str) -> str:
    """`2026-11-22` for `20261122`."""
    return f"{day[:4]}-{day[4:6]}-{day[6:]}"
