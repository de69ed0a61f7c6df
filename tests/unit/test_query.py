"""The query language: conditions, times, mistakes, and texts written back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tracer.errors import InvalidQuery
from tracer.model import FAILED, Outcome, micros
from tracer.query import (
    EVERYTHING,
    And,
    Compare,
    Match,
    MatchKind,
    Node,
    Not,
    Or,
    SearchQuery,
    Term,
    conditions,
    corrected,
    only,
    parse_query,
    terms,
    unparse,
    with_term,
    without,
)
from tracer.query.keys import KEYS

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
NOW_US = micros(NOW)
MOSCOW = ZoneInfo("Europe/Moscow")


def query(text: str, **options: str) -> SearchQuery:
    return parse_query(text, now_us=NOW_US, **options)  # type: ignore[arg-type]


def where(text: str) -> Node:
    return query(text).where


def refusal(text: str, **options: str) -> InvalidQuery:
    with pytest.raises(InvalidQuery) as refused:
        query(text, **options)
    return refused.value


def term(key: str, kind: MatchKind, *texts: str) -> Term:
    return Term(key, tuple(Match(kind, text) for text in texts))


EXACT, PREFIX, DOMAIN = MatchKind.EXACT, MatchKind.PREFIX, MatchKind.DOMAIN
WILDCARD, TEXT, CIDR = MatchKind.WILDCARD, MatchKind.TEXT, MatchKind.CIDR
A, B, C = (term("text", TEXT, letter) for letter in "abc")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("to:Anna@Corp.Example", term("to", EXACT, "anna@corp.example")),
        ("TO: anna@corp.example", term("to", EXACT, "anna@corp.example")),
        ("to:<anna@corp.example>", term("to", EXACT, "anna@corp.example")),
        ("to:anna@", term("to", PREFIX, "anna@")),
        ("to:@corp.example", term("to", DOMAIN, "corp.example")),
        ("to:corp.example", term("to", DOMAIN, "corp.example")),
        ("to:*@corp.example", term("to", DOMAIN, "corp.example")),
        ("to:@corp.photography", term("to", DOMAIN, "corp.photography")),
        ("to:*anna*@corp.example", term("to", WILDCARD, "*anna*@corp.example")),
        ("to:anna", term("to", TEXT, "anna")),
        ("to:anna.petrova", term("to", TEXT, "anna.petrova")),
        ('to:"a*@corp.example"', term("to", EXACT, "a*@corp.example")),
        ("to:@почта.рф", term("to", DOMAIN, "xn--80a1acny.xn--p1ai")),
        ('to:"john doe"@corp.example', term("to", EXACT, '"john doe"@corp.example')),
        ("from:<>", term("from", EXACT, "<>")),
        ("addr:a@x.example,b@", Term("addr", (Match(EXACT, "a@x.example"), Match(PREFIX, "b@")))),
        ("to:a@x.example, b@x.example", term("to", EXACT, "a@x.example", "b@x.example")),
        ("fromdomain:Corp", term("fromdomain", DOMAIN, "corp")),
        ("todomain:*.corp.example", term("todomain", WILDCARD, "*@*.corp.example")),
        ("domain:@corp.example.", term("domain", DOMAIN, "corp.example")),
        ('subject:"annual report"', term("subject", TEXT, "annual report")),
        ("subject:«отчёт за год»", term("subject", TEXT, "отчёт за год")),
        ("subject:“annual report”", term("subject", TEXT, "annual report")),
        ('subject:"say \\"hi\\" C:\\dir"', term("subject", TEXT, 'say "hi" C:\\dir')),
        ("subject:an*al", term("subject", WILDCARD, "*an*al*")),
        ("reply:quota", term("reply", TEXT, "quota")),
        ("msgid:<Id@Host>", term("msgid", EXACT, "Id@Host")),
        ("msgid:Id@Host", term("msgid", EXACT, "Id@Host")),
        ("msgid:Id", term("msgid", TEXT, "Id")),
        ("msgid:Id*", term("msgid", WILDCARD, "Id*")),
        ("msgid:<a,(b)c@d>", term("msgid", EXACT, "a,(b)c@d")),
        ("qid:mx1/4cXk2R1wPz", term("qid", EXACT, "4cXk2R1wPz")),
        ("id:m_1", term("id", EXACT, "m_1")),
        ("status:Bounced", term("status", EXACT, "bounced")),
        ("status:отложено", term("status", EXACT, "deferred")),
        ("status:доставлены,передана", term("status", EXACT, "delivered", "relayed")),
        ('status:"в очереди"', term("status", EXACT, "pending")),
        ("cause:Mailbox_Full", term("cause", EXACT, "mailbox_full")),
        ("code:550", term("code", EXACT, "550")),
        ("code:5.7.1", term("code", EXACT, "5.7.1")),
        ("code:5.*,5.7,4.x.x", term("code", WILDCARD, "5.*", "5.7.*", "4.*")),
        ("code:5,5xx,55*", term("code", PREFIX, "5", "55")),
        ("relay:MX.yandex.ru", term("relay", TEXT, "mx.yandex.ru")),
        ('relay:"mx.yandex.ru[192.0.2.1]:25"', term("relay", EXACT, "mx.yandex.ru[192.0.2.1]:25")),
        ("ip:192.0.2.1", term("ip", EXACT, "192.0.2.1")),
        ("ip:[2001:DB8::1]", term("ip", EXACT, "2001:db8::1")),
        ("ip:192.0.2.7/24,10.*", term("ip", CIDR, "192.0.2.0/24", "10.0.0.0/8")),
        ("ip:192.0.2.7/32", term("ip", EXACT, "192.0.2.7")),
        ("helo:Mail.Corp", term("helo", EXACT, "mail.corp")),
        ("host:mx*", term("host", WILDCARD, "mx*")),
        ("source:MX1", term("source", EXACT, "MX1")),
        ("auth:*", term("auth", WILDCARD, "*")),
        ("dir:in,OUT,relayed", term("dir", EXACT, "inbound", "outbound", "relayed")),
        ("dir:local", term("dir", EXACT, "internal")),
        ("tls:no", term("tls", EXACT, "no")),
        ("tls:1.3,TLSv1.2,1.0", term("tls", EXACT, "TLSv1.3", "TLSv1.2", "TLSv1")),
        ("size:>10M", Term("size", (Compare(">", 10 * 1024 * 1024),))),
        ("size:<=1,5", Term("size", (Compare("<=", 1), Compare("=", 5)))),
        ("size:<1.5kb", Term("size", (Compare("<", 1536),))),
        ("size:>=1000", Term("size", (Compare(">=", 1000),))),
        ("delay:>10m", Term("delay", (Compare(">", 600),))),
        ("delay:≥1.5", Term("delay", (Compare(">=", 1.5),))),
        ("attempts:>1", Term("attempts", (Compare(">", 1),))),
        ("attempts:3", Term("attempts", (Compare("=", 3),))),
    ],
)  # fmt: skip
def test_a_value_is_read_as_its_key_wants(text: str, expected: Term) -> None:
    assert where(text) == expected


def test_failed_is_the_four_failures() -> None:
    (failed,) = terms(where("status:failed"))
    assert isinstance(failed, Term)
    assert {value.text for value in failed.values if isinstance(value, Match)} == FAILED


def test_every_outcome_can_be_asked_for() -> None:
    for outcome in Outcome:
        assert where(f"status:{outcome}") == term("status", EXACT, outcome.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", EVERYTHING),
        ("  \n ", EVERYTHING),
        ("a b", And((A, B))),
        ("a AND b", And((A, B))),
        ("a OR b", Or((A, B))),
        ("a b OR c", Or((And((A, B)), C))),
        ("a (b OR c)", And((A, Or((B, C))))),
        ("(a OR b) OR c", Or((A, B, C))),
        ("((a))", A),
        ("a (b c)", And((A, B, C))),
        ("-a", Not(A)),
        ("--a", A),
        ("-(a b)", Not(And((A, B)))),
        ("-(a OR b) c", And((Not(Or((A, B))), C))),
        ("-to:a@,b@", Not(term("to", PREFIX, "a@", "b@"))),
        ("well-known", term("text", TEXT, "well-known")),
        ('"OR"', term("text", TEXT, "OR")),
        ("a-b OR -c", Or((term("text", TEXT, "a-b"), Not(C)))),
    ],
)
def test_conditions_combine(text: str, expected: Node) -> None:
    assert where(text) == expected


def test_a_condition_knows_where_and_how_it_was_typed() -> None:
    first, second, third = terms(where('to:anna@  -status:failed (subject:"a b" OR c)'))
    assert (first.column, first.text) == (1, "to:anna@")
    assert (second.column, second.text) == (11, "-status:failed")
    assert (third.column, third.text) == (27, 'subject:"a b" OR c')


def test_without_a_time_the_last_two_days_are_meant() -> None:
    found = query("to:anna@")
    assert (found.since_us, found.until_us) == (micros(NOW - timedelta(hours=48)), None)


@pytest.mark.parametrize(
    ("text", "options", "since", "until"),
    [
        ("last:2h", {}, NOW - timedelta(hours=2), None),
        ("last:2h", {"since": "7d"}, NOW - timedelta(hours=2), None),
        ("", {"since": "7d"}, NOW - timedelta(days=7), None),
        ("", {"since": "all"}, None, None),
        ("last:all", {}, None, None),
        ("since:ALL", {}, None, None),
        ("until:2026-11-01", {}, None, datetime(2026, 11, 1, tzinfo=UTC)),
        ("", {"until": "2026-11-01"}, None, datetime(2026, 11, 1, tzinfo=UTC)),
        ("last:7d since:2h", {}, NOW - timedelta(hours=2), None),
        ("(since:2d) until:1d a", {}, NOW - timedelta(days=2), NOW - timedelta(days=1)),
        ("until:1d", {"since": "3d"}, NOW - timedelta(days=3), NOW - timedelta(days=1)),
        ('since:"2026-11-20 08:00"', {}, datetime(2026, 11, 20, 8, tzinfo=UTC), None),
        ("since:2026-11-20T08:00+03:00", {}, datetime(2026, 11, 20, 5, tzinfo=UTC), None),
    ],
)
def test_the_time_in_the_text_wins(
    text: str, options: dict[str, str], since: datetime | None, until: datetime | None
) -> None:
    found = query(text, **options)
    assert found.since_us == (micros(since) if since else None)
    assert found.until_us == (micros(until) if until else None)


def test_a_date_is_a_day_of_the_zone() -> None:
    found = parse_query("since:2026-11-20", now_us=NOW_US, zone=MOSCOW)
    assert found.since_us == micros(datetime(2026, 11, 19, 21, tzinfo=UTC))


@pytest.mark.parametrize(
    ("text", "column", "suggestion", "mended"),
    [
        ("to:anna@ size:>10Q last:2d", 15, "size:>10M", "to:anna@ size:>10M last:2d"),
        ("size:>M", 6, "size:>10M", "size:>10M"),
        ("delay:<5y a", 7, "delay:<5m", "delay:<5m a"),
        ("attempts:many", 10, "attempts:>1", "attempts:>1"),
        ("status:faild", 8, "status:failed", "status:failed"),
        ("to:a@ status:bounced,sent", 22, "status:delivered,relayed", None),
        ("dir:up", 5, "dir:inbound", "dir:inbound"),
        ("code:9", 6, "code:5.*", "code:5.*"),
        ("tls:maybe", 5, "tls:1.3", "tls:1.3"),
        ("ip:192.0.2", 4, "ip:192.0.2.0/24", "ip:192.0.2.0/24"),
        ("domain:anna@corp.example", 8, "addr:anna@corp.example", "addr:anna@corp.example"),
        ("last:soon", 6, "last:2d", "last:2d"),
        ("last:3M", 6, "last:90d", "last:90d"),
        ("a since:2026-13-01", 9, "since:2026-11-21", "a since:2026-11-21"),
        ("to:", 4, "to:anna@corp.example", "to:anna@corp.example"),
        ("to: status:failed", 4, "to:anna@corp.example", "to:anna@corp.example status:failed"),
        ('from:""', 6, "from:<>", "from:<>"),
        ("to:(a OR b) c", 4, "to:a,b", "to:a,b c"),
        ("to:a,", 6, "to:a", "to:a"),
        ("to:a, OR b", 6, "to:a", "to:a OR b"),
        ("a -size:>10Q", 9, "size:>10M", "a -size:>10M"),
        ('size:">10 Q" a', 6, "size:>10M", "size:>10M a"),
        ('"foo bar', 1, '"foo bar"', '"foo bar"'),
        ('x subject:"foo bar', 11, 'subject:"foo bar"', 'x subject:"foo bar"'),
        ("a (to:b c", 3, "(to:b c)", "a (to:b c)"),
        ("to:a)", 5, "", ""),
        ("()", 2, "", ""),
        ("OR a", 1, "", ""),
        ("a OR", 3, "", ""),
        ("a OR OR b", 6, "", ""),
        ("-(", 2, "", ""),
        ("a OR (last:2d b)", 7, "", ""),
        ("-last:2d", 2, "", ""),
        ("last:1d,2d", 9, "", ""),
        ("last:1h until:2d", 15, "", ""),
    ],
)
def test_a_mistake_has_its_column_and_a_way_out(
    text: str, column: int, suggestion: str, mended: str | None
) -> None:
    error = refusal(text)
    assert (error.column, error.suggestion) == (column, suggestion)
    if mended is not None:
        assert corrected(text, error) == mended


def test_the_message_says_what_is_expected() -> None:
    assert str(refusal("size:>10Q")) == "a size ends in K, M or G"


def test_a_bad_option_beside_the_text_is_refused_too() -> None:
    assert refusal("a", since="soon").suggestion == "2026-11-21"


@pytest.mark.parametrize(
    ("text", "nearest"),
    [
        ("subjct:hello", "subject:"),
        ("recipient:anna@corp.example", "to:"),
        ("Message_ID:abc", "msgid:"),
        ("кому:анна", "to:"),
    ],
)
def test_an_unknown_key_is_text_with_a_hint(text: str, nearest: str) -> None:
    found = query(text)
    assert found.where == term("text", TEXT, text)
    assert found.hints[0].endswith(f"it was searched as text. Did you mean {nearest}?")


@pytest.mark.parametrize("text", ["Re: hello", "http://corp.example/x", "10:30", "a b"])
def test_ordinary_colons_bring_no_hint(text: str) -> None:
    assert query(text).hints == ()


def test_an_unknown_key_near_to_none_says_only_that() -> None:
    assert query("zzz:1").hints == ("zzz: is not a key; it was searched as text.",)


def test_a_small_or_is_a_word_with_a_hint() -> None:
    assert "OR in capitals" in query("a or b").hints[0]


def test_an_exact_size_is_doubted() -> None:
    assert "write size:>10M" in query("size:10M").hints[0]


def test_too_many_values_are_refused_by_number() -> None:
    assert "500" in str(refusal(" ".join(f"w{n}" for n in range(501))))
    assert "500" in str(refusal("\n".join(f"a{n}@x.example" for n in range(501))))
    assert len(terms(where(" ".join(f"w{n}" for n in range(500))))) == 500


def test_an_endless_text_and_deep_parentheses_are_refused() -> None:
    assert "characters" in str(refusal("x" * 20_001))
    assert "nested" in str(refusal("-(" * 3000 + "a" + ")" * 3000))


def test_undecodable_characters_do_not_reach_the_store() -> None:
    assert where("a\udcffb\0c") == And((term("text", TEXT, "a?b"), C))


def test_conditions_are_taken_apart_and_put_together() -> None:
    whole = query("to:anna@ status:failed last:2d")
    recipient, status, last = conditions(whole)
    assert [each.text for each in (recipient, status, last)] == [
        "to:anna@",
        "status:failed",
        "last:2d",
    ]
    assert without(whole, recipient).where == status
    assert without(whole, recipient).text == "status:failed last:2d"
    assert without(whole, recipient).since_us == whole.since_us
    assert without(whole, last).since_us is None
    assert without(whole, last).text == "to:anna@ status:failed"
    assert only(whole, recipient).where == recipient
    assert only(whole, recipient).since_us == whole.since_us
    assert only(whole, last).where == EVERYTHING
    assert only(whole, last).since_us == whole.since_us


def test_everything_has_no_terms() -> None:
    assert terms(EVERYTHING) == ()
    assert terms(A) == (A,)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("to:Anna@X.example,b@  status:failed", "to:anna@x.example,b@ status:failed"),
        ("anna@corp.example", "addr:anna@corp.example"),
        ("size:>10485760 delay:<=90s", "size:>10M delay:<=90s"),
        ("a (b OR -(c a))", "a (b OR -(c a))"),
        ('"to:x" "OR" "a b"', '"to:x" "OR" "a b"'),
        ("to:@corp.photography", "to:@corp.photography"),
        ("relay:\"mx.corp.example\"", 'relay:"mx.corp.example"'),
        ("", ""),
    ],
)  # fmt: skip
def test_a_node_is_written_as_a_short_text(text: str, written: str) -> None:
    assert unparse(where(text)) == written
    assert where(written) == where(text)


@pytest.mark.parametrize(
    ("text", "key", "value", "expected"),
    [
        ("", "status", "bounced", "status:bounced"),
        ("to:anna@ last:2d", "cause", "mailbox_full", "to:anna@ last:2d cause:mailbox_full"),
        ("a OR b", "status", "failed", "(a OR b) status:failed"),
        ("(a OR b) last:2d", "dir", "inbound", "(a OR b) last:2d dir:inbound"),
        ("x", "relay", "mx.a.example[192.0.2.1]:25", 'x relay:"mx.a.example[192.0.2.1]:25"'),
        ("x", "source", "mx1", "x source:mx1"),
        ("x", "source", "mail (old), 2", 'x source:"mail (old), 2"'),
        ("x", "subject", 'say "hi"', 'x subject:"say \\"hi\\""'),
        ("x", "from", "<>", "x from:<>"),
        ("x", "to", "a*b@corp.example", 'x to:"a*b@corp.example"'),
        ("x", "todomain", "corp.example", "x todomain:corp.example"),
        ("x", "size", ">10M", "x size:>10M"),
        ("status:failed x", "status", "failed", "status:failed x"),
        ("last:2d x", "since", "2026-11-20", "x since:2026-11-20"),
        ("x until:1d", "since", "2026-11-20 10:00", 'x until:1d since:"2026-11-20 10:00"'),
        ("a@x.example\nb@x.ru", "dir", "in", "addr:a@x.example,b@x.ru dir:in"),
    ],
)  # fmt: skip
def test_a_condition_is_added_to_a_text(text: str, key: str, value: str, expected: str) -> None:
    assert with_term(text, key, value) == expected


def test_an_added_condition_asks_for_exactly_the_stored_value() -> None:
    added = with_term("a OR b", "relay", "mx.a.example[192.0.2.1]:25")
    both = And((Or((A, B)), term("relay", EXACT, "mx.a.example[192.0.2.1]:25")))
    assert where(added) == both


def test_the_manual_names_every_key() -> None:
    manual = Path(__file__).parents[2].joinpath("docs", "query.md").read_text(encoding="utf-8")
    assert [key for key in KEYS if f"`{key}:" not in manual] == []
