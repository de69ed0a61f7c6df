"""Put the suggestion of an error in its place: what the link under it searches for."""

from __future__ import annotations

import re

from tracer.errors import InvalidQuery
from tracer.query.blocks import read
from tracer.query.keys import KEYS

_WORD = r'(?:"(?:[^"\\]|\\.)*"?|[^\s()"])'
_CONDITION = rf"(?is)-(?=\S)|(?:{'|'.join(KEYS)}):\s*{_WORD}*|{_WORD}+"
_REST = r'(?s)"(?:[^"\\]|\\.)*"|\([^()]*\)|[("].*|[^\s()"]*'


def corrected(text: str, error: InvalidQuery) -> str:
    """The whole query text with the error's suggestion in the place of what is wrong.

    `""` if the error has no suggestion, or if the text would still not be a query. (A time
    elsewhere in it may be wrong: the next error tells.)
    """
    if not error.suggestion:
        return ""
    position = error.column - 1
    start = position if error.suggestion[0] == "(" else _start(text, position)
    rest = re.match(_REST, text[position:])
    end = position + (rest.end() if rest else 0)
    whole = f"{text[:start]}{error.suggestion}{text[end:]}"
    try:
        read(whole)
    except InvalidQuery:
        return ""
    return whole


def _start(text: str, position: int) -> int:
    """Where the condition that holds the position begins, or the one that ends there."""
    found = (each.span() for each in re.finditer(_CONDITION, text))
    return max((start for start, end in found if start <= position <= end), default=position)
