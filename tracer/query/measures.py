"""Read sizes, delays and counts: `>10M`, `<=1.5h`, `>1`."""

from __future__ import annotations

import re

from tracer.errors import InvalidQuery
from tracer.query.nodes import Compare
from tracer.times import parse_span

_OPERATOR = r"(?s)(>=|<=|=>|=<|[><=≥≤])? *(.*)"
_SPELT = {"=>": ">=", "=<": "<=", "≥": ">=", "≤": "<=", "": "="}
_NUMBER = r"(\d{1,19}(?:\.\d{1,3})?) *([^\W\d_]*)"
_SIZES = {
    **dict.fromkeys(("", "b", "б"), 1),
    **dict.fromkeys(("k", "kb", "kib", "к", "кб"), 1 << 10),
    **dict.fromkeys(("m", "mb", "mib", "м", "мб"), 1 << 20),
    **dict.fromkeys(("g", "gb", "gib", "г", "гб"), 1 << 30),
}
_LARGEST = float(1 << 62)  # what a database's integer holds with room to spare
_CENTURY_S = 36_525 * 86_400.0


def read_size(text: str) -> tuple[Compare, ...]:
    """Octets; K, M and G are powers of 1024."""
    operator, rest = _operator(text)
    match = re.fullmatch(_NUMBER, rest)
    unit = _SIZES.get(match[2].lower()) if match else None
    octets = float(match[1]) * unit if match and unit else _LARGEST
    if octets >= _LARGEST:
        number = match[1] if match and len(match[1]) < 6 else "10"
        raise InvalidQuery("a size ends in K, M or G", suggestion=f"size:{_typed(text)}{number}M")
    return (Compare(operator, float(round(octets))),)


def read_delay(text: str) -> tuple[Compare, ...]:
    """Seconds; a number without a unit is seconds."""
    operator, rest = _operator(text)
    match = re.fullmatch(_NUMBER, rest)
    delay_s = parse_span(f"{rest}s" if match and not match[2] else rest)
    if delay_s is None:
        number = match[1] if match and len(match[1]) < 6 else "10"
        raise InvalidQuery(
            "a delay ends in s, m, h or d", suggestion=f"delay:{_typed(text)}{number}m"
        )
    return (Compare(operator, round(min(delay_s, _CENTURY_S), 3)),)


def read_attempts(text: str) -> tuple[Compare, ...]:
    """A count of attempts."""
    operator, rest = _operator(text)
    if not re.fullmatch(r"[0-9]{1,9}", rest):
        raise InvalidQuery("attempts: takes a number", suggestion=f"attempts:{_typed(text)}1")
    return (Compare(operator, float(rest)),)


def _operator(text: str) -> tuple[str, str]:
    match = re.fullmatch(_OPERATOR, text.strip())
    assert match is not None  # every part of the pattern may be empty
    typed = match[1] or ""
    return _SPELT.get(typed, typed), match[2].strip()


def _typed(text: str) -> str:
    """The operator for a suggestion: larger than, where none was typed."""
    operator = _operator(text)[0]
    return ">" if operator == "=" else operator
