"""Points in time as people write them."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from tracer.errors import InvalidQuery
from tracer.model import micros
from tracer.times import parse_age, parse_span, parse_time

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
MOSCOW = ZoneInfo("Europe/Moscow")


def at(text: str, zone: ZoneInfo | None = None) -> datetime:
    return datetime.fromtimestamp(
        parse_time(text, now_us=micros(NOW), zone=zone or UTC) / 1_000_000, UTC
    )


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30s", 30), ("10m", 600), ("1.5h", 5400), ("2d", 172_800), ("1w", 604_800),
        ("2 days", 172_800), ("2д", 172_800), ("15 мин.", 900), ("48H", 172_800),
    ],
)  # fmt: skip
def test_a_span_is_read_in_both_languages(text: str, seconds: float) -> None:
    assert parse_span(text) == seconds


@pytest.mark.parametrize("text", ["", "d", "2", "2y", "3M", "-2d", "2d2h", "1e5d", "²d"])
def test_what_is_no_span_is_none(text: str) -> None:
    assert parse_span(text) is None


def test_a_span_is_that_long_ago() -> None:
    assert at("48h") == datetime(2026, 11, 20, 9, 30, tzinfo=UTC)


def test_a_very_long_span_ends_at_the_epoch() -> None:
    assert at("999999999w") == datetime(1970, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-21", datetime(2026, 11, 20, 21, tzinfo=UTC)),
        ("2026-11-21T14:00", datetime(2026, 11, 21, 11, tzinfo=UTC)),
        ("2026-11-21 14:00", datetime(2026, 11, 21, 11, tzinfo=UTC)),
        ("2026-11-21T14:00Z", datetime(2026, 11, 21, 14, tzinfo=UTC)),
        ("2026-11-21t14:00:30.5+05:00", datetime(2026, 11, 21, 9, 0, 30, 500_000, UTC)),
        ("21.11.2026", datetime(2026, 11, 20, 21, tzinfo=UTC)),
        ("1.1.2026 8:05", None),
        ("01.11.2026 08:05", datetime(2026, 11, 1, 5, 5, tzinfo=UTC)),
        ("today", datetime(2026, 11, 21, 21, tzinfo=UTC)),
        ("вчера", datetime(2026, 11, 20, 21, tzinfo=UTC)),
        ("9:15", datetime(2026, 11, 22, 6, 15, tzinfo=UTC)),
        ("now", NOW),
    ],
)
def test_a_time_without_an_offset_is_in_the_zone(text: str, expected: datetime | None) -> None:
    if expected is None:
        with pytest.raises(InvalidQuery):
            at(text, MOSCOW)
    else:
        assert at(text, MOSCOW) == expected


def test_midnight_of_a_day_that_lost_an_hour_is_still_found() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    assert at("2026-03-29", berlin) == datetime(2026, 3, 28, 23, tzinfo=UTC)
    assert at("2026-03-30", berlin) == datetime(2026, 3, 29, 22, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    ["soon", "2026-13-01", "2026-02-30", "25:00", "1969-12-31", "0001-01-01", "", "99.99.2026"],
)
def test_what_is_no_time_is_refused_with_a_day_that_works(text: str) -> None:
    with pytest.raises(InvalidQuery) as refused:
        at(text)
    assert refused.value.suggestion == "2026-11-21"
    assert at(refused.value.suggestion) < NOW


def test_months_are_to_be_counted_in_days() -> None:
    with pytest.raises(InvalidQuery) as refused:
        parse_age("3M", now_us=micros(NOW))
    assert refused.value.suggestion == "90d"


def test_the_last_day_that_can_be_written_is_a_time_or_refused() -> None:
    with pytest.raises(InvalidQuery):
        at("9999-99-99")
    assert at("9999-12-31T23:59").year == 9999
