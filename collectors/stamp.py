"""Stamps at the start of a line, any spelling: the slow and complete way.

RFC 3164 section 4.1.2, RFC 5424 section 6.2.3 (a profile of RFC 3339), ISO 8601 as
loggers write it, years where the BSD form has room for one, months and zones by name.
Rarer ones (numbers since 1970, day before month) are in `collectors.odd_stamps`.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import NamedTuple

from tracer.model import SECOND_US, micros

from .calendar_words import is_zone, month_named, zone_lettered

_DIGITS = "0123456789"
_WEEKDAY = r"(?:[^\W\d_]{1,9}\.?,? +)??"
_CLOCK = r"(?P<hour>\d\d)(?P<second>:\d\d(?::\d\d|(?=[ \tZz+-])))(?:[.,](?P<fraction>\d{1,12}))?"
_OFFSET = r" ?[Zz](?=\s|$)| ?[+-]\d\d(?::?\d\d)?(?=\s|$)"
_BSD = re.compile(
    _WEEKDAY + r"(?:(?P<year1>\d{4}) )?(?P<month>[^\W\d_]{3,6}\.?|\d\d?月) +(?P<day>\d\d?)"
    rf"(?:,? (?P<year2>\d{{4}}))?(?: @)? {_CLOCK}(?: (?P<year3>(?:19|20)\d\d)(?= |$))?"
    # A name in capitals is a zone only where a host and a program follow.
    rf"(?P<zone>{_OFFSET}| [A-Z]{{2,4}}T?(?=\s+[^\s:]+\s+\S))?(?=\s|$)"
)
_ISO = re.compile(
    _WEEKDAY + r"(?P<year1>\d{4})(?P<dash>[-/])(?P<month>\d\d)(?P=dash)(?P<day>\d\d)[T ]"
    rf"{_CLOCK}(?P<zone>{_OFFSET}| [A-Z]{{3,5}}(?=\s|$))?(?=\s|$)"
)
_SHIFT = re.compile(r"([+-])([01]\d|2[0-3])(?::?([0-5]\d))?")


class Stamp(NamedTuple):
    """What a stamp says, in its own words: `zone` and `year` are None when it names none."""

    year: int | None
    month: int
    day: int
    hour: int
    in_hour_us: int
    zone: tzinfo | None
    length: int  # characters of the line that it takes
    fraction: str


@lru_cache(maxsize=1)
def seconds_of_an_hour() -> dict[str, int]:
    """ ":MM:SS" -> microseconds since the full hour; a leap second has its place."""
    return {
        f":{minute:02}:{second:02}": (minute * 60 + second) * SECOND_US
        for minute in range(60)
        for second in range(61)
    }


def read_stamp(line: str) -> Stamp | None:
    """The stamp that `line` starts with; None when it starts with none."""
    return _plain_iso(line) or _read_stamp(line)


def _plain_iso(line: str) -> Stamp | None:
    """`2026-11-22T12:32:15.123456+01:00`, the spelling of nearly all that is not BSD's."""
    if line[10:11] != "T" or line[4:5] != "-" or line[16:17] != ":":
        return None
    end = line.find(" ", 19, 36)
    end = len(line) if end < 0 else end
    zone = line[19:end]
    fraction = ""
    if zone[:1] in (".", ","):
        zone = zone[1:].lstrip(_DIGITS)
        fraction = line[20 : end - len(zone)]
    try:
        at, zone_is = datetime.fromisoformat(line[:19]), zone_of(zone)
    except ValueError:
        return None
    if zone_is is None:
        return None
    in_hour_us = (at.minute * 60 + at.second) * SECOND_US + micros_of(fraction)
    return Stamp(at.year, at.month, at.day, at.hour, in_hour_us, zone_is, end, fraction)


def _read_stamp(line: str) -> Stamp | None:
    found = _ISO.match(line) or _BSD.match(line)
    if found is None:
        return None
    said = found.groupdict()
    month = month_named(said["month"]) or (int(said["month"]) if said["month"].isdigit() else 0)
    zone, length = _zone_in(said["zone"] or "", found.end())
    in_hour_us = in_hour(said["second"])
    if not month or in_hour_us is None or int(said["hour"]) > 23 or length < 0:
        return None
    year = said["year1"] or said.get("year2") or said.get("year3")
    fraction = said["fraction"] or ""
    return Stamp(
        year=int(year) if year else None,
        month=month,
        day=int(said["day"]),
        hour=int(said["hour"]),
        in_hour_us=in_hour_us + micros_of(fraction),
        zone=zone,
        length=length,
        fraction=fraction,
    )


def in_hour(written: str) -> int | None:
    """Microseconds since the full hour of ":MM:SS" or ":MM"; None for what is neither."""
    return seconds_of_an_hour().get(written if len(written) > 3 else f"{written}:00")


def _zone_in(written: str, end: int) -> tuple[tzinfo | None, int]:
    """The zone as written behind a stamp that ends at `end`, and where the stamp ends then.

    Capitals that name no zone are the host. The end is -1 for an offset that cannot be.
    """
    word = written.strip()
    if not word:
        return None, end
    if word.isalpha() and len(word) > 1:
        return (zone_lettered(word), end) if is_zone(word) else (None, end - len(written))
    zone = zone_of(word)
    return zone, end if zone else -1


def utc_us(stamp: Stamp) -> int | None:
    """Microseconds UTC of a stamp that names its year and zone; None for others."""
    if stamp.year is None or stamp.zone is None:
        return None
    try:
        hour = datetime(stamp.year, stamp.month, stamp.day, stamp.hour, tzinfo=stamp.zone)
    except ValueError:
        return None
    return micros(hour) + stamp.in_hour_us


def micros_of(fraction: str) -> int:
    """Microseconds of the digits behind the decimal point of a second."""
    return int(fraction[:6].ljust(6, "0")) if fraction else 0


@lru_cache(maxsize=256)
def zone_of(written: str) -> tzinfo | None:
    """The zone of "Z", "UTC", "+02:00", "+0200" or "+02"; None for what is none of them."""
    if written.upper() in ("Z", "UTC", "GMT"):
        return UTC
    found = _SHIFT.fullmatch(written)
    if found is None:
        return None
    shift = timedelta(hours=int(found[2]), minutes=int(found[3] or 0))
    return timezone(-shift if found[1] == "-" else shift)
