"""Years of stamps that name none: by order and by when the log was written."""

from __future__ import annotations

import gzip
import os
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from collectors.dating import year_guesses
from collectors.files import expand
from collectors.year import YearGuess, newest_before

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def years(guess: YearGuess, *days: tuple[int, int]) -> list[int | None]:
    return [guess.year_of(month, day) for month, day in days]


def a_log(path: Path, days: list[str], written: datetime) -> Path:
    text = "".join(f"{day} 10:00:00 mx1 postfix/qmgr[1]: A1: removed\n" for day in days)
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    os.utime(path, (written.timestamp(), written.timestamp()))
    return path


def first_years(*paths: Path, year: int | None = None, day: tuple[int, int]) -> list[int | None]:
    logs, _ = expand([str(path) for path in paths])
    guesses = year_guesses(logs, zone=UTC, now=NOW, year=year)
    return [guesses[log.path].year_of(*day) for log in logs]


def test_january_after_december_is_in_the_next_year() -> None:
    assert years(YearGuess(year=2025), (12, 30), (12, 31), (1, 1)) == [2025, 2025, 2026]


def test_a_line_late_by_a_day_at_new_year_stays_in_the_old_year() -> None:
    days = ((12, 31), (1, 1), (12, 31), (1, 1), (1, 2))
    assert years(YearGuess(year=2025), *days) == [2025, 2026, 2025, 2026, 2026]


def test_a_stray_stamp_does_not_move_the_lines_after_it() -> None:
    days = ((7, 10), (1, 3), (7, 10), (1, 3), (7, 11))
    found = years(YearGuess(year=2020), *days)
    assert [found[0], found[2], found[4]] == [2020, 2020, 2020]


def test_a_gap_of_months_over_new_year_is_believed_when_a_second_stamp_agrees() -> None:
    days = ((9, 3), (1, 10), (1, 10), (3, 1), (11, 1))
    assert years(YearGuess(year=2025), *days) == [2025, 2026, 2026, 2026, 2026]


def test_no_stamp_is_after_the_latest_day() -> None:
    guess = YearGuess(latest=date(2026, 3, 1))
    assert years(guess, (2, 27), (11, 5), (2, 28)) == [2026, 2025, 2026]


def test_the_first_stamp_takes_the_newest_year_that_is_not_after_the_latest_day() -> None:
    assert YearGuess(latest=date(2026, 11, 23)).year_of(11, 24) == 2025
    assert YearGuess(latest=date(2026, 11, 23)).year_of(11, 23) == 2026


def test_the_leap_day_falls_in_leap_years_only() -> None:
    assert newest_before(date(2026, 11, 1), 2, 29) == date(2024, 2, 29)
    assert years(YearGuess(year=2024), (2, 28), (2, 29), (3, 1)) == [2024, 2024, 2024]
    assert years(YearGuess(anchor=date(2025, 2, 28)), (2, 28), (2, 29)) == [2025, 2024]


@pytest.mark.parametrize("day", [(2, 30), (4, 31), (0, 1), (13, 1), (1, 0), (1, 32)])
def test_a_day_that_no_year_has_is_none(day: tuple[int, int]) -> None:
    assert YearGuess(year=2026).year_of(*day) is None


def test_a_guess_needs_a_starting_point() -> None:
    with pytest.raises(ValueError, match="starting point"):
        YearGuess()


def test_the_file_time_dates_a_log_not_the_present_day(tmp_path: Path) -> None:
    log = a_log(tmp_path / "mail.log", ["Mar 14", "Mar 15"], datetime(2023, 3, 15, tzinfo=UTC))
    assert first_years(log, day=(3, 14)) == [2023]


def test_a_plain_log_over_new_year_starts_in_the_old_year(tmp_path: Path) -> None:
    log = a_log(tmp_path / "mail.log", ["Dec 30", "Jan  2"], datetime(2026, 1, 3, tzinfo=UTC))
    assert first_years(log, day=(12, 30)) == [2025]


def test_a_plain_log_of_three_years_starts_two_years_back(tmp_path: Path) -> None:
    days = [f"{month} {day:2}" for _ in range(3) for month in
            ("Jan", "Mar", "May", "Jul", "Sep", "Nov") for day in (3, 20)]  # fmt: skip
    log = a_log(tmp_path / "mail.log", days, datetime(2026, 11, 21, tzinfo=UTC))
    log.write_bytes(b"".join(line + b" " * 700 + b"\n" for line in log.read_bytes().splitlines()))
    os.utime(log, (NOW.timestamp(), NOW.timestamp()))
    assert first_years(log, day=(1, 3)) == [2024]


def test_a_compressed_log_over_new_year_starts_in_the_old_year(tmp_path: Path) -> None:
    log = a_log(tmp_path / "mail.log.2.gz", ["Dec 30", "Jan  2"], datetime(2026, 1, 3, tzinfo=UTC))
    assert first_years(log, day=(12, 30)) == [2025]


def test_rotation_order_dates_logs_whose_file_times_were_lost(tmp_path: Path) -> None:
    days = [["Nov 18", "Nov 19"], ["Jan 10", "Jan 11"], ["Apr 10", "Apr 11"], ["Jul  9"],
            ["Oct  8"], ["Nov 20"]]  # fmt: skip
    names = ["mail.log.5.gz", "mail.log.4.gz", "mail.log.3.gz", "mail.log.2.gz", "mail.log.1",
             "mail.log"]  # fmt: skip
    logs = [a_log(tmp_path / name, said, NOW) for name, said in zip(names, days, strict=True)]
    ordered, _ = expand([str(tmp_path)])
    assert [log.path for log in ordered] == [str(path) for path in logs]
    guesses = year_guesses(ordered, zone=UTC, now=NOW)
    assert guesses[str(logs[0])].year_of(11, 18) == 2025
    assert guesses[str(logs[1])].year_of(1, 10) == 2026
    assert guesses[str(logs[-1])].year_of(11, 20) == 2026


def test_numbered_logs_of_the_same_days_are_not_taken_for_a_rotation(tmp_path: Path) -> None:
    one = a_log(tmp_path / "mail.1", ["Nov 12", "Nov 20"], NOW)
    two = a_log(tmp_path / "mail.2", ["Nov 16", "Nov 20"], NOW)
    assert first_years(one, two, day=(11, 16)) == [2026, 2026]


def test_the_date_in_a_name_counts_more_than_the_file_time(tmp_path: Path) -> None:
    log = a_log(tmp_path / "maillog-20230108.gz", ["Jan  2", "Jan  8"], NOW)
    assert first_years(log, day=(1, 2)) == [2023]


def test_a_given_year_is_that_of_the_first_line(tmp_path: Path) -> None:
    old = a_log(tmp_path / "mail.log.1", ["Dec 20"], NOW)
    new = a_log(tmp_path / "mail.log", ["Jan  5"], NOW)
    logs, _ = expand([str(new), str(old)])
    guesses = year_guesses(logs, zone=UTC, now=NOW, year=2019)
    found = [guesses[str(old)].year_of(12, 20), guesses[str(new)].year_of(1, 5)]
    assert found == [2019, 2020]


def test_one_stray_last_line_does_not_date_the_log(tmp_path: Path) -> None:
    days = ["Nov 19"] * 60 + ["Dec 25"]
    log = a_log(tmp_path / "mail.log", days, NOW)
    assert first_years(log, day=(11, 19)) == [2026]
