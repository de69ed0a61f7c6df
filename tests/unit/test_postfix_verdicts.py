"""What smtpd, postscreen, cleanup and milters say of a message becomes events."""

from __future__ import annotations

import pytest

from collectors.formats.postfix import parse
from tests.unit.postfix_lines import AT_US, line, said
from tracer.model import EventKind, Outcome

TAIL = "from=<bob@shop.example> to=<anna@corp.example> proto=ESMTP helo=<mail.shop.example>"
ENVELOPE = {
    "sender": "bob@shop.example",
    "recipient": "anna@corp.example",
    "helo": "mail.shop.example",
}


def test_client_opens_a_stay() -> None:
    assert said("postfix/smtpd", "4jXT3j4GS0zR8: client=mail.shop.example[203.0.113.16]") == {
        "kind": EventKind.RECEIVED,
        "queue_id": "4jXT3j4GS0zR8",
        "client": "203.0.113.16",
        "client_name": "mail.shop.example",
    }


@pytest.mark.parametrize(
    ("text", "client", "name", "login", "former"),
    [
        ("unknown[2001:db8::7]", "2001:db8::7", "", "", ()),
        ("mail.shop.example[203.0.113.16]:4711", "203.0.113.16", "mail.shop.example", "", ()),
        ("x.example[192.0.2.9], sasl_method=PLAIN, sasl_username=sales@shop.example",
         "192.0.2.9", "x.example", "sales@shop.example", ()),
        ("localhost[127.0.0.1], orig_queue_id=4jXT3l2WYWzg0, orig_client=unknown[198.51.100.4]",
         "198.51.100.4", "", "", ("4jXT3l2WYWzg0",)),
        ("localhost[127.0.0.1], orig_queue_id=8C2A1F0D3, orig_client=unknown[unknown]",
         "127.0.0.1", "localhost", "", ("8C2A1F0D3",)),
        ("x.example[192.0.2.9], sasl_method=PLAIN, sasl_username=u, "
         "sasl_sender=<a>, orig_client=bank.example[203.0.113.99]",
         "192.0.2.9", "x.example", "u", ()),
    ],
)  # fmt: skip
def test_client_login_and_forwarded_client(
    text: str, client: str, name: str, login: str, former: tuple[str, ...]
) -> None:
    event = said("postfix/smtpd", f"8C2A1F0D4: client={text}")
    assert (event["kind"], event["client"], event.get("client_name", "")) == (
        EventKind.RECEIVED, client, name,
    )  # fmt: skip
    assert (event.get("auth", ""), event.get("from_queue_ids", ())) == (login, former)


def test_refusal_at_the_door_is_a_hop_of_its_own() -> None:
    text = (
        "NOQUEUE: reject: RCPT from unknown[198.51.100.4]: 554 5.7.1 Service unavailable; Client "
        f"host [198.51.100.4] blocked using bl.example; see http://bl.example/?a=1; {TAIL}"
    )
    event = said("postfix/smtpd", text)
    assert event.pop("queue_id").startswith("NOQUEUE/")
    assert event == ENVELOPE | {
        "kind": EventKind.REJECTED,
        "client": "198.51.100.4",
        "outcome": Outcome.REJECTED,
        "status": "5.7.1",
        "reply": "554 5.7.1 Service unavailable; Client host [198.51.100.4] blocked using "
        "bl.example; see http://bl.example/?a=1",
        "command": "RCPT",
    }


def test_same_refusal_has_the_same_name_and_another_second_another() -> None:
    text = f"NOQUEUE: reject: RCPT from unknown[198.51.100.4]: 450 4.7.1 later; {TAIL}"
    first, again = parse(line("postfix/smtpd", text)) + parse(
        line("postfix/smtpd", text, AT_US + 999_999)
    )
    (later,) = parse(line("postfix/smtpd", text, AT_US + 1_000_000))
    assert first.queue_id == again.queue_id
    assert later.queue_id != first.queue_id


def test_postscreen_refuses_with_commas_and_a_port() -> None:
    event = said(
        "postfix/postscreen",
        "NOQUEUE: reject: RCPT from [198.51.100.4]:40123: 550 5.7.1 Service unavailable; client "
        "[198.51.100.4] blocked using bl.example; from=<bob@shop.example>, to=<anna@corp.example>, "
        "proto=ESMTP, helo=<mail.shop.example>",
    )
    del event["queue_id"]
    assert event == ENVELOPE | {
        "kind": EventKind.REJECTED,
        "client": "198.51.100.4",
        "outcome": Outcome.REJECTED,
        "status": "5.7.1",
        "reply": "550 5.7.1 Service unavailable; client [198.51.100.4] blocked using bl.example",
        "command": "RCPT",
    }


@pytest.mark.parametrize(
    ("text", "command", "reply"),
    [
        ("reject: CONNECT from [198.51.100.4]:4: too many connections",
         "CONNECT", "too many connections"),
        ("reject: VRFY from x[192.0.2.9]: 550 5.1.1 <a>: unknown; to=<a> proto=SMTP helo=<h>",
         "VRFY", "550 5.1.1 <a>: unknown"),
        ("reject: HELO from x[192.0.2.9]: 504 5.5.2 <h>: Helo rejected; proto=SMTP helo=<h>",
         "EHLO", "504 5.5.2 <h>: Helo rejected"),
        ("milter-reject: CONNECT from x[192.0.2.9]: 451 4.7.1 try again later; proto=SMTP",
         "CONNECT", "451 4.7.1 try again later"),
        ("reject: MAIL from x[192.0.2.9]: 552 5.3.4 too big; from=<a@b.example> proto=SMTP",
         "MAIL", "552 5.3.4 too big"),
        ("reject: BDAT from x[192.0.2.9]: 421 4.3.0 Server local data error",
         "DATA", "421 4.3.0 Server local data error"),
    ],
)  # fmt: skip
def test_every_stage_of_the_conversation_may_refuse(text: str, command: str, reply: str) -> None:
    event = said("postfix/smtpd", f"NOQUEUE: {text}")
    assert (event["kind"], event["command"], event["reply"]) == (EventKind.REJECTED, command, reply)


def test_one_recipient_refused_in_a_message_that_goes_on() -> None:
    event = said(
        "postfix/smtpd",
        "769FF2E0760: reject: RCPT from x.example[192.0.2.9]: 550 5.1.1 "
        "<b@corp.example>: Recipient address rejected: User unknown; from=<bob@shop.example> "
        "to=<b@corp.example> proto=ESMTP helo=<h>",
    )
    assert (event["queue_id"], event["recipient"]) == ("769FF2E0760", "b@corp.example")
    assert (event["kind"], event["outcome"]) == (EventKind.REJECTED, Outcome.REJECTED)


def test_milter_refuses_the_whole_message() -> None:
    event = said(
        "postfix/cleanup",
        "8C2A1F0D3: milter-reject: END-OF-MESSAGE from x.example[192.0.2.9]: "
        f"4.7.1 Try again later; {TAIL}",
    )
    assert event == ENVELOPE | {
        "kind": EventKind.REJECTED,
        "queue_id": "8C2A1F0D3",
        "client": "192.0.2.9",
        "client_name": "x.example",
        "outcome": Outcome.REJECTED,
        "status": "4.7.1",
        "reply": "4.7.1 Try again later",
        "command": "END-OF-MESSAGE",
    }


@pytest.mark.parametrize(
    ("verb", "kind", "outcome"),
    [
        ("discard", EventKind.FILTERED, Outcome.DISCARDED),
        ("milter-discard", EventKind.FILTERED, Outcome.DISCARDED),
        ("hold", EventKind.HELD, Outcome.QUARANTINED),
        ("milter-hold", EventKind.HELD, Outcome.QUARANTINED),
        ("redirect", EventKind.FILTERED, None),
        ("filter", EventKind.FILTERED, None),
        ("bcc", EventKind.FILTERED, None),
        ("prepend", EventKind.FILTERED, None),
        ("warn", EventKind.FILTERED, None),
        ("reject_warning", EventKind.UNKNOWN, None),
    ],
)
def test_actions_of_access_tables_and_milters(
    verb: str, kind: EventKind, outcome: Outcome | None
) -> None:
    event = said(
        "postfix/smtpd", f"8C2A1F0D3: {verb}: RCPT from x.example[192.0.2.9]: text; {TAIL}"
    )
    assert (event["queue_id"], event["kind"], event.get("outcome")) == ("8C2A1F0D3", kind, outcome)


@pytest.mark.parametrize(
    ("verb", "outcome"), [("discard", Outcome.DISCARDED), ("hold", Outcome.QUARANTINED)]
)
def test_discard_and_hold_before_a_queue_id_are_hops_of_their_own(
    verb: str, outcome: Outcome
) -> None:
    event = said("postfix/smtpd", f"NOQUEUE: {verb}: RCPT from x[192.0.2.9]: <a>: by rule; {TAIL}")
    assert event["queue_id"].startswith("NOQUEUE/")
    assert (event["kind"], event["outcome"], event["recipient"]) == (
        EventKind.FILTERED, outcome, "anna@corp.example",
    )  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        f"reject_warning: RCPT from x[192.0.2.9]: 550 no; {TAIL}",
        f"filter: RCPT from x[192.0.2.9]: <a>: filter smtp:[127.0.0.1]:10024; {TAIL}",
        f"warn: RCPT from x[192.0.2.9]: watch this; {TAIL}",
        "client=x.example[192.0.2.9]",
        "abort: TLS from x[192.0.2.9]: no starttls",
        "",
    ],
)
def test_what_ends_nothing_and_has_no_queue_id_tells_nothing(text: str) -> None:
    assert parse(line("postfix/smtpd", f"NOQUEUE: {text}")) == []


def test_subject_is_read_and_decoded() -> None:
    event = said(
        "postfix/cleanup",
        "8C2A1F0D3: info: header Subject: =?iso-8859-1?Q?Gr=FC=DFe_aus_M=FCnchen?= from "
        f"x.example[192.0.2.9]; {TAIL}",
    )
    assert event == ENVELOPE | {
        "kind": EventKind.FILTERED,
        "queue_id": "8C2A1F0D3",
        "subject": "Grüße aus München",
    }


@pytest.mark.parametrize(
    "subject",
    [
        "Undelivered? please check; from=<fake@evil.example> to=<x@y.example>",
        "; from=<fake@evil.example> to=<x@y.example> proto=ESMTP helo=<evil>",
        "a from e[192.0.2.66]; from=<f@e.example> to=<x@y.example> proto=ESMTP helo=<h>: 5.7.1 no",
        "status=sent (not really)",
        "reject: header Subject: x",
        '"; from=<"',
    ],
)
def test_subject_that_imitates_the_envelope_is_a_subject(subject: str) -> None:
    event = said(
        "postfix/cleanup",
        f"8C2A1F0D3: info: header Subject: {subject} from x.example[192.0.2.9]; {TAIL}",
    )
    assert event == ENVELOPE | {
        "kind": EventKind.FILTERED,
        "queue_id": "8C2A1F0D3",
        "subject": subject,
    }


def test_sender_that_imitates_the_envelope_is_a_sender() -> None:
    sender = '"x; from=<boss@bank.example> to=<y@z.example> proto=ESMTP helo=<h>"@evil.example'
    event = said(
        "postfix/cleanup",
        f"8C2A1F0D3: info: header Subject: hi from x.example[192.0.2.9]; from=<{sender}> "
        "to=<anna@corp.example> proto=ESMTP helo=<h>",
    )
    assert (event["sender"], event["recipient"]) == (sender, "anna@corp.example")


def test_local_message_has_no_protocol_in_its_envelope() -> None:
    event = said(
        "postfix/cleanup",
        "8C2A1F0D3: warning: header Subject: Cron report from local; "
        "from=<root@mx1.example> to=<ops@corp.example>",
    )
    assert (event["subject"], event["sender"], event["recipient"]) == (
        "Cron report", "root@mx1.example", "ops@corp.example",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("verb", "kind", "outcome", "command"),
    [
        ("reject", EventKind.REJECTED, Outcome.REJECTED, "END-OF-MESSAGE"),
        ("discard", EventKind.FILTERED, Outcome.DISCARDED, ""),
        ("hold", EventKind.HELD, Outcome.QUARANTINED, ""),
        ("redirect", EventKind.FILTERED, None, ""),
        ("milter-header-reject", EventKind.REJECTED, Outcome.REJECTED, "END-OF-MESSAGE"),
    ],
)
def test_header_check_with_a_text_of_its_own(
    verb: str, kind: EventKind, outcome: Outcome | None, command: str
) -> None:
    event = said(
        "postfix/cleanup",
        f"8C2A1F0D3: {verb}: header Subject: Win! from x[192.0.2.9]; {TAIL}: 5.7.1 Not here",
    )
    assert event.pop("outcome", None) is outcome
    assert event.pop("command", "") == command
    assert event.pop("status") == "5.7.1"
    assert event == ENVELOPE | {
        "kind": kind,
        "queue_id": "8C2A1F0D3",
        "subject": "Win!",
        "reply": "5.7.1 Not here",
    }


def test_body_check_without_a_text_gives_what_it_matched() -> None:
    event = said(
        "postfix/cleanup", f"8C2A1F0D3: reject: body buy now from x.example[192.0.2.9]; {TAIL}"
    )
    assert (event["kind"], event["reply"]) == (EventKind.REJECTED, "body buy now")


def test_mime_error_rejects_the_message() -> None:
    event = said(
        "postfix/cleanup",
        "8C2A1F0D3: reject: mime-error improper use of 8-bit data in message header: "
        "Subject: \udce9 from x.example[192.0.2.9]; from=<bob@shop.example> to=<anna@corp.example>",
    )
    assert (event["kind"], event["recipient"]) == (EventKind.REJECTED, "anna@corp.example")


def test_before_queue_filter_passes_a_message_on() -> None:
    event = said(
        "postfix/smtpd",
        f"NOQUEUE: proxy-accept: END-OF-MESSAGE: 250 2.0.0 Ok: queued as A0320E00C3; {TAIL}",
    )
    assert event.pop("queue_id").startswith("NOQUEUE/")
    assert event == ENVELOPE | {
        "kind": EventKind.ATTEMPT,
        "outcome": Outcome.RELAYED,
        "status": "2.0.0",
        "reply": "250 2.0.0 Ok: queued as A0320E00C3",
        "command": "END-OF-MESSAGE",
        "next_queue_ids": ("A0320E00C3",),
    }


def test_before_queue_filter_refuses_a_message() -> None:
    event = said("postfix/smtpd", f"NOQUEUE: proxy-reject: END-OF-MESSAGE: 550 5.7.1 spam; {TAIL}")
    assert (event["kind"], event["reply"]) == (EventKind.REJECTED, "550 5.7.1 spam")
