"""Rarer stamps at the start of a line: numbers since 1970, brackets, the day before the month.

Unix times of `journalctl -o short-unix` and of shippers (10 digits are seconds, 13
milliseconds, 16 microseconds, 19 nanoseconds); TAI64N of daemontools and s6
(cr.yp.to/libtai/tai64.html); web servers' and spreadsheets' dates.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from tracer.model import SECOND_US

from .calendar_words import month_named
from .stamp import Stamp, in_hour, micros_of, read_stamp, zone_of

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UNIX = re.compile(r"(1\d{9}|1\d{12}|1\d{15}|1\d{18})(?:[.,](\d{1,9}))?(?=\s|$)")
_TAI = re.compile(r"@4([0-9a-f]{15})([0-9a-f]{8})(?=\s|$)")
_TAI_AHEAD_S = 10  # of the label against Unix time, as these programs write it
_CLOCK = r"(?P<hour>\d\d?)(?P<second>:\d\d(?::\d\d|(?=[ \tZz+-])))(?:[.,](?P<fraction>\d{1,12}))?"
_ZONE = r"(?P<zone> ?[+-]\d\d:?\d\d| ?Z| UTC| GMT)?(?=\s|\]|$)"
_YEAR, _DAY = r"(?P<year>\d{4})", r"(?P<day>\d\d?)"
_PATTERNS = tuple(
    re.compile(pattern + _ZONE)
    for pattern in (
        # 22/Nov/2026:12:32:15 +0000, 22 Nov 2026 12:32:15, 22-Nov-2026 12:32:15
        rf"{_DAY}[ /-](?P<name>[^\W\d_]{{3,6}}\.?)[ /-]{_YEAR}[ :] ?{_CLOCK}",
        rf"{_DAY}\.(?P<month>\d\d?)\.{_YEAR},? {_CLOCK}",  # 22.11.2026 12:32:15
        # 20261122T123215Z
        rf"{_YEAR}(?P<month>\d\d)(?P<day>\d\d)[T ]?(?P<hour>\d\d)(?P<minute>\d\d)"
        r"(?P<bare_second>\d\d)(?:[.,](?P<fraction>\d{1,12}))?",
        # 11/22/2026, 12:32:15.123 PM
        rf"(?P<one>\d\d?)/(?P<two>\d\d?)/{_YEAR},? {_CLOCK}(?P<half> ?[AaPp][Mm])?",
    )
)


def read_any_stamp(line: str) -> Stamp | None:
    """The stamp that `line` starts with, however it is spelt; None when it starts with none."""
    return read_stamp(line) or _read_odd(line)


def _read_odd(line: str) -> Stamp | None:
    first = line[:1]
    if first == "[":
        return _in_brackets(line)
    if first == "@":
        return _tai(line)
    return (_unix(line) or _day_first(line)) if first.isdigit() else None


def _in_brackets(line: str) -> Stamp | None:
    end = line.find("]", 1, 60)
    inner = line[1:end]
    found = read_any_stamp(inner) if end > 0 and inner[:1] not in ("[", "@") else None
    if found is None or found.length != len(inner):
        return None
    return found._replace(length=end + 1)


def _unix(line: str) -> Stamp | None:
    found = _UNIX.match(line)
    if found is None:
        return None
    digits, fraction = found[1], found[2] or ""
    return _since_1970(int(digits[:10]), digits[10:] or fraction, found.end())


def _tai(line: str) -> Stamp | None:
    found = _TAI.match(line)
    if found is None:
        return None
    seconds = int(found[1], 16) - _TAI_AHEAD_S
    return _since_1970(seconds, f"{int(found[2], 16):09}", found.end())


def _since_1970(seconds: int, fraction: str, length: int) -> Stamp | None:
    try:
        at = _EPOCH + timedelta(seconds=seconds)
    except OverflowError:
        return None
    in_hour_us = (at.minute * 60 + at.second) * SECOND_US + micros_of(fraction)
    return Stamp(at.year, at.month, at.day, at.hour, in_hour_us, UTC, length, fraction)


def _day_first(line: str) -> Stamp | None:
    found = next(filter(None, (pattern.match(line) for pattern in _PATTERNS)), None)
    if found is None:
        return None
    said = found.groupdict()
    day = _day_and_month(said)
    hour = _hour(int(said["hour"]), (said.get("half") or "").strip().lower())
    clock = said.get("second") or f":{said['minute']}:{said['bare_second']}"
    in_hour_us, fraction = in_hour(clock), said["fraction"] or ""
    if day is None or hour is None or in_hour_us is None:
        return None
    zone = zone_of(said["zone"].strip()) if said["zone"] else None
    in_hour_us += micros_of(fraction)
    return Stamp(int(said["year"]), day[1], day[0], hour, in_hour_us, zone, found.end(), fraction)


def _day_and_month(said: dict[str, str]) -> tuple[int, int] | None:
    """The day and the month; None where nobody can tell which is which (04/05/2026)."""
    if "one" not in said:
        month = month_named(said["name"]) if "name" in said else int(said["month"])
        return (int(said["day"]), month) if month else None
    one, two = int(said["one"]), int(said["two"])
    if said["half"] or two > 12 or one == two:  # an hour with AM or PM: the month is first
        return two, one
    return (one, two) if one > 12 else None


def _hour(hour: int, half: str) -> int | None:
    if not half:
        return hour if hour < 24 else None
    return hour % 12 + (12 if half == "pm" else 0) if 1 <= hour <= 12 else None
