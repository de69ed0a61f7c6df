"""What a query selects in one day, as SQL."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from tracer.query import SearchQuery
from tracer.store import days, words
from tracer.store.conditions import Conditions
from tracer.store.driver import fetch
from tracer.store.drivers import Driver, drivers

if TYPE_CHECKING:
    from sqlalchemy import Connection

Cursor = tuple[int, int]
"""hop_id and n of the last row that was seen."""
_EVER = (1 << 63) - 1
_DAY = "DAY"
_TOGETHER = 4  # days: a page is mostly found in the first
_MOST_ARMS = 100  # of a union; SQLite takes 500
_WITHIN_SLOTS = Driver(
    f"json_each(:slots) s CROSS JOIN hops_{_DAY} h ON h.hop_id BETWEEN "
    f"{words.within_slot('s.value')} CROSS JOIN deliveries_{_DAY} d ON d.hop_id = h.hop_id",
    "+h.hop_id",  # not looked up by the range of the whole search, which is the wider one
    "1 = 1",
)


class Selection(NamedTuple):
    """SQL that selects what a query matches in one day, newest first: after SELECT …

    `parts` are "FROM … WHERE … ORDER BY …", one for each start; their union is the result.
    `d` are deliveries, `h` hops, which are left out where `is_slim`.
    """

    parts: tuple[str, ...]
    parameters: dict[str, object]
    is_slim: bool = False


class Selector:
    """What a query selects, day after day: the SQL is written once, for a day called DAY."""

    def __init__(
        self, conn: Connection, query: SearchQuery, cursor: Cursor | None = None, *,
        slim: bool = False,
    ) -> None:  # fmt: skip
        """After the cursor's row; without hops if `slim` and nothing is asked of them."""
        self._conn = conn
        low = 0 if query.since_us is None else days.first_id(query.since_us)
        high = _EVER if query.until_us is None else days.first_id(query.until_us) - 1
        self._reach = low, min(high, cursor[0]) if cursor else high
        conditions = Conditions(_DAY, *self._reach)
        self._wanted = conditions.write(query.where)
        if cursor:
            at, n = conditions.bind(cursor[0]), conditions.bind(cursor[1])
            self._wanted += f" AND (d.hop_id < {at} OR d.n < {n})"
        self._starts = drivers(query.where, conditions)
        self._asked = conditions.parameters
        self._is_slim = slim and not self._starts and "h." not in self._wanted
        if not self._starts:
            hops = "" if self._is_slim else f" CROSS JOIN hops_{_DAY} h ON h.hop_id = d.hop_id"
            self._starts = [Driver(f"deliveries_{_DAY} d{hops}", "d.hop_id", "1 = 1")]
        self._parts = self._written(self._starts)
        self._subjects = {start.subject for start in self._starts if start.subject}

    def of(self, day: str) -> Selection:
        """The visible deliveries of one day that match."""
        (selection,) = self.over([day])
        return selection

    def over(self, listed: Sequence[str]) -> Iterator[Selection]:
        """The same of several days, in their order."""
        for first in range(0, len(listed), _TOGETHER):
            some = listed[first : first + _TOGETHER]
            empty = self._empty(some)
            for day in some:
                parts, parameters = self._parts, self._asked
                if self._subjects:
                    parts, parameters = self._by_words(day)
                elif empty:
                    parts = tuple(p for at, p in enumerate(parts) if (day, at) not in empty)
                named = tuple(part.replace(_DAY, day) for part in parts)
                yield Selection(named, parameters, self._is_slim)

    def _empty(self, listed: Sequence[str]) -> set[tuple[str, int]]:
        """Which starts in something rare lead to nothing: (day, place) of each.

        One statement for some days costs less than one for each.
        """
        rare = [(at, start) for at, start in enumerate(self._starts) if start.rare]
        if not 1 < len(rare) * len(listed) <= _MOST_ARMS:
            return set()
        asked = [(day, at, start) for day in listed for at, start in rare]
        arms = (
            f"SELECT {number} WHERE EXISTS (SELECT 1 FROM {start.rare.replace(_DAY, day)} "
            f"WHERE {start.condition} AND {start.walk} BETWEEN :low AND :high)"
            for number, (day, _, start) in enumerate(asked)
        )
        found = {number for (number,) in fetch(self._conn, " UNION ALL ".join(arms), self._asked)}
        return {(day, at) for n, (day, at, _) in enumerate(asked) if n not in found}

    def _written(self, starts: Iterable[Driver]) -> tuple[str, ...]:
        return tuple(
            f"FROM {start.tables} WHERE {start.condition} AND {start.walk} BETWEEN :low AND :high "
            f"AND d.next_id = 0 AND {self._wanted} ORDER BY {start.walk} DESC, d.n DESC"
            for start in starts
        )

    def _by_words(self, day: str) -> tuple[tuple[str, ...], dict[str, object]]:
        """The same with the index of words in the place of walks, where it helps."""
        find = partial(words.find, self._conn, day, low_id=self._reach[0], high_id=self._reach[1])
        found = {value: find(value) for value in self._subjects}
        kept = [one for one in self._starts if not one.subject or found[one.subject] is None]
        if len(kept) == len(self._starts):
            return self._parts, self._asked
        slots = sorted({slot for some in found.values() for slot in some or ()}, reverse=True)
        parameters = {**self._asked, "slots": json.dumps(slots)}
        return self._written([*kept, _WITHIN_SLOTS]), parameters


def select(
    conn: Connection, day: str, query: SearchQuery, cursor: Cursor | None = None, *,
    slim: bool = False,
) -> Selection:  # fmt: skip
    """What a query selects in one day."""
    return Selector(conn, query, cursor, slim=slim).of(day)


def pruned(conn: Connection, selection: Selection) -> Selection:
    """The same without the starts that lead to nothing: a union costs more than asking."""
    if len(selection.parts) == 1:
        return selection
    parts = tuple(
        part
        for part in selection.parts
        if fetch(conn, f"SELECT 1 {part} LIMIT 1", selection.parameters)
    )
    return selection._replace(parts=parts or selection.parts[:1])


def unordered(part: str) -> str:
    """A part without its order, to be counted."""
    return part.rpartition(" ORDER BY ")[0]


def union(parts: Sequence[str]) -> str:
    """SQL for the (hop_id, n) of each delivery that one of the parts selects, once."""
    return " UNION ".join(
        f"SELECT hop_id, n FROM (SELECT d.hop_id AS hop_id, d.n AS n {part}) one" for part in parts
    )
