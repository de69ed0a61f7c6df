"""Where the words that decided stand in a reply as it was received."""

from __future__ import annotations

import re


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
    parts = (r"\S*@\S*" if part == "@" else re.escape(part) for part in words.split())
    return gap.join(parts) + r"\w*"
