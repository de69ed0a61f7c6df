"""What notices say where the corpus would be a file for each word."""

from __future__ import annotations

import base64
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracer.model import Outcome
from tracer.notices import Action, NoticeKind, looks_like_mail, read_notice
from tracer.notices.decode import as_text, header_text, without_tags
from tracer.notices.fields import addresses, split_message, time_us
from tracer.notices.limits import (
    CUT_OCTETS,
    CUT_PARTS,
    CUT_RECIPIENTS,
    MOST_OCTETS,
    MOST_RECIPIENTS,
)

DSN = """\
Return-Path: <>
From: MAILER-DAEMON@corp.example
To: {to}
Subject: Undelivered Mail Returned to Sender
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx1.corp.example

{fields}
--b--
"""


def notice_of(fields: str, to: str = "anna@corp.example"):  # type: ignore[no-untyped-def]
    return read_notice(DSN.format(fields=fields, to=to).encode())


def recipient_of(fields: str):  # type: ignore[no-untyped-def]
    (found,) = notice_of(fields).recipients
    return found


@pytest.mark.parametrize(
    ("action", "status", "outcome"),
    [
        ("failed", "5.1.1", Outcome.BOUNCED),
        ("Failed", "4.4.7", Outcome.EXPIRED),
        ("failure", "5.0.0", Outcome.BOUNCED),
        ("delayed", "4.4.1", Outcome.DEFERRED),
        ("delivered", "2.1.5", Outcome.DELIVERED),
        ("relayed (to a host that gives no reports)", "2.0.0", Outcome.RELAYED),
        ("expanded", "2.0.0", Outcome.EXPANDED),
        ("", "5.2.2", Outcome.BOUNCED),
        ("", "2.0.0", Outcome.DELIVERED),
    ],
)
def test_action_and_class_make_the_outcome(action: str, status: str, outcome: Outcome) -> None:
    fields = f"Final-Recipient: rfc822; a@b.example\nAction: {action}\nStatus: {status}\n"
    assert recipient_of(fields).outcome is outcome


def test_a_delay_is_no_failure_even_beside_a_success() -> None:
    notice = notice_of(
        "Final-Recipient: rfc822; a@b.example\nAction: delivered\nStatus: 2.0.0\n\n"
        "Final-Recipient: rfc822; c@b.example\nAction: delayed\nStatus: 4.4.1\n"
    )
    assert notice.kind is NoticeKind.DELAY
    assert [each.action for each in notice.recipients] == [Action.DELIVERED, Action.DELAYED]


@pytest.mark.parametrize(
    ("written", "kind", "reply"),
    [
        ("smtp; 550 5.1.1 no", "smtp", "550 5.1.1 no"),
        ("SMTP;5.2.2 full", "smtp", "5.2.2 full"),
        ("X-Postfix; connect to mx[192.0.2.1]:25: timed out", "x-postfix",
         "connect to mx[192.0.2.1]:25: timed out"),
        ("550 without a type; really", "", "550 without a type; really"),
        ("x-unix; 77", "x-unix", "77"),
    ],
)  # fmt: skip
def test_diagnostic_code_has_a_type_and_a_text(written: str, kind: str, reply: str) -> None:
    found = recipient_of(f"Final-Recipient: rfc822; a@b.example\nDiagnostic-Code: {written}\n")
    assert (found.diagnostic_type, found.reply) == (kind, reply)


def test_status_is_read_from_the_reply_where_its_field_is_missing() -> None:
    found = recipient_of("Final-Recipient: rfc822; a@b.example\nDiagnostic-Code: smtp; 550 5.7.1 x")
    assert found.status == "5.7.1"


def test_version_numbers_and_addresses_are_no_status() -> None:
    fields = "Final-Recipient: rfc822; a@b.example\nDiagnostic-Code: smtp; [5.1.1.20] v4.2.1.7 no"
    assert recipient_of(fields).status == ""


@pytest.mark.parametrize(
    ("to", "recipient"),
    [
        ("news-bounces+reader=northwind.example@corp.example", "reader@northwind.example"),
        ("bounce-1234-reader=northwind.example@corp.example", "reader@northwind.example"),
        ("list-return-7-reader=northwind.example@corp.example", "reader@northwind.example"),
        ("Reader <b+anna-maria=northwind.example@corp.example>", "anna-maria@northwind.example"),
        ("SRS0=Ab1=XY=northwind.example=reader@corp.example", ""),
        ("prvs=0123456789=anna@corp.example", ""),
        ("anna@corp.example", ""),
    ],
)
def test_verp_address_names_the_recipient(to: str, recipient: str) -> None:
    fields = "Final-Recipient: rfc822; a@b.example\nAction: failed\n"
    assert notice_of(fields, to=to).verp == recipient


@pytest.mark.parametrize(
    ("subject", "more", "kind"),
    [
        ("Automatic reply: Offer", "Auto-Submitted: auto-replied\n", NoticeKind.AUTO_REPLY),
        ("Abwesenheitsnotiz", "", NoticeKind.AUTO_REPLY),
        ("Автоответ: отпуск", "", NoticeKind.AUTO_REPLY),
        ("Hello", "X-Autoreply: yes\n", NoticeKind.AUTO_REPLY),
        ("Hello", "Auto-Submitted: no\n", NoticeKind.MESSAGE),
        ("Undeliverable parcels, act now", "", NoticeKind.MESSAGE),
        ("Delivery failure in the warehouse", "List-Id: <ops.corp.example>\n", NoticeKind.MESSAGE),
    ],
)
def test_automatic_replies_and_mail_are_no_bounces(
    subject: str, more: str, kind: NoticeKind
) -> None:
    text = f"From: kim@northwind.example\nTo: anna@corp.example\nSubject: {subject}\n{more}\nHi.\n"
    assert read_notice(text.encode()).kind is kind


def test_one_sign_alone_makes_no_bounce() -> None:
    text = "From: postmaster@corp.example\nTo: a@corp.example\nSubject: Maintenance\n\nTonight.\n"
    assert read_notice(text.encode()).kind is NoticeKind.MESSAGE


def test_notice_says_nothing_about_plain_words() -> None:
    assert read_notice(b"550 5.1.1 User unknown").kind is NoticeKind.NOTHING
    assert read_notice(b"").kind is NoticeKind.NOTHING


def test_short_diagnostic_is_completed_from_the_prose() -> None:
    text = DSN.format(to="anna@corp.example", fields="").replace(
        "--b\nContent-Type: message", "--b\n\nYour mail to a@b.example came back:\n\n"
        "550 5.7.1 Blocked: see https://lists.example/why\n\n--b\nContent-Type: message"
    ).replace("--b--", "Final-Recipient: rfc822; a@b.example\nAction: failed\n"
              "Diagnostic-Code: smtp; 550\n\n--b--")  # fmt: skip
    (found,) = read_notice(text.encode()).recipients
    assert found.reply == "550 5.7.1 Blocked: see https://lists.example/why"


def test_prose_about_something_else_does_not_replace_the_diagnostic() -> None:
    told = "552 5.2.2 The mailbox of this recipient is full"
    text = DSN.format(
        to="anna@corp.example",
        fields=f"Final-Recipient: rfc822; a@b.example\nDiagnostic-Code: smtp; {told}",
    ).replace(
        "--b\nContent", "--b\n\nWe use 550 5.1.1 replies for all kinds of news.\n\n--b\nContent"
    )
    (found,) = read_notice(text.encode()).recipients
    assert found.reply == told


# Hostile input


def took_s(octets: bytes) -> float:
    began = time.perf_counter()
    read_notice(octets)
    return time.perf_counter() - began


HOSTILE = {
    "fifty megabytes": b"Subject: x\n\n" + b"A" * (50 << 20),
    "deep parts": b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(3000)
    ),
    "many parts": b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nx\n" * 100_000,
    "long boundary": b"Content-Type: multipart/mixed; boundary=" + b"b" * 60_000 + b"\n\nx",
    "many headers": b"Received: by x\n" * 100_000,
    "long header": b"Received: " + b"(" * 500_000 + b"\n\nx",
    "nested comments": b"From: " + b"(" * 30_000 + b"a@b.example\nTo: " + b"<" * 30_000 + b"\n\n",
    "at signs": b"From: a@b.example\n\n" + b"a@" * 200_000,
    "tags": b"Content-Type: text/html\nFrom: a@b.example\n\n" + b"<script " * 100_000,
    "comments": b"Content-Type: text/html\nFrom: a@b.example\n\n" + b"<!-- " * 100_000,
    "encoded words": b"Subject: " + b"=?utf-8?q?" * 6_000 + b"\n\nx",
    "parameters": b"Content-Type: multipart/report; " + b'a="' * 20_000 + b"\n\nx",
    "word": b"Content-Type: " + b"w" * 60_000 + b"\nFrom: a@b.example\n\nx",
    "equals": b"To: " + b"a=b" * 20_000 + b"@x\nFrom: a@b.example\n\nx",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_message_is_read_in_bounded_time(name: str) -> None:
    assert took_s(HOSTILE[name]) < 2


def test_what_is_too_long_is_cut_and_said() -> None:
    assert CUT_OCTETS in read_notice(b"Subject: x\n\n" + b"A" * (MOST_OCTETS + 1)).hints
    assert CUT_PARTS in read_notice(HOSTILE["many parts"]).hints
    assert CUT_PARTS in read_notice(HOSTILE["deep parts"]).hints


def test_thousands_of_recipients_are_cut_and_said() -> None:
    fields = "\n".join(
        f"Final-Recipient: rfc822; r{n}@b.example\nAction: failed\nStatus: 5.1.1\n"
        for n in range(MOST_RECIPIENTS + 100)
    )
    notice = notice_of(fields)
    assert len(notice.recipients) == MOST_RECIPIENTS
    assert CUT_RECIPIENTS in notice.hints


def test_attachments_are_passed_over_packed_or_not() -> None:
    bomb = base64.encodebytes(b"PK\x03\x04" + b"\0" * 100_000).decode()
    text = (
        "Content-Type: multipart/mixed; boundary=b\nFrom: a@b.example\n\n--b\n"
        f"Content-Type: application/zip\nContent-Transfer-Encoding: base64\n\n{bomb}\n--b--\n"
    )
    assert read_notice(text.encode()).kind is NoticeKind.MESSAGE


@given(st.binary(max_size=400))
def test_octets_never_raise(octets: bytes) -> None:
    read_notice(octets)


PIECES = st.sampled_from(
    [
        "\n", "\n\n", "--b\n", "--b--\n", "Content-Type: multipart/report; boundary=b\n",
        "Content-Type: message/delivery-status\n", "Final-Recipient: rfc822; a@b.example\n",
        "Content-Transfer-Encoding: base64\n", "Content-Transfer-Encoding: quoted-printable\n",
        "Content-Type: text/plain; charset=utf-7\n", "Content-Type: message/rfc822\n",
        "Diagnostic-Code: smtp; 550\n", " 5.1.1 x\n", "Action: delayed\n", "Status: 9.9.9\n",
        "Date: Mon, 99 Foo 20266 77:77:77 +9999\n", "Received: from a by b; yesterday\n",
        "=?x?b?!!?=", "<a@b.example>:\n", "550 no\n", "\x1b$B", "é", "=E9=", "\0", "From x\n",
        "Content-Type: message/feedback-report\n", "Content-Type: text/html\n", "<script>",
        "Subject: Undeliverable =?utf-8?q?=FF?=\n", "From: MAILER-DAEMON\n", "Arrival-Date: x\n",
    ]
)  # fmt: skip


@given(st.lists(PIECES, max_size=30))
def test_pieces_of_notices_in_any_order_never_raise(pieces: list[str]) -> None:
    read_notice("".join(pieces).encode())


# Decoding


@pytest.mark.parametrize("charset", ["utf-8", "koi8-r", "cp1251"])
def test_russian_without_a_charset_is_read(charset: str) -> None:
    told = "Письмо не доставлено: почтовый ящик получателя переполнен, попробуйте позже"
    assert as_text(told.encode(charset)) == told


@pytest.mark.parametrize("charset", ["euc_jp", "shift_jis", "iso2022_jp", "utf-8"])
def test_japanese_without_a_charset_is_read(charset: str) -> None:
    told = "メールボックスの容量が超過しています"
    assert as_text(told.encode(charset)) == told


def test_iso_2022_jp_without_its_escapes_is_read() -> None:
    told = "あて先のユーザーは存在しません"
    octets = told.encode("iso2022_jp").replace(b"\x1b", b"")
    assert as_text(octets) == told


def test_unknown_and_dangerous_charsets_are_guessed() -> None:
    assert as_text("äöü".encode(), "no-such-charset") == "äöü"
    assert as_text(b"\\x41", "unicode_escape") == "\\x41"
    assert as_text(b"eA==", "base64") == "eA=="


def test_controls_are_gone_from_what_is_read() -> None:
    assert as_text(b"a\x1b[31mb\x00c\x07") == "a[31mbc"


def test_header_is_decoded_and_folded_words_are_joined() -> None:
    assert header_text("=?utf-8?q?=D0=9F=D1=80?=\n =?utf-8?b?0LjQstC10YI=?= you") == "Привет you"
    assert header_text("=?utf-8?b?!!!?= x").endswith("x")
    assert header_text("Недоставка".encode("koi8-r").decode("latin-1")) == "Недоставка"


def test_page_is_reduced_to_its_words() -> None:
    page = "<p>A &amp; B<br>C</p><style>p{}</style><script>evil()</script><a href='x'>D</a>"
    assert without_tags(page) == "A & B\nC\nD"
    assert without_tags("<anna@corp.example> stays") == "<anna@corp.example> stays"
    assert without_tags("before<script>never ends") == "before"


def test_addresses_are_those_outside_of_quoted_names() -> None:
    assert addresses('"a@x.example" <b@y.example>, c@z.example') == ("b@y.example", "c@z.example")


@pytest.mark.parametrize(
    ("written", "at_us"),
    [
        ("Sun, 22 Nov 2026 10:02:31 +0000 (UTC)", 1_795_341_751_000_000),
        ("22 Nov 2026 13:02:31 +0300", 1_795_341_751_000_000),
        ("2026-11-22T10:02:31Z", 1_795_341_751_000_000),
        ("yesterday", None),
        ("Sun, 22 Nov 99999 10:02:31 +0000", None),
        ("", None),
    ],
)
def test_dates_are_read_or_none(written: str, at_us: int | None) -> None:
    assert time_us(written) == at_us


@pytest.mark.parametrize(
    ("start", "is_mail"),
    [
        (b"Return-Path: <>\r\nReceived: by mx\r\n\r\nx", True),
        (b"X-Account-Key: account1\nFrom: a@b.example\nSubject: x\n\n", True),
        (b"From MAILER-DAEMON Sun Nov 22 10:02:31 2026\nFrom: a@b.example\n", True),
        (b"Nov 22 10:02:31 mx1 postfix/smtp[1]: 4cX: to=<a@b.example>\n", False),
        (b"2026-11-22T10:02:31+00:00 mx1 postfix/smtp[1]: x: y\n", False),
        (b'{"MESSAGE": "From: a", "_HOSTNAME": "mx1"}\n', False),
        (b"From now on: nothing\n", False),
        (b"name: value\nother: value\n", False),
        (b"", False),
    ],
)
def test_mail_is_told_from_logs_by_its_beginning(start: bytes, is_mail: bool) -> None:
    assert looks_like_mail(start) is is_mail


def test_text_that_begins_with_no_header_is_all_body() -> None:
    fields, body = split_message("Hello there\nSubject: x\n\nrest")
    assert not fields
    assert body.startswith("Hello")
