"""Line heads: every spelling gives the same time, host, program, process id and text."""

from __future__ import annotations

import json
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

import pytest

from collectors.header import HeadReader
from collectors.year import YearGuess
from tracer.model import LogLine, micros

TEXT = "4F9D: to=<anna@example.com>, relay=none: [x], status=deferred (a: b)"
BERLIN = ZoneInfo("Europe/Berlin")
AT_US = micros(datetime(2026, 11, 22, 12, 32, 15, tzinfo=UTC))


def a_reader(zone: tzinfo = UTC, year: int = 2026, host: str = "here") -> HeadReader:
    return HeadReader("lab", year=YearGuess(year=year), zone=zone, host=host)


def read(line: str, zone: tzinfo = UTC) -> LogLine:
    found = a_reader(zone).read(line)
    assert found is not None
    return found


def utc(*when: int) -> int:
    return micros(datetime(*when, tzinfo=UTC))  # type: ignore[misc]


SYSLOG = [
    ("Nov 22 12:32:15 mx1 postfix/smtp[123]: ", "mx1"),
    ("<22>Nov 22 12:32:15 mx1 postfix/smtp[123]: ", "mx1"),
    ("Nov 22 12:32:15 <mail.info> mx1 postfix/smtp[123]: ", "mx1"),
    ("Nov 22 12:32:15 <2.6> mx1 postfix/smtp[123]: ", "mx1"),
    ("<mail.info>Nov 22 12:32:15 mx1 postfix/smtp[123]: ", "mx1"),
    ("Nov 22 12:32:15 mx1 mail.info postfix/smtp[123]: ", "mx1"),
    ("Nov 22 12:32:15 mx1 postfix/smtp[123]: [ID 197553 mail.info] ", "mx1"),
    ("Nov 22 12:32:15 mx1 postfix/smtp[123]:  ", "mx1"),
    ("Nov 22 12:32:15 postfix/smtp[123]: ", "here"),
    ("Nov 22 2026 12:32:15 mx1 postfix/smtp[123]: ", "mx1"),
    ("2026 Nov 22 12:32:15 mx1 postfix/smtp[123]: ", "mx1"),
    ("Sun Nov 22 12:32:15 2026 mx1 postfix/smtp[123]: ", "mx1"),
    ("2026-11-22T12:32:15Z mx1 postfix/smtp[123]: ", "mx1"),
    ("2026-11-22T14:32:15+02:00 mx1 postfix/smtp[123]: ", "mx1"),
    ("2026-11-22T14:32:15+0200 mx1 postfix/smtp[123]: ", "mx1"),
    ("2026-11-22 04:32:15 -0800 mx1 postfix/smtp[123]: ", "mx1"),
    ("2026-11-22 12:32:15 mx1 postfix/smtp[123]: ", "mx1"),
    ("Sun 2026-11-22 12:32:15 UTC mx1 postfix/smtp[123]: ", "mx1"),
    ("2026-11-22T04:32:15-08:00 INFO    postfix/smtp[123]: ", "here"),
    ("<22>2026-11-22T12:32:15Z mx1 postfix/smtp[123]: ", "mx1"),
    ("postfix-mailcow-1  | Nov 22 12:32:15 mx1 postfix/smtp[123]: ", "mx1"),
    ("\x1b[36mpostfix-1  | \x1b[0mNov 22 12:32:15 mx1 postfix/smtp[123]: ", "mx1"),
    ("2026-11-22T12:32:15Z stdout F Nov 22 13:32:15 mx1 postfix/smtp[123]: ", "mx1"),
    ("2026-11-22T12:32:15Z Nov 22 13:32:15 mx1 postfix/smtp[123]: ", "mx1"),
    ("2026-11-22T12:32:15Z 2026-11-22T12:32:14Z postfix/smtp[123]: ", "here"),
    ("\0\0\0\0Nov 22 12:32:15 mx1 postfix/smtp[123]: ", "mx1"),
    ("\ufeffNov 22 12:32:15 mx1 postfix/smtp[123]: ", "mx1"),
    ("<22>1 2026-11-22T12:32:15Z mx1 postfix/smtp 123 - - ", "mx1"),
    ("<22>1 2026-11-22T12:32:15Z - postfix/smtp 123 - - ", "here"),
    ("<22>1 2026-11-22T12:32:15Z mx1 postfix/smtp 123 - -  ", "mx1"),
    ("<22>1 2026-11-22T12:32:15Z mx1 - - - - postfix/smtp[123]: ", "mx1"),
    ('<22>1 2026-11-22T12:32:15Z mx1 postfix/smtp 123 ID1 [a@1 k="v\\"]x"][b] \ufeff', "mx1"),
    ("1 2026-11-22T12:32:15Z mx1 postfix/smtp 123 - - ", "mx1"),
    ("118 <22>1 2026-11-22T12:32:15Z mx1 postfix/smtp 123 - - ", "mx1"),
    ("118 <22>Nov 22 12:32:15 mx1 postfix/smtp[123]: ", "mx1"),
    ("<22>42: Nov 22 12:32:15 mx1 postfix/smtp[123]: ", "mx1"),
    ("<22>1 2026-11-22T12:32:15Z loghost - - - - Nov 22 12:32:15 mx1 postfix/smtp[123]: ", "mx1"),
    ("1795350735.000000 mx1 postfix/smtp[123]: ", "mx1"),
    ("1795350735 mx1 postfix/smtp[123]: ", "mx1"),
    ("1795350735000 mx1 postfix/smtp[123]: ", "mx1"),
    ("@400000006b02e0d900000000 mx1 postfix/smtp[123]: ", "mx1"),
    ("Sun 2026-11-22 13:32:15 CET mx1 postfix/smtp[123]: ", "mx1"),
    ("Вс 2026-11-22 15:32:15 MSK mx1 postfix/smtp[123]: ", "mx1"),
    ("Sun 2026-11-22 17:32:15 +05 mx1 postfix/smtp[123]: ", "mx1"),
    ("Nov 22 13:32:15 CET mx1 postfix/smtp[123]: ", "mx1"),
    ("Nov 22 13:32:15 +0100 mx1 postfix/smtp[123]: ", "mx1"),
    ("Nov 22 12:32:15 MSK postfix/smtp[123]: ", "MSK"),
    ("2026-11-22 12:32:15 MAIL postfix/smtp[123]: ", "MAIL"),
    ("Nov 22 2026 15:32:15 MSK mx1 postfix/smtp[123]: ", "mx1"),
    ("ноя 22 12:32:15 mx1 postfix/smtp[123]: ", "mx1"),
    ("nov. 22 12:32:15 mx1 postfix/smtp[123]: ", "mx1"),
    ("11月 22 12:32:15 mx1 postfix/smtp[123]: ", "mx1"),
    ("20261122T123215Z mx1 postfix/smtp[123]: ", "mx1"),
    ("2026/11/22 12:32:15 mx1 postfix/smtp[123]: ", "mx1"),
    ("[22/Nov/2026:12:32:15 +0000] mx1 postfix/smtp[123]: ", "mx1"),
    ("[2026-11-22T12:32:15Z] mx1 postfix/smtp[123]: ", "mx1"),
    ("[Sun Nov 22 12:32:15 2026] mx1 postfix/smtp[123]: ", "mx1"),
    ("22 Nov 2026 12:32:15 mx1 postfix/smtp[123]: ", "mx1"),
    ("22.11.2026 12:32:15 mx1 postfix/smtp[123]: ", "mx1"),
    ("11/22/2026, 12:32:15 PM mx1 postfix/smtp[123]: ", "mx1"),
    ("Nov 22 12:32:15 mx1 postfix/smtp[123] <Info>: ", "mx1"),
    ("Nov 22 12:32:15 mx1 mail:info postfix/smtp[123]: ", "mx1"),
    ("Nov 22 12:32:15 mx1 [mail.info] postfix/smtp[123]: ", "mx1"),
    ("Nov 22 12:32:15 mx1 mail:info Message forwarded from mx1: postfix/smtp[123]: ", "mx1"),
    ("Nov 22 12:32:15 mx1 postfix/smtp[123]:", "mx1"),
    ("Nov 22 12:32:15 [192.0.2.5] postfix/smtp[123]: ", "192.0.2.5"),
    ("Nov 22 12:32:15 [2001:db8::25] postfix/smtp[123]: ", "2001:db8::25"),
    ("Nov 22 12:32:15\tmx1\tpostfix/smtp[123]:\t", "mx1"),
    ("Nov 22 12:32:15 loghost Nov 22 12:32:15 mx1 postfix/smtp[123]: ", "mx1"),
    ("Nov 22 12:32:15 Nov 22 12:32:15 mx1 postfix/smtp[123]: ", "mx1"),
    ("Nov 22 12:32:15 mx1 <22>Nov 22 12:32:15 mx1 postfix/smtp[123]: ", "mx1"),
    ("Nov 22 12:32:15 192.0.2.5 mx1 postfix/smtp[123]: ", "mx1"),
    ("[pod/mail-0/postfix] Nov 22 12:32:15 mx1 postfix/smtp[123]: ", "mx1"),
    ("mail-0 postfix Nov 22 12:32:15 mx1 postfix/smtp[123]: ", "mx1"),
    ("mail_postfix.1.abc@node1    | Nov 22 12:32:15 mx1 postfix/smtp[123]: ", "mx1"),
    ("mail-1  | 2026-11-22T12:32:15Z Nov 22 13:32:15 mx1 postfix/smtp[123]: ", "mx1"),
    ("/var/log/mail.log.1:Nov 22 12:32:15 mx1 postfix/smtp[123]: ", "mx1"),
    ("/var/log/mail.log:17:2026-11-22T12:32:15Z mx1 postfix/smtp[123]: ", "mx1"),
    ("17:Nov 22 12:32:15 mx1 postfix/smtp[123]: ", "mx1"),
    ("> Nov 22 12:32:15 mx1 postfix/smtp[123]: ", "mx1"),
    ("2026-11-22T12:32:15Z mail/i-01 Nov 22 12:32:15 mx1 postfix/smtp[123]: ", "mx1"),
    ('2026-11-22T12:32:15Z {job="mail", f="a.log"} Nov 22 12:32:15 mx1 postfix/smtp[123]: ', "mx1"),
    ("1795350735000\t2026-11-22T12:32:15.000Z\tNov 22 12:32:15 mx1 postfix/smtp[123]: ", "mx1"),
    (
        "2026 Nov 22 12:32:15 (mx1) 192.0.2.5->/var/log/mail.log Nov 22 12:32:15 mx1"
        " postfix/smtp[123]: ",
        "mx1",
    ),
    (
        "2026-11-22 12:32:15,000 DEBG 'postfix' stdout output: Nov 22 12:32:15 mx1"
        " postfix/smtp[123]: ",
        "mx1",
    ),
]


@pytest.mark.parametrize(("head", "host"), SYSLOG)
def test_each_spelling_of_a_head_says_the_same(head: str, host: str) -> None:
    found = read(head + TEXT)
    assert found == LogLine(AT_US, host, "postfix/smtp", "123", TEXT, head, "lab")


@pytest.mark.parametrize(("head", "host"), SYSLOG)
def test_the_second_line_of_a_kind_is_read_like_the_first(head: str, host: str) -> None:
    reader = a_reader()
    lines = [reader.read(head + TEXT) for _ in range(3)]
    assert lines[0] == lines[1] == lines[2]


@pytest.mark.parametrize(
    ("stamp", "micro"),
    [("15", 0), ("15.1", 100_000), ("15.705153", 705_153), ("15.705153999", 705_153),
     ("15,042", 42_000), ("15.000001", 1)],
)  # fmt: skip
def test_fractions_of_a_second_have_up_to_nine_digits(stamp: str, micro: int) -> None:
    reader = a_reader()
    line = f"2026-11-22T12:32:{stamp}+00:00 mx1 postfix/smtp[1]: x"
    assert [found and found.at_us for found in (reader.read(line), reader.read(line))] == [
        AT_US + micro, AT_US + micro,
    ]  # fmt: skip


@pytest.mark.parametrize("stamp", ["Nov 22 12:32", "2026-11-22T12:32Z", "2026-11-22 12:32"])
def test_a_stamp_may_leave_out_the_seconds(stamp: str) -> None:
    found = read(f"{stamp} mx1 postfix/smtp[123]: {TEXT}")
    assert (found.at_us, found.host, found.text) == (AT_US - 15_000_000, "mx1", TEXT)


@pytest.mark.parametrize("name", ["CST", "IST", "BST"])
def test_a_zone_name_of_several_countries_is_that_of_the_log(name: str) -> None:
    found = read(f"Sun 2026-11-22 13:32:15 {name} mx1 postfix/smtp[123]: x", BERLIN)
    assert (found.at_us, found.host) == (AT_US, "mx1")


def test_a_day_that_may_be_a_month_is_not_guessed() -> None:
    assert a_reader().read("04/05/2026 12:32:15 mx1 postfix/smtp[1]: x") is None
    found = read("13/05/2026 12:32:15 mx1 postfix/smtp[1]: x")
    assert found.at_us == utc(2026, 5, 13, 12, 32, 15)


def test_a_line_in_a_line_does_not_move_the_clock_of_the_lines_after_it() -> None:
    reader = a_reader(BERLIN)
    plain = "Nov 22 13:32:15 mx1 postfix/smtp[1]: x"
    doubled = "Nov 22 13:40:15 loghost 2026-11-22T09:32:15Z mx1 postfix/smtp[1]: x"
    found = [reader.read(line) for line in (plain, doubled, plain)]
    assert [line and line.at_us for line in found] == [AT_US, AT_US - 3 * 3_600_000_000, AT_US]


def test_stamps_before_a_line_end_somewhere() -> None:
    found = read("2026-11-22T12:32:15Z " * 4000 + "mx1 postfix/smtp[1]: x")
    assert (found.at_us, found.program) == (AT_US, "")


def test_a_year_in_the_stamp_counts_more_than_the_guess() -> None:
    assert read("2023-03-14T09:30:00+01:00 mx1 a[1]: x").at_us == utc(2023, 3, 14, 8, 30)
    assert read("Mar 14 2023 09:30:00 mx1 a[1]: x").at_us == utc(2023, 3, 14, 9, 30)


def test_offsets_may_change_from_line_to_line() -> None:
    reader = a_reader(BERLIN)
    stamps = ["12:32:15Z", "12:32:15+02:00", "12:32:15.5Z", "12:32:15", "12:32:15.25-08:00"]
    found = [reader.read(f"2026-11-22T{stamp} mx1 postfix/smtp[1]: x") for stamp in stamps]
    hours = [(line.at_us - AT_US) / 3_600e6 for line in found if line]
    assert hours == pytest.approx([0, -2, 0.5 / 3600, -1, 8 + 0.25 / 3600])


@pytest.mark.parametrize(
    ("tag", "program", "pid"),
    [
        ("postfix-170.55.103.23/smtpd[5965]:", "postfix-170.55.103.23/smtpd", "5965"),
        ("postfix/authclean/cleanup[7]:", "postfix/authclean/cleanup", "7"),
        ("dovecot:", "dovecot", ""),
        ("kernel:", "kernel", ""),
    ],
)
def test_programs_are_named_as_they_are(tag: str, program: str, pid: str) -> None:
    found = read(f"Nov 22 12:32:15 mx1 {tag} lmtp(anna)<1><x>: msgid=<a: b>")
    assert (found.host, found.program, found.pid) == ("mx1", program, pid)
    assert found.text == "lmtp(anna)<1><x>: msgid=<a: b>"


def test_an_address_may_stand_for_the_host() -> None:
    found = read("Nov 22 12:32:15 2001:db8::25 postfix/smtp[1]: x")
    assert (found.host, found.text) == ("2001:db8::25", "x")


def test_a_line_that_ends_with_its_tag_has_no_text() -> None:
    found = read("Nov 22 12:32:15 mx1 postfix/smtp[1]:")
    assert (found.program, found.pid, found.text) == ("postfix/smtp", "1", "")


@pytest.mark.parametrize(
    ("line", "host", "text"),
    [
        ("Nov 22 12:32:15 mx1 last message repeated 2 times", "mx1",
         "last message repeated 2 times"),
        ("Nov 22 12:32:15 last message repeated 2 times", "here", "last message repeated 2 times"),
        ("Nov 22 12:32:15 mx1 -- MARK --", "mx1", "-- MARK --"),
        ("2026-11-22 12:32:15 1vNabc-00-1 <= a@b T=\"Re: c\"", "here",
         "1vNabc-00-1 <= a@b T=\"Re: c\""),
    ],
)  # fmt: skip
def test_a_line_without_a_program_is_read_all_the_same(line: str, host: str, text: str) -> None:
    found = read(line)
    assert (found.host, found.program, found.text) == (host, "", text)
    assert found.head + found.text == line


def test_a_repeated_message_keeps_its_program_and_its_brackets() -> None:
    found = read("Nov 22 12:32:15 mx1 postfix/smtp[1]: message repeated 2 times: [ A1: to=<b@c>]")
    assert (found.program, found.text) == (
        "postfix/smtp", "message repeated 2 times: [ A1: to=<b@c>]",
    )  # fmt: skip


@pytest.mark.parametrize(
    "line",
    ["", "no head at all", "Nov 31 12:32:15 mx1 postfix/smtp[1]: x", "\0\0\0",
     "Nov 22 25:32:15 mx1 postfix/smtp[1]: x", "Nov 22 12:61:15 mx1 postfix/smtp[1]: x",
     "2026-02-30T12:32:15Z mx1 postfix/smtp[1]: x", "2026-02-20T12:32:15+02:99 mx1 a[1]: x",
     "0000-01-01T00:00:00 mx1 a[1]: x",
     "<22>1 - mx1 postfix/smtp 1 - - x", "Foo 22 12:32:15 mx1 postfix/smtp[1]: x",
     "[   12.345678] mx1 postfix/smtp[1]: x", "32.11.2026 12:32:15 mx1 postfix/smtp[1]: x",
     "a:" * 5000, "1: " * 5000, "> " * 5000, "[" + "a" * 5000 + "] x",
     "{not json", "{}", '{"MESSAGE": 5}', "[" * 5000,
     "{" * 5000, '{"a":' * 5000, "<22>" * 5000],
)  # fmt: skip
def test_a_line_without_a_time_is_none(line: str) -> None:
    assert a_reader().read(line) is None


def test_unreadable_lines_of_a_block_are_set_aside_and_blank_ones_passed_over() -> None:
    good = "Nov 22 12:32:15 mx1 postfix/smtp[1]: x"
    unreadable: list[str] = []
    found = a_reader().read_many([good, "", "what is this?", good], unreadable)
    assert (len(found), unreadable) == (2, ["what is this?"])


def a_journal_entry(**fields: object) -> str:
    entry = {
        "__REALTIME_TIMESTAMP": str(AT_US + 7), "_HOSTNAME": "mx1", "MESSAGE": TEXT,
        "SYSLOG_IDENTIFIER": "postfix/smtp", "SYSLOG_PID": "123", "_PID": "123", **fields,
    }  # fmt: skip
    return json.dumps({name: value for name, value in entry.items() if value is not None})


@pytest.mark.parametrize(
    "fields",
    [{}, {"SYSLOG_PID": None}, {"MESSAGE": list(TEXT.encode())}, {"_PID": 9}],
    ids=["plain", "no SYSLOG_PID", "octets", "another _PID"],
)
def test_journal_entries_are_lines_with_a_made_head(fields: dict[str, object]) -> None:
    found = read(a_journal_entry(**fields))
    head = "2026-11-22T12:32:15.000007+00:00 mx1 postfix/smtp[123]: "
    assert found == LogLine(AT_US + 7, "mx1", "postfix/smtp", "123", TEXT, head, "lab")


def test_octets_of_a_journal_message_that_are_no_utf8_are_kept() -> None:
    found = read(a_journal_entry(MESSAGE=[65, 255, 66]))
    assert found.text == "A\\xffB"


def test_a_container_in_the_journal_speaks_with_its_own_head() -> None:
    said = f"Nov 22 13:32:15 a34 postfix/smtp[5]: {TEXT}"
    found = read(a_journal_entry(MESSAGE=said, SYSLOG_IDENTIFIER="a34", CONTAINER_NAME="mail"))
    assert (found.at_us, found.host, found.program, found.text) == (
        AT_US + 7, "a34", "postfix/smtp", TEXT,
    )  # fmt: skip


def test_the_log_of_docker_is_unwrapped() -> None:
    said = {"log": f"Nov 22 13:32:15 a34 postfix/smtp[5]: {TEXT}\n", "stream": "stdout",
            "time": "2026-11-22T12:32:15.000007123Z"}  # fmt: skip
    found = read(json.dumps(said))
    assert (found.at_us, found.host, found.program, found.pid, found.text) == (
        AT_US + 7, "a34", "postfix/smtp", "5", TEXT,
    )  # fmt: skip


def local(zone: tzinfo, year: int, *stamps: str) -> list[int]:
    reader = a_reader(zone, year)
    found = [reader.read(f"{stamp} mx1 postfix/smtp[1]: x") for stamp in stamps]
    return [line.at_us for line in found if line]


def test_the_hour_that_comes_twice_is_told_apart_by_order() -> None:
    stamps = ["Oct 25 01:59:59", "Oct 25 02:10:00", "Oct 25 02:59:59", "Oct 25 02:00:01",
              "Oct 25 02:59:00", "Oct 25 03:00:00"]  # fmt: skip
    assert local(BERLIN, 2026, *stamps) == [
        utc(2026, 10, 24, 23, 59, 59), utc(2026, 10, 25, 0, 10), utc(2026, 10, 25, 0, 59, 59),
        utc(2026, 10, 25, 1, 0, 1), utc(2026, 10, 25, 1, 59), utc(2026, 10, 25, 2),
    ]  # fmt: skip


def test_a_late_line_does_not_start_the_second_of_two_hours() -> None:
    stamps = ["Oct 25 02:10:00", "Oct 25 02:09:58", "Oct 25 02:10:01"]
    assert local(BERLIN, 2026, *stamps) == [
        utc(2026, 10, 25, 0, 10), utc(2026, 10, 25, 0, 9, 58), utc(2026, 10, 25, 0, 10, 1),
    ]  # fmt: skip


def test_stamps_in_the_hour_that_is_skipped_keep_the_order() -> None:
    stamps = ["Mar 29 01:59:59", "Mar 29 02:00:00", "Mar 29 02:30:00", "Mar 29 03:00:00"]
    change = utc(2026, 3, 29, 1)
    assert local(BERLIN, 2026, *stamps) == [change - 1_000_000, change, change, change]


def test_summer_and_winter_have_their_own_offsets() -> None:
    assert local(BERLIN, 2026, "Jan 15 12:00:00", "Jul 15 12:00:00") == [
        utc(2026, 1, 15, 11), utc(2026, 7, 15, 10),
    ]  # fmt: skip


def test_a_log_goes_on_into_the_new_year() -> None:
    assert local(UTC, 2025, "Dec 31 23:59:59", "Jan  1 00:00:00", "Dec 31 23:59:58") == [
        utc(2025, 12, 31, 23, 59, 59), utc(2026, 1, 1), utc(2025, 12, 31, 23, 59, 58),
    ]  # fmt: skip


def test_one_stray_line_a_day_back_moves_nothing() -> None:
    stamps = ["Apr 30 10:00:00", "Apr 29 10:00:01", "Apr 30 10:00:02"]
    assert local(UTC, 2026, *stamps) == [
        utc(2026, 4, 30, 10), utc(2026, 4, 29, 10, 0, 1), utc(2026, 4, 30, 10, 0, 2),
    ]  # fmt: skip


def test_a_leap_second_is_read() -> None:
    assert local(UTC, 2016, "Dec 31 23:59:60") == [utc(2017, 1, 1)]
