"""What a query selects in one day, as SQL."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from tracer.query import SearchQuery, terms
from tracer.store import days, name_search, rare_outcomes, slots, word_search, words
from tracer.store.conditions import Conditions, is_quick
from tracer.store.driver import fetch
from tracer.store.drivers import EVERY, Driver, Sought, drivers, whole_day
from tracer.store.slots import Ends, Question

if TYPE_CHECKING:
    from sqlalchemy import Connection

Cursor = tuple[int, int]
"""hop_id and n of the last row that was seen."""
_EVER = (1 << 63) - 1
_DAY = "DAY"
_TOGETHER = 4  # days: a page is mostly found in the first
_SLOTS_A_ROW = 1.4  # looked through first, which is mostly enough
_FEWEST_SLOTS, _MORE_SLOTS = 20, 2  # at a time, and then so many times more
_FEW_SLOTS = 100  # are looked through in less time than it takes to leave some out
_FEW_CAUSES = 100  # are looked at in less time than an index of words or names is asked in
_CAUSES_A_SLOT = 5  # are read in the index in the time that it takes to look through a slot
_MOST_ARMS = 100  # of a union; SQLite takes 500
_SHOWN = "d.next_id = 0"
_SLOTS = ":slots"
_HOPS = f" CROSS JOIN hops_{_DAY} h ON h.hop_id = d.hop_id"
_WITHIN_SLOTS = Driver(
    f"json_each({_SLOTS}) s CROSS JOIN deliveries_{_DAY} d ON d.hop_id BETWEEN "
    f"{slots.IDS_OF_SLOT.format(slot='s.value')}{_HOPS}",
    "+d.hop_id",  # not looked up by the range of the whole search, which is the wider one
    EVERY,
)


class Selection(NamedTuple):
    """SQL that selects what a query matches in one day, newest first: after SELECT …

    `parts` are "FROM … WHERE … ORDER BY …", one for each start; their union is the result.
    `d` are deliveries, `h` hops, which are left out where `is_slim`. `asked` are parameters,
    but for `slots`: those that a part looks through, the newest first.
    """

    parts: tuple[str, ...]
    asked: dict[str, object]
    is_slim: bool = False
    slots: Sequence[int] | None = None

    @property
    def parameters(self) -> dict[str, object]:
        """Those of the parts, for all that there is."""
        return self.asked if self.slots is None else self._within(self.slots)

    def _within(self, slots: Sequence[int]) -> dict[str, object]:
        return {**self.asked, "slots": json.dumps(slots)}

    def steps(self, limit: int) -> Iterator[dict[str, object]]:
        """The parameters of the parts with a `limit`; slots some at a time, newest first, in which
        a page is mostly full before all are looked through."""
        if self.slots is None or len(self.parts) > 1:  # others may find what is older than the rest
            yield {**self.parameters, "limit": limit}
            return
        first, many = 0, _slots_for(limit)
        while first < len(self.slots):
            yield {**self._within(self.slots[first : first + many]), "limit": limit}
            first, many = first + many, many * _MORE_SLOTS


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
        wanted = conditions.write(query.where)
        # A row is read up to the last column that is asked for, and next_id is one of the last.
        asks_first = any(is_quick(node) for node in terms(query.where))
        self._wanted = f"{wanted} AND {_SHOWN}" if asks_first else f"{_SHOWN} AND {wanted}"
        if cursor:
            at, n = conditions.bind(cursor[0]), conditions.bind(cursor[1])
            self._wanted += f" AND (d.hop_id < {at} OR d.n < {n})"
        self._starts = drivers(query.where, conditions)
        self._asked = conditions.parameters
        self._is_walk = all(start.is_whole for start in self._starts)
        self._is_slim = slim and self._is_walk and "h." not in self._wanted
        self._starts = self._starts or [whole_day(_DAY)]
        self._parts = self._written(self._starts)
        self._sought = {start.sought for start in self._starts if start.sought}
        needs_outcomes = self._is_walk or self._sought
        self._outcomes = rare_outcomes.asked_outcomes(query.where) if needs_outcomes else ""

    def of(self, day: str) -> Selection:
        """The visible deliveries of one day that match."""
        (selection,) = self.over([day])
        return selection

    def over(self, listed: Sequence[str]) -> Iterator[Selection]:
        """The same of several days, in their order."""
        high = self._reach[1]
        for first in range(0, len(listed), _TOGETHER):
            some = listed[first : first + _TOGETHER]
            empty = self._empty(some)
            for day in some:
                if self._sought:
                    yield self._rarely(day, high, _FEW_CAUSES) or self._by_words(day, self._reach)
                elif self._is_walk:
                    yield self._walked(day, high)
                elif empty:
                    parts = tuple(p for at, p in enumerate(self._parts) if (day, at) not in empty)
                    yield self._named(day, parts)
                else:
                    yield self._named(day, self._parts)

    def for_page(self, listed: Sequence[str], rows: int) -> Iterator[Selection]:
        """The same in pieces, the newest first, for who stops at so many rows: of a day first what
        the indexes of words and names tell quickly, which is mostly enough, then the rest."""
        if len(self._sought) > 1 or not all(start.sought for start in self._starts):
            yield from self.over(listed)
            return
        (sought,) = self._sought
        for day in listed:
            if rare := self._rarely(day, self._reach[1], _FEW_CAUSES):
                yield rare
                continue
            ends: Ends | None = self._reach
            if question := _question(self._conn, day, sought):
                many = _MORE_SLOTS * _slots_for(rows)
                newest, ends = slots.newest(self._conn, question, self._reach, many)
                yield self._within(day, newest, self._reach)
            if ends:
                yield self._by_words(day, ends)

    def _named(
        self, day: str, parts: Sequence[str], slots: Sequence[int] | None = None, **found: object
    ) -> Selection:
        """`found` are parameters that only this day has."""
        named = tuple(part.replace(_DAY, day) for part in parts)
        asked = {**self._asked, **found} if found else self._asked
        return Selection(named, asked, self._is_slim, slots)

    def _walked(self, day: str, high: int) -> Selection:
        """All that a day has, or all of the outcomes that are asked for, if these are rare."""
        return self._rarely(day, high) or self._named(day, self._parts, high=high)

    def _rarely(self, day: str, high: int, most: int | None = None) -> Selection | None:
        """All of the outcomes that are asked for, if these are rare."""
        causes = self._causes(day, most)
        if causes is None:
            return None
        parts = self._written([rare_outcomes.start(_DAY)])
        return self._named(day, parts, causes=causes, high=high)

    def _causes(self, day: str, most: int | None = None) -> str | None:
        """Those of the outcomes that are asked for; None if these are not rare."""
        if not self._outcomes or day not in self._counted:
            return None
        return rare_outcomes.causes(self._conn, day, self._outcomes, most)

    @cached_property
    def _counted(self) -> set[str]:
        return days.counted(self._conn)

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

    def _written(self, starts: Sequence[Driver]) -> tuple[str, ...]:
        """One part for each start; one alone where it walks over all that there is."""
        left_out = _HOPS if self._is_slim else ""
        return tuple(
            f"FROM {start.tables.removesuffix(left_out)} WHERE {start.condition} "
            f"AND {start.walk} BETWEEN :low AND :high AND {self._wanted} "
            f"ORDER BY {start.walk} DESC, d.n DESC"
            for start in next(([one] for one in starts if one.is_whole), starts)
        )

    def _by_words(self, day: str, ends: Ends) -> Selection:
        """The same with the indexes of words and names in the place of walks, where they help."""
        found = {sought: self._slots(day, sought, ends) for sought in self._sought}
        kept = [one for one in self._starts if not one.sought or found[one.sought] is None]
        if len(kept) == len(self._starts):
            if self._is_walk:
                return self._walked(day, ends[1])
            return self._named(day, self._parts, high=ends[1])
        told = slots.together(some for some in found.values() if some is not None)
        if not kept and len(told) > _FEW_SLOTS:
            told = self._with_outcome(day, told, ends)
        return self._within(day, told, ends, kept)

    def _slots(self, day: str, sought: Sought, ends: Ends) -> list[int] | None:
        question = _question(self._conn, day, sought)
        return slots.every(self._conn, question, ends) if question else None

    def _with_outcome(self, day: str, told: list[int], ends: Ends) -> list[int]:
        """Those of the slots in which something had the outcome that is asked for."""
        causes = self._causes(day, len(told) * _CAUSES_A_SLOT)
        if causes is None:
            return told
        those = rare_outcomes.slots(self._conn, day, causes, ends)
        return [slot for slot in told if slot in those]

    def _within(
        self, day: str, told: list[int], ends: Ends, others: Sequence[Driver] = ()
    ) -> Selection:
        """What is in these slots, and what has other starts."""
        parts = self._written([*others, _WITHIN_SLOTS])
        return self._named(day, parts, told, base=words.base_of(day), high=ends[1])


def _question(conn: Connection, day: str, sought: Sought) -> Question | None:
    ask = word_search.question if sought.what == "subject" else name_search.question
    return ask(conn, day, sought.value)


def _slots_for(rows: int) -> int:
    """In how many slots so many rows mostly are."""
    return max(round(rows * _SLOTS_A_ROW), _FEWEST_SLOTS)


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
