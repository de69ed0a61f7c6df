"""Which year a stamp without one belongs to.

RFC 3164 heads (`Nov 22 12:32:15`) name no year.  The guess rests on the order of
the lines and on when the file was last written, never on today's date alone.
Knows nothing of files: `collectors.dating` finds the starting point.
"""

from __future__ import annotations

from calendar import isleap
from datetime import date

MONTHS = {
    name: number
    for number, name in enumerate(
        ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"), 1
    )
}

NEW_YEAR_DAYS = 183  # further back than this: the log went on into the next year
LATE_DAYS = 31  # a line this late at the most belongs to the year before
NEAR_DAYS = 7  # over the new year only lines this close follow each other,
GAP_DAYS = 150  # and inside a year lines with no more than this between them
_DAYS_IN_MONTH = (0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


class YearGuess:
    """Years for stamps read one after the other, oldest first.

    Start it with one of: `year`, the year of the first stamp; `anchor`, a date known
    to be near the first stamp; or only `latest`, after which no stamp may be.
    A stamp more than half a year back starts a new year; one that is late by days
    does not, and a lone stray one does not move the stamps after it.
    """

    __slots__ = ("_anchor", "_first_year", "_latest", "_pending")

    def __init__(
        self, *, year: int | None = None, anchor: date | None = None, latest: date | None = None
    ) -> None:
        if year is None and anchor is None and latest is None:
            raise ValueError("a starting point is needed: year, anchor or latest")
        self._first_year = year
        self._anchor = anchor
        self._latest = latest or date.max
        self._pending: date | None = None

    def year_of(self, month: int, day: int) -> int | None:
        """The year of the next stamp; None when no year has such a day."""
        if not (1 <= month <= 12 and 1 <= day <= _DAYS_IN_MONTH[month]):
            return None
        if self._anchor is None:
            self._anchor = self._first(month, day)
            return self._anchor.year
        found = self._near(self._anchor, month, day)
        if not _follows(found, self._anchor) and self._pending is not None:
            self._anchor = self._pending  # no stray: the log went on from there
            found = self._near(self._anchor, month, day)
        if _follows(found, self._anchor):
            self._anchor, self._pending = found, None
        else:
            self._pending = found
        return found.year

    def _first(self, month: int, day: int) -> date:
        if self._first_year is not None:
            return _on_or_before(self._first_year, month, day)
        return newest_before(self._latest, month, day)

    def _near(self, anchor: date, month: int, day: int) -> date:
        if (month, day) == (2, 29):
            return self._leap_day(anchor)
        found = date(anchor.year, month, day)
        days = (found - anchor).days
        if days < -NEW_YEAR_DAYS and anchor.year < date.max.year:
            found = date(anchor.year + 1, month, day)
        elif days > 365 - LATE_DAYS and anchor.year > date.min.year:
            found = date(anchor.year - 1, month, day)
        return found if found <= self._latest else newest_before(self._latest, month, day)

    def _leap_day(self, anchor: date) -> date:
        years = range(max(anchor.year - 8, date.min.year), min(anchor.year + 8, date.max.year) + 1)
        days = [date(year, 2, 29) for year in years if isleap(year)]
        allowed = [found for found in days if found <= self._latest] or days[:1]
        return min(allowed, key=lambda found: abs((found - anchor).days))


def newest_before(latest: date, month: int, day: int) -> date:
    """The newest such day that is not after `latest`; 29 February only in leap years."""
    found = _on_or_before(latest.year, month, day)
    return found if found <= latest else _on_or_before(latest.year - 1, month, day)


def _on_or_before(year: int, month: int, day: int) -> date:
    while (month, day) == (2, 29) and not isleap(year):
        year -= 1
    return date(year, month, day)


def _follows(found: date, anchor: date) -> bool:
    """Whether a stamp is a plain next one; after any other jump, the next stamp decides."""
    days = (found - anchor).days
    if found.year != anchor.year:
        return abs(days) <= NEAR_DAYS
    return -LATE_DAYS <= days <= GAP_DAYS
