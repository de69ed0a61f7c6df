"""Read the points in time that people write: `48h`, `yesterday`, `2026-11-22T14:00`.

Knows nothing of queries; the command line's `--since` and the query's `since:` both
come here.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta, tzinfo

from tracer.errors import InvalidQuery, Phrase
from tracer.model import DAY_US, SECOND_US, micros, when

_UNITS_S = {
    "s": 1, "sec": 1, "second": 1, "seconds": 1, "с": 1, "сек": 1,
    "m": 60, "min": 60, "minute": 60, "minutes": 60, "м": 60, "мин": 60,
    "h": 3600, "hour": 3600, "hours": 3600, "ч": 3600, "час": 3600,
    "d": 86_400, "day": 86_400, "days": 86_400, "д": 86_400, "дн": 86_400,
    "w": 604_800, "week": 604_800, "weeks": 604_800, "н": 604_800, "нед": 604_800,
}  # fmt: skip
_SPAN = r"(\d{1,9}(?:\.\d{1,3})?) ?([^\W\d_]+)\.?"
_DAYS_BACK = {"today": 0, "сегодня": 0, "yesterday": 1, "вчера": 1}
_MONTHS = r"(\d{1,4}) ?(?:M|mo|months?|мес)\.?"
_NO_MONTHS = Phrase("months differ in length; count days")
_CLOCK = r"(\d{1,2}):(\d\d)(?::(\d\d))?"
_DOTTED = r"(\d{1,2})\.(\d{1,2})\.(\d{4})(?:[T ](.+))?"


def parse_span(text: str) -> float | None:
    """Seconds in `10m`, `1.5h`, `2 days`, `2д`; None if the text is no span of time.

    A capital `M` is not taken: some would mean minutes and some months.
    """
    match = re.fullmatch(_SPAN, text)
    if match is None or match[2] == "M":
        return None
    unit_s = _UNITS_S.get(match[2].lower())
    return None if unit_s is None else float(match[1]) * unit_s


def parse_age(text: str, *, now_us: int) -> int:
    """The time so long ago (`48h`, `2d`) in microseconds. Raises InvalidQuery with a suggestion."""
    span_s = parse_span(text.strip())
    if span_s is not None:
        return max(0, now_us - round(span_s * SECOND_US))
    if days := _months_as_days(text):
        raise InvalidQuery(_NO_MONTHS, suggestion=days)
    raise InvalidQuery("a length of time is a number and m, h, d or w", suggestion="2d")


def parse_time(text: str, *, now_us: int, zone: tzinfo) -> int:
    """Microseconds since 1970 in UTC of a point in time.

    A span is that long ago, never before 1970; `today` and `yesterday` begin at midnight
    in `zone`; `14:00` is today; a date is its midnight; a time without an offset is in
    `zone`. Raises InvalidQuery with a suggestion.
    """
    plain = text.strip()
    if parse_span(plain) is not None:
        return parse_age(plain, now_us=now_us)
    try:
        at_us = micros(_moment(plain, now_us, zone))
    except (ValueError, OverflowError) as error:
        raise _not_a_time(text, now_us, zone) from error
    if at_us < 0:
        raise _not_a_time(text, now_us, zone)
    return at_us


def _moment(text: str, now_us: int, zone: tzinfo) -> datetime:
    now = when(now_us).astimezone(zone)
    word = text.lower()
    if word in ("now", "сейчас"):
        return now
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    if word in _DAYS_BACK:
        return midnight - timedelta(days=_DAYS_BACK[word])
    if clock := re.fullmatch(_CLOCK, word):
        hour, minute, second = (int(part or 0) for part in clock.groups())
        return midnight.replace(hour=hour, minute=minute, second=second)
    at = datetime.fromisoformat(_iso(text))
    return at if at.tzinfo else at.replace(tzinfo=zone)


def _iso(text: str) -> str:
    """`22.11.2026 14:00` as ISO 8601; any other text as it is."""
    dotted = re.fullmatch(_DOTTED, text)
    if dotted is None:
        return text.upper()
    day, month, year, clock = dotted.groups()
    return f"{year}-{month:0>2}-{day:0>2}" + (f"T{clock}" if clock else "")


def _not_a_time(text: str, now_us: int, zone: tzinfo) -> InvalidQuery:
    if days := _months_as_days(text):
        return InvalidQuery(_NO_MONTHS, suggestion=days)
    day = when(max(0, now_us - DAY_US)).astimezone(zone).date().isoformat()
    return InvalidQuery(
        Phrase(
            "a time is how long ago (48h, 2d), a date or a date and time (%(day)sT14:00), "
            "or the word today or yesterday",
            day=day,
        ),
        suggestion=day,
    )


def _months_as_days(text: str) -> str:
    months = re.fullmatch(_MONTHS, text.strip())
    return f"{int(months[1]) * 30}d" if months else ""
