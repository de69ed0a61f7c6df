"""Where in a day to look for a part of a subject, by the index of words (tracer/store/words.py)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tracer.query import Match, MatchKind
from tracer.store import words
from tracer.store.slots import Question

if TYPE_CHECKING:
    from sqlalchemy import Connection

MOST_FOUND = 4000
"""Where a day has more slots than this, a walk over the day fills a page sooner."""


def question(conn: Connection, day: str, value: Match) -> Question | None:
    """What to ask the index of a day for a subject.

    None: walk over the day, because it has no index, or the text has no three letters in a row.
    """
    asked_for = wanted(value)
    if not asked_for or not words.has(conn, day) or not words.knows_trigrams():
        return None
    return Question(day, f"words_{day}", asked_for, MOST_FOUND)


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
