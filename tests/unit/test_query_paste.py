"""What is pasted instead of a query is recognised."""

from __future__ import annotations

import pytest

from tracer.errors import InvalidQuery
from tracer.query import Match, MatchKind, Or, Term, parse_query

NOW_US = 1_795_341_600_000_000
HEADERS = """\
Received: from mx1.corp.example (mx1.corp.example [192.0.2.1])
\tby mail.other.example (Postfix) with ESMTPS id 4cXk2R1wPzz1;
\tSun, 22 Nov 2026 10:00:00 +0300 (MSK)
From: Anna Petrova <anna@corp.example>
To: bob@other.example
Subject: Invoice
Message-ID: <20261122.1@corp.example>
MIME-Version: 1.0
"""


def where(text: str) -> object:
    return parse_query(text, now_us=NOW_US).where


def exact(key: str, *texts: str) -> Term:
    return Term(key, tuple(Match(MatchKind.EXACT, text) for text in texts))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Anna@Corp.example", exact("addr", "anna@corp.example")),
        ("анна@почта.рф", exact("addr", "анна@xn--80a1acny.xn--p1ai")),
        ("anna@", Term("addr", (Match(MatchKind.PREFIX, "anna@"),))),
        ("anna@*", Term("addr", (Match(MatchKind.PREFIX, "anna@"),))),
        ("an*@corp.example", Term("addr", (Match(MatchKind.WILDCARD, "an*@corp.example"),))),
        ("@corp.example", Term("domain", (Match(MatchKind.DOMAIN, "corp.example"),))),
        ("corp.example", Term("domain", (Match(MatchKind.DOMAIN, "corp.example"),))),
        ("почта.рф", Term("domain", (Match(MatchKind.DOMAIN, "xn--80a1acny.xn--p1ai"),))),
        ("*.corp.example", Term("domain", (Match(MatchKind.WILDCARD, "*@*.corp.example"),))),
        ("192.0.2.1", exact("ip", "192.0.2.1")),
        ("192.0.2.77/24", Term("ip", (Match(MatchKind.CIDR, "192.0.2.0/24"),))),
        ("2001:DB8:0::1", exact("ip", "2001:db8::1")),
        ("2001:db8::/32", Term("ip", (Match(MatchKind.CIDR, "2001:db8::/32"),))),
        ("dead:beef::1", exact("ip", "dead:beef::1")),
        ("<Id.1@x>", exact("msgid", "Id.1@x")),
        ("<>", exact("from", "<>")),
        ("C71221E1E6C", exact("qid", "C71221E1E6C")),
        ("3Pt2mN2VXxznjll", exact("qid", "3Pt2mN2VXxznjll")),
        ("4cXk2R1wPzz1:", exact("qid", "4cXk2R1wPzz1")),
        ("mx1/4cXk2R1wPzz1", exact("qid", "4cXk2R1wPzz1")),
        ("m_0123456abc", exact("id", "m_0123456abc")),
    ],
)
def test_a_bare_thing_gets_its_key(text: str, expected: Term) -> None:
    assert where(text) == expected
    assert where(f"  {text}\n") == expected


@pytest.mark.parametrize(
    "text",
    ["hello", "ivan.petrov", "12345678", "FACADE", "m_", "10:30", "rhythms", "C++", "@", "-"],
)
def test_an_ordinary_word_is_text(text: str) -> None:
    assert where(text) == Term("text", (Match(MatchKind.TEXT, text),))


def test_a_quoted_address_is_text() -> None:
    assert where('"anna@corp.example"') == Term(
        "text", (Match(MatchKind.TEXT, "anna@corp.example"),)
    )


def test_an_address_that_may_be_a_message_id_is_looked_for_as_both() -> None:
    bare = "20261122091411.4cXk2R1wPz@mail.corp.example"
    assert where(bare) == Or((exact("addr", bare.lower()), exact("msgid", bare)))


def test_an_address_in_brackets_brings_a_hint() -> None:
    query = parse_query("<anna@corp.example>", now_us=NOW_US)
    assert query.where == exact("msgid", "anna@corp.example")
    assert "leave out the < >" in query.hints[0]


@pytest.mark.parametrize(
    "text",
    [
        "anna@a.example,bob@b.example",
        "anna@a.example, bob@b.example",
        "anna@a.example;bob@b.example;",
        "anna@a.example ; bob@b.example",
        "anna@a.example\nbob@b.example",
        "anna@a.example\r\n\r\n  bob@b.example\r\n",
        "Anna Petrova <anna@a.example>, bob@b.example",
        '"Petrova, Anna" <Anna@a.example>; Bob <bob@b.example>',
        "Анна <anna@a.example>\n, Боб <bob@b.example>",
    ],
)
def test_a_list_of_addresses_is_any_of_them(text: str) -> None:
    assert where(text) == exact("addr", "anna@a.example", "bob@b.example")


def test_one_copied_address_loses_its_name() -> None:
    assert where("Anna Petrova <anna@corp.example>") == exact("addr", "anna@corp.example")


def test_addresses_side_by_side_must_all_match() -> None:
    query = parse_query("a@x.example b@x.example c@x.example", now_us=NOW_US)
    assert [term.text for term in query.where.items] == [  # type: ignore[union-attr]
        "a@x.example", "b@x.example", "c@x.example",
    ]  # fmt: skip
    assert "put commas between" in query.hints[0]


def test_a_list_goes_with_other_conditions() -> None:
    query = parse_query("a@x.example, b@x.example status:bounced", now_us=NOW_US)
    both = (exact("addr", "a@x.example", "b@x.example"), exact("status", "bounced"))
    assert query.where.items == both  # type: ignore[union-attr]


def test_different_things_on_lines_are_alternatives() -> None:
    assert where("a@x.example\n192.0.2.1\nto:b@x.example status:bounced\nc@x.example") == Or(
        (
            exact("addr", "a@x.example", "c@x.example"),
            exact("ip", "192.0.2.1"),
            where("to:b@x.example status:bounced"),  # type: ignore[arg-type]
        )
    )


def test_the_column_of_a_mistake_counts_over_all_lines() -> None:
    with pytest.raises(InvalidQuery) as refused:
        where("a@x.example\nstatus:nonsense")
    assert refused.value.column == len("a@x.example\nstatus:") + 1


@pytest.mark.parametrize(
    "text", [HEADERS, HEADERS.replace("\n", "\r\n"), HEADERS.replace("\n", " ")]
)
def test_headers_give_their_message_id(text: str) -> None:
    assert where(text) == exact("msgid", "20261122.1@corp.example")


def test_a_folded_message_id_is_found() -> None:
    assert where("Subject: x\r\nMessage-Id:\r\n <a.b@c>\r\n") == exact("msgid", "a.b@c")


def test_a_notice_with_the_original_headers_gives_both_message_ids() -> None:
    assert where(f"Message-ID: <notice@mx>\n\n{HEADERS}") == exact(
        "msgid", "notice@mx", "20261122.1@corp.example"
    )


def test_headers_longer_than_a_query_are_read() -> None:
    padding = "".join(f"X-Filler-{n}: {'x' * 70}\n" for n in range(400))
    assert where(padding + HEADERS) == exact("msgid", "20261122.1@corp.example")


def test_headers_without_message_id_offer_sender_and_recipient() -> None:
    with pytest.raises(InvalidQuery, match="no Message-ID") as refused:
        where(HEADERS.replace("Message-ID", "X-Id"))
    assert refused.value.suggestion == "from:anna@corp.example to:bob@other.example"
