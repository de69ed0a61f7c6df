"""Names of months and zones, and stamps that are numbers."""

from __future__ import annotations

from datetime import timedelta

import pytest

from collectors import calendar_words
from collectors.calendar_words import is_zone, month_named, zone_lettered
from collectors.odd_stamps import read_any_stamp


def test_a_name_is_the_same_month_in_every_language() -> None:
    months: dict[str, set[int]] = {}
    for words in calendar_words._LANGUAGES:
        names = words.split()
        assert len(names) == 12
        for number, name in enumerate(names, 1):
            months.setdefault(name, set()).add(number)
    assert {name for name, numbers in months.items() if len(numbers) > 1} == set()


@pytest.mark.parametrize(
    ("name", "month"),
    [("Nov", 11), ("NOV", 11), ("мая", 5), ("Дек", 12), ("févr.", 2), ("Mär", 3), ("10月", 10),
     ("13月", None), ("Foo", None), ("", None)],
)  # fmt: skip
def test_months_are_read_by_name(name: str, month: int | None) -> None:
    assert month_named(name) == month


def test_a_zone_is_read_by_its_letters_where_they_mean_one() -> None:
    zone = zone_lettered("MSK")
    assert zone is not None
    assert zone.utcoffset(None) == timedelta(hours=3)
    assert is_zone("IST")
    assert zone_lettered("IST") is None
    assert not is_zone("MX1")


@pytest.mark.parametrize(
    ("written", "length"),
    [("1795350735 x", 10), ("1795350735.5 x", 12), ("1795350735123 x", 13),
     ("1795350735123456 x", 16), ("1795350735123456789 x", 19)],
)  # fmt: skip
def test_a_number_since_1970_has_seconds_to_nanoseconds(written: str, length: int) -> None:
    found = read_any_stamp(written)
    assert found is not None
    assert (found.year, found.month, found.day, found.hour) == (2026, 11, 22, 12)
    assert (found.in_hour_us // 1_000_000, found.length) == (32 * 60 + 15, length)


@pytest.mark.parametrize(
    "text", ["179535073 x", "17953507351 x", "1795350735x", "@4000 x", "[", "[]", "[x] y", "@", "1",
             "12/13 x", "45.13.2026 25:00:00 x", "20261122T256060Z x", "1/2/2026 13:00:00 PM x"],
)  # fmt: skip
def test_other_numbers_are_no_stamp(text: str) -> None:
    found = read_any_stamp(text)
    assert found is None
