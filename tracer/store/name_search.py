"""Where in a day to look for a recipient by wildcard, by the index of names
(tracer/store/names.py)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tracer.query import Match, MatchKind
from tracer.store import names, words
from tracer.store.slots import Question

if TYPE_CHECKING:
    from sqlalchemy import Connection

MOST_FOUND = 1500
"""Where a day has more slots than this, a walk over the day fills a page sooner."""
SHORTEST = 2
"""Letters of the beginning of a word: shorter ones begin too many to be put together."""
_WORD = re.compile("[a-z0-9]+")


def question(conn: Connection, day: str, value: Match) -> Question | None:
    """What to ask the index of a day for a recipient.

    None: walk over the day, because it has no index, or the text has no word that is known from
    its beginning.
    """
    asked_for = wanted(value)
    if not asked_for or not words.has(conn, day) or not words.knows_trigrams():
        return None
    if not names.has(conn, day):
        return None
    return Question(day, f"names_{day}", asked_for, MOST_FOUND)


def wanted(value: Match) -> str:
    """What FTS5 is asked for: the words of a text of which at least the beginning is known.

    `""` for none, and for text that is not ASCII: its case is not folded by the tokenizer.
    """
    text = value.text.lower()
    if value.kind is MatchKind.PREFIX:
        text += "*"  # where it ends with @ it stands for `+…@` too, which has the same words
    elif value.kind is not MatchKind.WILDCARD:
        return ""
    if not text.isascii():
        return ""
    return " ".join(dict.fromkeys(_words(text)))


def _words(text: str) -> Iterator[str]:
    """Whole words, and beginnings of words where a * follows; what follows a * may be an end."""
    for word in _WORD.finditer(text):
        before, after = text[: word.start()][-1:], text[word.end() :][:1]
        if before == "*" or (after == "*" and len(word[0]) < SHORTEST):
            continue
        yield f'"{word[0]}"*' if after == "*" else f'"{word[0]}"'
