"""How many deliveries of what kind each ten minutes saw: a day's rows, counted beforehand.

Counts, facets and the histogram of a wide search walk some hundred of these instead of
every delivery; what asks for a whole day reads a few rows that hold its sums. They are kept
with the rows they count, in the same transaction. Where a
bulk fills a new day they come when the day is full (`day_making.finish`).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from tracer.legs import Stay
from tracer.model import DAY_US, SECOND_US
from tracer.store import days, words
from tracer.store.driver import (
    Rows,
    add_plain,
    among,
    change,
    change_many,
    fetch,
    is_postgresql,
)
from tracer.store.states import ID_BITS, MILLISECOND_US

if TYPE_CHECKING:
    from sqlalchemy import Connection

SLOT_US = 600 * SECOND_US
WHOLE_DAY = -1
"""The slot under which the sums of a day stand."""
_Kind = tuple[int, str, str, int]  # slot, outcome, cause, source
_COLUMNS = "slot", "outcome", "cause", "source_id", "deliveries", "hops"
_SLOT = f"(d.hop_id >> {ID_BITS}) / {SLOT_US // MILLISECOND_US}"
_ADD = """INSERT INTO counts_{day} (slot, outcome, cause, source_id, deliveries, hops)
 VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (slot, outcome, cause, source_id)
 DO UPDATE SET deliveries = counts_{day}.deliveries + excluded.deliveries,
 hops = counts_{day}.hops + excluded.hops"""
_WALK = """SELECT {slot}, d.outcome, d.cause, h.source_id, count(*), sum(CASE WHEN d.n = 0 OR
 d.n = (SELECT min(f.n) FROM deliveries_{day} f WHERE f.hop_id = d.hop_id AND f.next_id = 0)
 THEN 1 ELSE 0 END)
 FROM deliveries_{day} d JOIN hops_{day} h ON h.hop_id = d.hop_id
 WHERE d.next_id = 0 AND {which} GROUP BY 1, 2, 3, 4"""

# A day that has just been filled has no statistics: PostgreSQL takes `= 0` to be true of few rows
# and looks up the first of each hop, for each of its deliveries.
_WALK_FULL = f"""SELECT slot, outcome, cause, source_id, count(*),
 sum(CASE WHEN place = 1 THEN 1 ELSE 0 END) FROM (SELECT {_SLOT} AS slot, d.outcome, d.cause,
 h.source_id, row_number() OVER (PARTITION BY d.hop_id ORDER BY d.n) AS place
 FROM deliveries_{{day}} d JOIN hops_{{day}} h ON h.hop_id = d.hop_id
 WHERE d.next_id < 1) told GROUP BY 1, 2, 3, 4"""


class Changes:
    """What the writing of some stays adds to the counts and takes from them, and which of them
    the index of words does not know yet.

    Days that are still being loaded are passed over, and days that a `bulk` makes are such.
    """

    def __init__(self, conn: Connection, *, bulk: bool = False) -> None:
        self._conn, self._bulk = conn, bulk
        self._added: dict[str, Counter[_Kind]] = defaultdict(Counter)
        self._hops: dict[str, Counter[_Kind]] = defaultdict(Counter)
        self._written: dict[str, list[int]] = defaultdict(list)  # hop_ids by day

    def add(self, day: str, stay: Stay, source_id: int) -> None:
        """A stay that is written."""
        self._written[day].append(stay.hop.hop_id)
        if self._bulk and day not in self._counted:
            return
        slot = (stay.hop.hop_id >> ID_BITS) * MILLISECOND_US // SLOT_US
        added, is_first = self._added[day], 1
        for placed in stay.placed:
            if placed.next_id == 0:
                kind = slot, placed.delivery.outcome._value_, placed.delivery.cause, source_id
                added[kind] += 1
                self._hops[day][kind] += is_first
                is_first = 0

    def remove(self, day: str, hop_ids: Collection[int]) -> None:
        """Stays of a day that are going to be deleted, as they are stored."""
        if day in self._counted:
            these, asked = among(self._conn, hop_ids)
            for *kind, n, hops in _walk(self._conn, day, f"d.hop_id {these}", asked):
                self._added[day][_kind(kind)] -= n
                self._hops[day][_kind(kind)] -= hops

    def write(self) -> None:
        """Lay the difference on what is stored; days made meanwhile are counted too."""
        for day, hop_ids in self._written.items():
            words.touch(self._conn, day, hop_ids)
        counted = days.counted(self._conn) if self._added else ()
        for day, added in self._added.items():
            if day in counted:
                hops = self._hops[day]
                _write(self._conn, day, [(*kind, n, hops[kind]) for kind, n in added.items()])

    @cached_property
    def _counted(self) -> set[str]:
        return days.counted(self._conn)


def recount(conn: Connection, day: str) -> None:
    """Count a whole day again."""
    put(conn, day, walk(conn, day))


def walk(conn: Connection, day: str) -> Rows:
    """A whole day counted: slot, outcome, cause, source, deliveries, hops."""
    if is_postgresql(conn):
        return fetch(conn, _WALK_FULL.format(day=day), ())
    return _walk(conn, day, "1 = 1")


def put(conn: Connection, day: str, counted: Rows) -> None:
    """Store what a walk over the day has counted, in the place of what was there."""
    change(conn, f"DELETE FROM counts_{day}")
    add_plain(conn, f"counts_{day}", _COLUMNS, [*counted, *_sums(counted)])


class Slots(NamedTuple):
    """Slots that follow each other: the first, and the one after the last."""

    first: int
    end: int

    @property
    def stored(self) -> tuple[int, int]:
        """The first and the last slot to add up, as they are stored."""
        is_day = self.end - self.first == DAY_US // SLOT_US
        return (WHOLE_DAY, WHOLE_DAY) if is_day else (self.first, self.end - 1)

    @property
    def since_us(self) -> int:
        """Where they begin."""
        return self.first * SLOT_US

    @property
    def until_us(self) -> int:
        """Where they end."""
        return self.end * SLOT_US


def slots(start_us: int, since_us: int | None, until_us: int | None) -> Slots | None:
    """The slots of the day from `start_us` that are asked for whole; None if there is none."""
    since_us = start_us if since_us is None else max(since_us, start_us)
    until_us = start_us + DAY_US if until_us is None else min(until_us, start_us + DAY_US)
    found = Slots(-(-since_us // SLOT_US), until_us // SLOT_US)
    return found if found.first < found.end else None


def _walk(conn: Connection, day: str, which: str, *parameters: object) -> Rows:
    return fetch(conn, _WALK.format(slot=_SLOT, day=day, which=which), parameters)


def _kind(values: list[Any]) -> _Kind:
    slot, outcome, cause, source_id = values
    return slot, outcome, cause, source_id


def _write(conn: Connection, day: str, changed: list[Any]) -> None:
    change_many(conn, _ADD.format(day=day), [*changed, *_sums(changed)])
    if any(n < 0 for *_, n, _hops in changed):
        change(conn, f"DELETE FROM counts_{day} WHERE deliveries = 0")


def add_sums(conn: Connection, day: str) -> None:
    """Give the sums of the day to counts that have none."""
    counted = fetch(conn, f"SELECT * FROM counts_{day} WHERE slot <> {WHOLE_DAY}", ())
    change(conn, f"DELETE FROM counts_{day} WHERE slot = {WHOLE_DAY}")
    change_many(conn, _ADD.format(day=day), _sums(counted))


def _sums(changed: Iterable[Any]) -> list[Any]:
    deliveries: Counter[tuple[str, str, int]] = Counter()
    first: Counter[tuple[str, str, int]] = Counter()
    for _slot, *kind, n, hops in changed:
        deliveries[tuple(kind)] += n
        first[tuple(kind)] += hops
    return [(WHOLE_DAY, *kind, n, first[kind]) for kind, n in deliveries.items()]
