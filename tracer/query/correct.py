"""Put the suggestion of an error in its place: what the link under it searches for."""

from __future__ import annotations

import re

from tracer.errors import InvalidQuery
from tracer.query.blocks import read
from tracer.query.keys import KEYS

_WORD = r'(?:"(?:[^"\\]|\\.)*"?|[^\s()"])'
_CONDITION = re.compile(
    rf"-(?=\S)|(?:{'|'.join(KEYS)}):\s*{_WORD}*|{_WORD}+", re.IGNORECASE | re.DOTALL
)
_REST = re.compile(r'"(?:[^"\\]|\\.)*"|\([^()]*\)|[("].*|[^\s()"]*', re.DOTALL)


def corrected(text: str, error: InvalidQuery) -> str:
    """The whole query text with the error's suggestion in the place of what is wrong.

    `""` if the error has no suggestion, or if something else is wrong with the text too.
    """
    if not error.suggestion:
        return ""
    position = error.column - 1
    start = position if error.suggestion[0] == "(" else _start(text, position)
    rest = _REST.match(text, position)
    end = rest.end() if rest else position
    whole = f"{text[:start]}{error.suggestion}{text[end:]}"
    try:
        read(whole)
    except InvalidQuery:
        return ""
    return whole


def _start(text: str, position: int) -> int:
    """Where the condition that holds the position begins, or the one that ends there."""
    found = (each.span() for each in _CONDITION.finditer(text))
    return max((start for start, end in found if start <= position <= end), default=position)
