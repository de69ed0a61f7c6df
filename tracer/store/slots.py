"""In which two seconds of a day to look: what its indexes of words and names tell
(tracer/store/words.py), read as far as it is wanted."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from tracer.store import words
from tracer.store.driver import fetch

if TYPE_CHECKING:
    from sqlalchemy import Connection

Ends = tuple[int, int]
"""The first and the last hop_id of interest."""
IDS_OF_SLOT = f"""({{slot}} + :base) * {words.SLOT_IDS}
 AND ({{slot}} + :base) * {words.SLOT_IDS} + {words.SLOT_IDS - 1}"""
"""SQL for the hop_ids of a slot, after BETWEEN; `base` is words.base_of."""
_FIND = """SELECT rowid FROM {index} WHERE {index} MATCH :wanted
 AND rowid BETWEEN :low AND :high ORDER BY rowid DESC LIMIT :most"""
_FIND_FRESH = "SELECT slot FROM fresh_{day} WHERE slot BETWEEN :low AND :high ORDER BY slot DESC"


class Question(NamedTuple):
    """What an index of a day is asked for, in the words of FTS5. Where more slots than `most` have
    it, a walk over the day fills a page sooner."""

    day: str
    table: str
    wanted: str
    most: int


def every(conn: Connection, question: Question, ends: Ends) -> list[int] | None:
    """The slots that an index names, and those that are fresh, the newest first.

    None if the index names too many.
    """
    found = _named(conn, question, ends, question.most + 1)
    if len(found) > question.most:
        return None
    return together([found, _fresh(conn, question.day, ends)])


def newest(
    conn: Connection, question: Question, ends: Ends, many: int
) -> tuple[list[int], Ends | None]:
    """The newest of them, about as many; and where there may be others."""
    found = _named(conn, question, ends, many)
    fresh = _fresh(conn, question.day, ends)
    if len(found) < many:
        return together([found, fresh]), None
    oldest = found[-1]
    older = ends[0], (oldest + words.base_of(question.day)) * words.SLOT_IDS - 1
    return together([found, [slot for slot in fresh if slot >= oldest]]), older


def together(found: Iterable[list[int]]) -> list[int]:
    """The slots of some searches in one list, the newest first, none twice."""
    first, *others = sorted(found, key=len, reverse=True)
    if not any(others):
        return first
    return sorted({*first, *chain.from_iterable(others)}, reverse=True)


def _named(conn: Connection, question: Question, ends: Ends, most: int) -> list[int]:
    asked = {**_within(question.day, ends), "wanted": question.wanted, "most": most}
    return [slot for (slot,) in fetch(conn, _FIND.format(index=question.table), asked)]


def _fresh(conn: Connection, day: str, ends: Ends) -> list[int]:
    found = fetch(conn, _FIND_FRESH.format(day=day), _within(day, ends))
    return [slot for (slot,) in found]


def _within(day: str, ends: Ends) -> dict[str, int]:
    low, high = (end // words.SLOT_IDS - words.base_of(day) for end in ends)
    return {"low": low, "high": high}
