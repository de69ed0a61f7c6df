"""Where the years of each input start: from when it was written and its place in the rotation.

A plain file is looked into at a few places, which finds how often the new year came in it.
A compressed file and standard input are dated by their first lines alone, taken to
span less than a year: reading them twice would cost more than it could tell.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo

from .calendar_words import month_named
from .files import peek_lines
from .inputs import LogInput, in_order, rotated_on
from .unpack import codec_of
from .year import YearGuess, newest_before

PLACES = 48  # looked into in a plain file
GLANCE = 4096  # octets of each
SLACK = timedelta(days=1)  # clocks and zones that differ
ROTATION = timedelta(days=100)  # the next log of a series starts no later than this
LONGEST_LOG_YEARS = 12

_STAMP = re.compile(r"([^\W\d_]{3,6}\.?|\b\d\d?月) +(\d\d?),? \d\d:\d\d:\d\d\s")
_SEEN_FROM = 120  # characters: a stamp further in is part of the text

Day = tuple[int, int]  # month, day


def year_guesses(
    inputs: Sequence[LogInput], *, zone: tzinfo, now: datetime, year: int | None = None
) -> dict[str, YearGuess]:
    """A YearGuess for each input, by its path.

    `year`, when given, is that of the first line of each series of rotated logs,
    which then have one guess together: read them in their order.  `now` bounds only
    inputs that do not say when they were written.
    """
    guesses: dict[str, YearGuess] = {}
    for series in in_order(list(inputs)):
        if year is not None:
            together = YearGuess(year=year)
            guesses.update((log.path, together) for log in series)
        else:
            guesses.update(_date_series(series, zone, now))
    return guesses


def _date_series(series: list[LogInput], zone: tzinfo, now: datetime) -> dict[str, YearGuess]:
    guesses: dict[str, YearGuess] = {}
    newer_start: date | None = None
    for log in reversed(series):
        latest = _latest(log, zone, now)
        days = days_in(log)
        start = first_date(days, latest)
        if start and newer_start and start > newer_start + SLACK:
            earlier = first_date(days, newer_start + SLACK)
            if earlier and newer_start - earlier < ROTATION:
                start, latest = earlier, newer_start + ROTATION
        guesses[log.path] = YearGuess(anchor=start, latest=latest)
        newer_start = start or newer_start
    return guesses


def first_date(days: list[Day], latest: date) -> date | None:
    """The date of the first of `days`, in the order of the log, so that the last is not after
    `latest`; None when there are none.
    """
    if not days:
        return None
    for year in range(latest.year, latest.year - LONGEST_LOG_YEARS, -1):
        guess = YearGuess(year=year)
        years = [guess.year_of(*day) for day in days]
        first, last = years[0], years[-1]
        if first is not None and last is not None and date(last, *days[-1]) <= latest:
            return date(first, *days[0])
    return newest_before(latest, *days[0])


def days_in(log: LogInput) -> list[Day]:
    """Days of the stamps without a year at a few places of the log, from its start to its end."""
    if log.size is None:  # a pipe: what is read is gone
        return []
    places = _glances(log)
    if not places:
        places = [peek_lines(log)]
    days = [_usual_day(lines) for lines in places]
    return [day for day in days if day is not None]


def _glances(log: LogInput) -> list[list[str]]:
    """Lines at some places of a plain file; none for another."""
    if not log.size:
        return []
    try:
        with open(log.path, "rb") as file:
            if codec_of(file.read(8)):
                return []
            last = max(log.size - GLANCE, 0)
            offsets = sorted({last * place // PLACES for place in range(PLACES + 1)})
            return [_glance(os.pread(file.fileno(), GLANCE, offset), offset) for offset in offsets]
    except OSError:
        return []


def _glance(octets: bytes, offset: int) -> list[str]:
    lines = octets.decode("utf-8", "replace").split("\n")
    return lines[1:] if offset else lines  # the first one is a piece of a line


def _usual_day(lines: list[str]) -> Day | None:
    """The day most of these lines are of: one may be a stray."""
    days: Counter[Day] = Counter()
    for line in lines[:100]:
        found = _STAMP.search(line, 0, _SEEN_FROM)
        month, day = (month_named(found[1]), int(found[2])) if found else (None, 0)
        if month and YearGuess(year=2024).year_of(month, day):
            days[month, day] += 1
    return days.most_common(1)[0][0] if days else None


def _latest(log: LogInput, zone: tzinfo, now: datetime) -> date:
    written = now if log.written_s is None else datetime.fromtimestamp(log.written_s, UTC)
    day = (written.astimezone(zone) + SLACK).date()
    rotated = rotated_on(log.path)
    return min(day, rotated + SLACK) if rotated else day
