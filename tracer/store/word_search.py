"""Where in a day to look for a part of a subject, by the index of words (tracer/store/words.py)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tracer.query import Match, MatchKind
from tracer.store import words
from tracer.store.driver import fetch

if TYPE_CHECKING:
    from sqlalchemy import Connection

MOST_FOUND = 4000
"""Where a day has more slots than this, a walk over the day fills a page sooner."""
_FIND = """SELECT rowid FROM {index} WHERE {index} MATCH :wanted
 AND rowid BETWEEN :low AND :high LIMIT :most"""
_FIND_FRESH = "SELECT slot FROM fresh_{day} WHERE slot BETWEEN :low AND :high"


def find(conn: Connection, day: str, value: Match, low_id: int, high_id: int) -> list[int] | None:
    """Where in a day to look for a subject: the first hop_id of each slot, in no order.

    None: walk over the day, because it has no index, the text has no three letters in a row,
    or too many slots have them. `low_id` and `high_id` are the ends of what is asked for.
    """
    asked_for = wanted(value)
    if not asked_for or not words.has(conn, day) or not words.knows_trigrams():
        return None
    return slots(conn, day, f"words_{day}", asked_for, (low_id, high_id), MOST_FOUND)


def slots(
    conn: Connection, day: str, index: str, asked_for: str, ends: tuple[int, int], most: int
) -> list[int] | None:
    """The first hop_id of each slot that an index names, and of each fresh one, in no order.

    None if they are more than `most`; `ends` are the first and the last hop_id of interest.
    """
    base = words.base_of(day)
    low, high = (end // words.SLOT_IDS - base for end in ends)
    asked = {"wanted": asked_for, "low": low, "high": high, "most": most + 1}
    found = fetch(conn, _FIND.format(index=index), asked)
    if len(found) > most:
        return None
    fresh = fetch(conn, _FIND_FRESH.format(day=day), asked)
    return [(slot + base) * words.SLOT_IDS for (slot,) in {*found, *fresh}]


def within_slot(start: str) -> str:
    """SQL for the hop_ids of the slot that begins with `start`, after BETWEEN."""
    return f"{start} AND {start} + {words.SLOT_IDS - 1}"


def wanted(value: Match) -> str:
    """What FTS5 is asked for: all the three letters of a text, none left out; `""` for none."""
    text = value.text.lower()
    if "\0" in text:
        return ""
    if value.kind is MatchKind.PREFIX:
        text = text.removesuffix("@")  # stands for `+…@` too (Conditions.text)
    parts = text.split("*") if value.kind is MatchKind.WILDCARD else [text]
    threes = dict.fromkeys(three for part in parts for three in _threes(part))
    return " ".join('"{}"'.format(three.replace('"', '""')) for three in threes)


def _threes(text: str) -> Iterator[str]:
    """Enough of the three letters in a row to hold every letter."""
    for start in range(0, len(text) - 2, 3):
        yield text[start : start + 3]
    if len(text) % 3 and len(text) > 3:
        yield text[-3:]
