"""Where the words that decided stand in a reply as it was received."""

from __future__ import annotations

import re

# What the rules hear in place of what differs from message to message (`heard`).
_STANDS_FOR = {"@": r"\S*@\S*", "#ip": r"\S*\d[.:]\S*"}


def marks(reply: str, words: tuple[str, ...]) -> tuple[tuple[int, int], ...]:
    """The spans of the words, in order; of words that are not found none."""
    lowered = reply.lower().replace("’", "'")
    if len(lowered) != len(reply):
        return ()
    spans = [found.span() for each in words if (found := re.search(_loose(each), lowered))]
    return tuple(sorted(spans))


def _loose(words: str) -> str:
    """A pattern for words that a folded reply may part with "550-5.7.1"."""
    gap = r"\s+(?:[245]\d\d[ -](?:[245]\.\d+\.\d+)?\s*)?"
    parts = (_STANDS_FOR.get(part) or re.escape(part) for part in words.split())
    return gap.join(parts) + r"\w*"
