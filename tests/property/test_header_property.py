"""The head reader on any text: it never raises, loses nothing, and remembers without harm."""

from __future__ import annotations

from datetime import UTC, date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from collectors.header import HeadReader
from collectors.year import YearGuess

ANY_TEXT = st.text(alphabet=st.characters(exclude_characters="\n"), max_size=80)
STAMPS = st.sampled_from([
    "Nov 22 12:32:15", "Nov 22 12:32:16", "Nov 22 13:00:00", "Nov  2 12:32:15", "Nov 2 1:2:3",
    "2026-11-22T12:32:15Z", "2026-11-22T12:32:15.705153+02:00", "2026-11-22T12:32:16.7+02:00",
    "2026-11-22 12:32:15", "2026-11-22 12:32:15.123456789", "2026-11-22T12:32:15,5",
    "2026 Nov 22 12:32:15",
    "1795350735.123456", "[2026-11-22T12:32:15Z]", "22.11.2026 12:32:15", "Nov 22 12:32",
    "Sun 2026-11-22 12:32:15 MSK", "Nov 22 12:32:15 CET", "ноя 22 12:32:15",
    "Nov 22 12:32:15 +0100",
    "Nov 22 12:32:60", "2026-11-22T12:32:15.\u0661\u0662\u0663\u0664\u0665\u0666+02:00",
])  # fmt: skip
ORIGINS = st.sampled_from([
    " mx1 postfix/smtp[1]: ", " postfix/smtp[1]: ", " mx1 postfix/smtp[1]: [ID 1 mail.info] ",
    " mx1 dovecot: ", " mx1 postfix/smtp[1]:", " INFO  postfix/smtp[1]: ", " ", "", " mx1 a b: ",
    " <mail.info> mx1 postfix/smtp[1]: ", "  mx1 postfix/smtp[1]: ", " 2001:db8::1 x[2]: ",
    "\tmx1\tpostfix/smtp[1]:\t", " log Nov 22 12:40:15 mx1 postfix/smtp[1]: ",
    " log 2026-11-22T09:32:15Z mx1 postfix/smtp[1]: ", " 192.0.2.5 mx1 postfix/smtp[1]: ",
    " stdout F Nov 22 12:32:15 mx1 postfix/smtp[1]: ", ": ", " a: ",
])  # fmt: skip
PREFIXES = st.sampled_from([
    "", "", "", "<22>", "<22>1 ", "\0\0", "\ufeff", "postfix-1  | ", " ", "mail.log:", "[pod/a/b] ",
    "99 <22>", "> ", "1 ",
])  # fmt: skip
TEXTS = st.one_of(
    st.sampled_from(["", " ", "[", "[ID 5 mail.info] x", "A1: to=<a@b>: c", "- - - - - - x"]),
    ANY_TEXT,
)
LINES = st.one_of(
    ANY_TEXT, st.builds(lambda *parts: "".join(parts), PREFIXES, STAMPS, ORIGINS, TEXTS)
)


def a_reader() -> HeadReader:
    return HeadReader("s", year=YearGuess(latest=date(2026, 11, 23)), zone=UTC, host="here")


@given(ANY_TEXT)
def test_any_text_is_a_line_or_none(text: str) -> None:
    found = a_reader().read(text)
    assert found is None or found.source == "s"


@given(st.binary(max_size=200))
def test_any_octets_are_a_line_or_none(octets: bytes) -> None:
    text = octets.decode("utf-8", "surrogateescape")
    for line in (text, "{" + text, "<22>1 " + text, "Nov 22 12:32:15 " + text):
        found = a_reader().read(line)
        assert found is None or line[:1] == "{" or found.head + found.text == line


@given(LINES)
def test_head_and_text_are_the_line_as_read(line: str) -> None:
    found = a_reader().read(line)
    assert found is None or line[:1] == "{" or found.head + found.text == line


@given(st.lists(LINES, min_size=1, max_size=12))
def test_what_was_read_before_changes_nothing(lines: list[str]) -> None:
    one_after_the_other = a_reader()
    for line in lines:
        assert one_after_the_other.read(line) == a_reader().read(line)


@given(st.lists(LINES, max_size=12))
def test_a_block_is_read_like_its_lines(lines: list[str]) -> None:
    reader = a_reader()
    one_by_one = [found for found in map(reader.read, lines) if found is not None]
    assert a_reader().read_many(lines, []) == one_by_one


@given(st.dates(date(1990, 1, 1), date(2030, 1, 1)), st.lists(st.integers(0, 150), max_size=60))
def test_a_log_in_order_gets_its_years_back(first: date, gaps: list[int]) -> None:
    days = [first]
    for gap in gaps:
        days.append(days[-1] + timedelta(days=gap))
    guess = YearGuess(year=first.year)
    assert [guess.year_of(day.month, day.day) for day in days] == [day.year for day in days]
