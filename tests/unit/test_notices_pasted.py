"""Telling apart what people paste, and explaining it."""

from __future__ import annotations

import gzip
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.pasted import Given, Kind, Pasted, Unexplainable, explain_text
from collectors.pasted_json import as_object
from collectors.pasted_words import hint_words, kind_words, visible
from tracer.model import Outcome
from tracer.notices import NoticeKind

CORPUS = Path(__file__).resolve().parents[1] / "corpus" / "notices"
TODAY = date(2026, 11, 22)
LOG = """\
2026-11-22T09:57:02.1+00:00 mx1 postfix/smtpd[11]: 4cXk2R1wPzz5Y: client=pc7.corp.example[10.0.0.7]
2026-11-22T09:57:02.2+00:00 mx1 postfix/cleanup[12]: 4cXk2R1wPzz5Y: message-id=<a@corp.example>
2026-11-22T09:57:02.3+00:00 mx1 postfix/qmgr[13]: 4cXk2R1wPzz5Y: from=<anna@corp.example>, \
size=2000, nrcpt=2 (queue active)
2026-11-22T09:57:03.1+00:00 mx1 postfix/smtp[14]: 4cXk2R1wPzz5Y: to=<ok@fabrikam.example>, \
relay=mx.fabrikam.example[192.0.2.90]:25, delay=1, delays=0.2/0/0.3/0.5, dsn=2.0.0, \
status=sent (250 2.0.0 Ok: queued as 9F3b)
2026-11-22T09:57:04.1+00:00 mx1 postfix/smtp[15]: 4cXk2R1wPzz5Y: to=<full@northwind.example>, \
relay=mx.northwind.example[192.0.2.53]:25, delay=2, delays=0.2/0/0.3/1.5, dsn=5.2.2, \
status=bounced (host mx.northwind.example[192.0.2.53] said: 552 5.2.2 Mailbox full \
(in reply to RCPT TO command))
"""
SYSLOG = (
    "Nov 22 09:57:04 mx1 postfix/smtp[15]: 4cXk2R1wPzz5Y: to=<full@northwind.example>, "
    "relay=mx.northwind.example[192.0.2.53]:25, delay=2, delays=0.2/0/0.3/1.5, dsn=4.2.2, "
    "status=deferred (host mx.northwind.example[192.0.2.53] said: 452 4.2.2 Mailbox full)"
)


def explained(text: str | bytes, lang: str = "en", **given: str) -> Pasted:
    return explain_text(text, lang, today=TODAY, given=Given(**given))


def of_file(name: str, lang: str = "en") -> Pasted:
    return explained((CORPUS / f"{name}.eml").read_bytes(), lang)


def causes(pasted: Pasted) -> list[str]:
    return [one.card.cause for one in pasted.found]


@pytest.mark.parametrize(
    ("text", "kind", "cause", "severity"),
    [
        ("550 5.1.1 <a@b.example>: User unknown", Kind.REPLY, "recipient_unknown", "hard"),
        ("smtp; 552 5.2.2 Mailbox full", Kind.REPLY, "mailbox_full", "hard"),
        ("Diagnostic-Code: smtp; 452 4.2.2 Mailbox full", Kind.REPLY, "mailbox_full", "soft"),
        ("451 4.7.1 Greylisted, come back in 5 minutes", Kind.REPLY, "greylisted", "soft"),
        ("5.2.2", Kind.CODE, "mailbox_full", "hard"),
        ("#5.1.1", Kind.CODE, "recipient_unknown", "hard"),
        ("4.2.2", Kind.CODE, "mailbox_full", "soft"),
        ("552 5.2.2", Kind.CODE, "mailbox_full", "hard"),
        ("status=bounced (host a[1.2.3.4] said: 552 5.2.2 Mailbox full)", Kind.LOG,
         "mailbox_full", "hard"),
        ("to=<a@b.example>, relay=x, dsn=4.2.2, status=deferred (mailbox full)", Kind.LOG,
         "mailbox_full", "soft"),
        (SYSLOG, Kind.LOG, "mailbox_full", "soft"),
        (SYSLOG.partition("mx1 ")[2], Kind.LOG, "mailbox_full", "soft"),
        (SYSLOG.partition("]: ")[2], Kind.LOG, "mailbox_full", "soft"),
        ("<html><body><p>552 5.2.2 Mailbox &amp; more full</p></body></html>", Kind.REPLY,
         "mailbox_full", "hard"),
        ("From: <a@b.example> RCPT: <c@d.example> Remote host said: 552 5.2.2 Mailbox full",
         Kind.REPLY, "mailbox_full", "hard"),
    ],
)  # fmt: skip
def test_pasted_text_is_told_apart_and_explained(
    text: str, kind: str, cause: str, severity: str
) -> None:
    pasted = explained(text)
    assert (pasted.kind, causes(pasted)) == (kind, [cause])
    assert pasted.found[0].card.severity == severity


def test_every_recipient_of_log_lines_is_explained_failures_first() -> None:
    pasted = explained(LOG)
    assert [one.told.recipient for one in pasted.found] == [
        "full@northwind.example",
        "ok@fabrikam.example",
    ]
    assert causes(pasted) == ["mailbox_full", ""]
    assert pasted.queue_ids == ("4cXk2R1wPzz5Y",)
    assert pasted.message_ids == ("a@corp.example",)
    assert pasted.found[0].told.sender == "anna@corp.example"


def test_quoted_and_indented_log_lines_are_log_lines() -> None:
    quoted = "\n".join(f"  > {line}" for line in LOG.splitlines())
    assert explained(quoted).queue_ids == ("4cXk2R1wPzz5Y",)


def test_log_line_that_decides_nothing_is_explained_all_the_same() -> None:
    pasted = explained(LOG.splitlines()[1])
    assert pasted.kind == Kind.LOG
    assert pasted.message_ids == ("a@corp.example",)
    assert pasted.found[0].card.headline


@pytest.mark.parametrize(
    ("name", "kind", "expected"),
    [
        ("01_postfix_failure", NoticeKind.FAILURE, ["recipient_unknown", "mailbox_full"]),
        ("02_postfix_delay", NoticeKind.DELAY, ["host_unreachable"]),
        ("03_relayed_report", NoticeKind.SUCCESS, [""]),
        ("04_postfix_prose_only", NoticeKind.FAILURE, ["ip_blocklisted"]),
        ("05_exim_failure", NoticeKind.FAILURE, ["relay_denied", "retry_timeout"]),
        ("06_exim_warning", NoticeKind.DELAY, ["greylisted"]),
        ("07_qmail", NoticeKind.FAILURE, ["recipient_unknown"]),
        ("08_sendmail", NoticeKind.FAILURE, ["message_too_large"]),
        ("09_exchange_2003_prose", NoticeKind.FAILURE, ["recipient_unknown"]),
        ("10_exchange_online", NoticeKind.FAILURE, ["recipient_restricted"]),
        ("11_gmail_report", NoticeKind.FAILURE, ["sender_auth_failed"]),
        ("12_gmail_prose", NoticeKind.FAILURE, ["recipient_unknown"]),
        ("13_french", NoticeKind.FAILURE, ["mailbox_full"]),
        ("14_german", NoticeKind.FAILURE, ["recipient_unknown"]),
        ("15_russian_without_charset", NoticeKind.FAILURE, ["recipient_unknown"]),
        ("16_japanese_without_charset", NoticeKind.FAILURE, ["mailbox_full"]),
        ("17_chinese_base64", NoticeKind.FAILURE, ["recipient_unknown"]),
        ("18_polish", NoticeKind.FAILURE, ["mailbox_full"]),
        ("19_wrong_boundary", NoticeKind.FAILURE, ["malware"]),
        ("20_report_as_text", NoticeKind.FAILURE, ["sender_auth_failed"]),
        ("21_report_encoded", NoticeKind.FAILURE, ["recipient_unknown"]),
        ("24_internationalised", NoticeKind.FAILURE, ["address_invalid"]),
        ("25_passed_on", NoticeKind.DELAY, ["host_unreachable"]),
        ("26_complaint", NoticeKind.COMPLAINT, [""]),
        ("28_vacation", NoticeKind.AUTO_REPLY, [""]),
        ("30_challenge", NoticeKind.CHALLENGE, [""]),
        ("31_read_receipt", NoticeKind.RECEIPT, [""]),
        ("32_ordinary_mail", NoticeKind.MESSAGE, [""]),
        ("33_html_only", NoticeKind.FAILURE, ["recipient_unknown"]),
        ("34_verp_backscatter", NoticeKind.FAILURE, ["recipient_disabled"]),
        ("36_fields_alone", NoticeKind.FAILURE, ["mailbox_full"]),
        ("37_text_alone", NoticeKind.FAILURE, ["spam_content"]),
    ],
)
def test_notice_gets_the_causes_of_its_recipients(
    name: str, kind: NoticeKind, expected: list[str]
) -> None:
    pasted = of_file(name)
    assert (pasted.kind, causes(pasted)) == (kind, expected)


def test_success_report_is_no_failure() -> None:
    (one,) = of_file("03_relayed_report").found
    assert (one.told.outcome, one.card.severity, one.card.side) == (
        Outcome.RELAYED,
        "none",
        "nobody",
    )


def test_notice_names_the_message_that_it_is_about() -> None:
    pasted = of_file("01_postfix_failure")
    assert pasted.message_ids == ("20261122.0957.17@corp.example",)
    assert pasted.queue_ids == ("4cXk2R1wPzz5Y", "offer-118")
    assert pasted.found[0].told.sender == "anna@corp.example"


@pytest.mark.parametrize("lang", ["en", "ru"])
@pytest.mark.parametrize("path", sorted(CORPUS.glob("*.eml")), ids=lambda path: path.stem)
def test_card_is_whole_in_both_languages(path: Path, lang: str) -> None:
    pasted = explained(path.read_bytes(), lang)
    assert kind_words(pasted, lang) != pasted.kind
    for one in pasted.found:
        card = one.card
        assert card.headline and card.acts and card.tell_user and card.why
        assert "{" not in card.headline + card.tell_user
        if lang == "ru":
            assert any("а" <= letter <= "я" for letter in card.headline)


@pytest.mark.parametrize(
    ("given_codes", "cause", "outcome"),
    [
        ({"reply_code": "552", "enhanced": "5.2.2"}, "mailbox_full", Outcome.BOUNCED),
        ({"reply_code": "452", "enhanced": "4.2.2"}, "mailbox_full", Outcome.DEFERRED),
        ({"enhanced": "5.1.1"}, "recipient_unknown", Outcome.BOUNCED),
    ],
)
def test_codes_beside_the_text_count(
    given_codes: dict[str, str], cause: str, outcome: Outcome
) -> None:
    (one,) = explained("", **given_codes).found
    assert (one.card.cause, one.told.outcome) == (cause, outcome)


def test_basic_code_wins_over_the_class_of_the_enhanced_one() -> None:
    (one,) = explained("no room", reply_code="452", enhanced="5.2.2").found
    assert one.card.severity == "soft"


@pytest.mark.parametrize("text", ["", "  \n", "\ufeff"])
def test_nothing_is_not_explained(text: str) -> None:
    with pytest.raises(Unexplainable) as found:
        explained(text)
    assert found.value.why == "empty"


@pytest.mark.parametrize("octets", [gzip.compress(b"550 no"), b"\x89PNG\r\n\x1a\n\0\0\0\0" * 9])
def test_what_is_no_text_is_refused_with_advice(octets: bytes) -> None:
    with pytest.raises(Unexplainable, match=r"unpack|text"):
        explained(octets)


def test_long_and_marked_up_texts_say_what_was_left_out() -> None:
    assert hint_words(explained("550 no\n" + "x" * (3 << 20)).hints, "en")
    assert "tags were cut" in hint_words(explained("<p>550 5.1.1 no such user</p>").hints, "en")[0]
    assert "теги" in hint_words(explained("<p>550 5.1.1 no such user</p>").hints, "ru")[0]


def test_utf_16_of_windows_is_read() -> None:
    assert causes(explained("552 5.2.2 Mailbox full".encode("utf-16"))) == ["mailbox_full"]


def test_controls_cannot_steer_a_terminal() -> None:
    assert visible("a\x1b[31mb\u202ec\n") == "a\ufffd[31mb\ufffdc\n"


def test_object_has_the_fields_of_the_contract_first() -> None:
    told = as_object(explained(LOG), 7)
    assert list(told)[:11] == [
        "id", "cause", "severity", "actor", "confidence", "facets", "headline", "steps",
        "tell_user", "tell_their_admin", "reference",
    ]  # fmt: skip
    assert told["id"] == 7
    assert [one["recipient"] for one in told["explanations"]] == [
        "full@northwind.example",
        "ok@fabrikam.example",
    ]


@given(st.text(max_size=300))
def test_any_text_is_explained_or_refused(text: str) -> None:
    try:
        assert explained(text).found
    except Unexplainable:
        pass
