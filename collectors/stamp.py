"""Stamps at the start of a line, any spelling: the slow and complete way.

RFC 3164 section 4.1.2, RFC 5424 section 6.2.3 (a profile of RFC 3339), ISO 8601 as
loggers write it, and years where the BSD form has room for one.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import NamedTuple

from tracer.model import SECOND_US, micros

from .year import MONTHS

_WEEKDAY = r"(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? +)?"
_MONTH = "|".join(MONTHS)
_CLOCK = r"(?P<hour>\d\d)(?P<second>:\d\d:\d\d)(?:[.,](?P<fraction>\d{1,12}))?"
_BSD = re.compile(
    _WEEKDAY + rf"(?:(?P<year1>\d{{4}}) )?(?P<month>{_MONTH}) +(?P<day>\d\d?)"
    rf"(?:,? (?P<year2>\d{{4}}))? {_CLOCK}(?: (?P<year3>(?:19|20)\d\d)(?= ))?(?=\s|$)"
)
_ISO = re.compile(
    rf"(?:{_WEEKDAY})(?P<year1>\d{{4}})-(?P<month>\d\d)-(?P<day>\d\d)[T ]{_CLOCK}"
    r"(?P<zone> ?[Zz](?=\s|$)| ?[+-]\d\d(?::?\d\d)?(?=\s|$)| UTC| GMT)?(?=\s|$)"
)
_OFFSET = re.compile(r"([+-])([01]\d|2[0-3])(?::?([0-5]\d))?")


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
    found = _ISO.match(line) or _BSD.match(line)
    if found is None:
        return None
    said = found.groupdict()
    in_hour_us = seconds_of_an_hour().get(said["second"])
    hour, written = int(said["hour"]), (said.get("zone") or "").strip()
    zone = zone_of(written)
    if in_hour_us is None or hour > 23 or (written and zone is None):
        return None
    year = said["year1"] or said.get("year2") or said.get("year3")
    fraction = said["fraction"] or ""
    return Stamp(
        year=int(year) if year else None,
        month=MONTHS.get(said["month"]) or int(said["month"]),
        day=int(said["day"]),
        hour=hour,
        in_hour_us=in_hour_us + micros_of(fraction),
        zone=zone,
        length=found.end(),
        fraction=fraction,
    )


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


def zone_of(written: str) -> tzinfo | None:
    """The zone of "Z", "UTC", "+02:00", "+0200" or "+02"; None for what is none of them."""
    if written.upper() in ("Z", "UTC", "GMT"):
        return UTC
    found = _OFFSET.fullmatch(written)
    if found is None:
        return None
    shift = timedelta(hours=int(found[2]), minutes=int(found[3] or 0))
    return timezone(-shift if found[1] == "-" else shift)
