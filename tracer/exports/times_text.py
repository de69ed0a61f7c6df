"""Times of a column as text; each minute is written once."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from tracer.model import SECOND_US, when

MINUTE_US = 60 * SECOND_US
REMEMBERED = 4096  # neighbours in an export share their times
_WHOLE = {second * SECOND_US: f"{second:02}Z" for second in range(60)}


def rfc3339(values: Sequence[int | None]) -> list[str]:
    """`2026-11-22T10:03:41.250000Z`, the fraction only where there is one; "" for None."""
    return list(map(_rfc3339, values))


@lru_cache(maxsize=REMEMBERED)
def _rfc3339(value: int | None) -> str:
    if value is None:
        return ""
    minute, rest = divmod(value, MINUTE_US)
    whole = _WHOLE.get(rest)
    if whole is not None:
        return _minute(minute) + whole
    second, fraction = divmod(rest, SECOND_US)
    return f"{_minute(minute)}{second:02}.{fraction:06}Z"


@lru_cache(maxsize=REMEMBERED)
def _minute(minute: int) -> str:
    return when(minute * MINUTE_US).strftime("%Y-%m-%dT%H:%M:")


def for_sheets(values: Sequence[int | None]) -> list[str]:
    """`2026-11-22 10:03:41` in UTC, which spreadsheets take for a time; "" for None."""
    return list(map(_for_sheets, values))


@lru_cache(maxsize=REMEMBERED)
def _for_sheets(value: int | None) -> str:
    if value is None:
        return ""
    return _rfc3339(value - value % SECOND_US).replace("T", " ").rstrip("Z")
