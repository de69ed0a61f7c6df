"""Times of a column as text; each minute is written once."""

from __future__ import annotations

from collections.abc import Sequence

from tracer.model import SECOND_US, when

MINUTE_US = 60 * SECOND_US
_TWO_DIGITS = tuple(f"{number:02}" for number in range(60))


def rfc3339(values: Sequence[int | None]) -> list[str]:
    """`2026-11-22T10:03:41.250000Z`, the fraction only where there is one; "" for None."""
    minutes = _Minutes("%Y-%m-%dT%H:%M:")
    seconds = _TWO_DIGITS
    written: list[str] = []
    for value in values:
        if value is None:
            written.append("")
            continue
        minute, rest = divmod(value, MINUTE_US)
        second, fraction = divmod(rest, SECOND_US)
        if fraction:
            written.append(f"{minutes[minute]}{seconds[second]}.{fraction:06}Z")
        else:
            written.append(f"{minutes[minute]}{seconds[second]}Z")
    return written


def for_sheets(values: Sequence[int | None]) -> list[str]:
    """`2026-11-22 10:03:41` in UTC, which spreadsheets take for a time; "" for None."""
    minutes = _Minutes("%Y-%m-%d %H:%M:")
    return [
        "" if value is None
        else minutes[value // MINUTE_US] + _TWO_DIGITS[value % MINUTE_US // SECOND_US]
        for value in values
    ]  # fmt: skip


class _Minutes(dict[int, str]):
    """Minutes since 1970 as text."""

    def __init__(self, form: str) -> None:
        super().__init__()
        self._form = form

    def __missing__(self, minute: int) -> str:
        text = self[minute] = when(minute * MINUTE_US).strftime(self._form)
        return text
