"""Lines that name Postfix but not the daemon: what they say tells who said it."""

from __future__ import annotations

import pytest

from collectors.formats import parse_line
from collectors.formats.postfix_nameless import is_nameless
from tracer.fold import instance_of
from tracer.model import EventKind, LogLine, Outcome

A = "8C2A1F0D1: "
SENT = "to=<anna@corp.example>, relay={}, delay=1, delays=1/0/0/0, dsn=2.0.0, status=sent (ok)"
NAMES = ["postfix", "postfix@-.service", "postfix.service", "postfix-out"]


def line(text: str, program: str = "postfix") -> LogLine:
    return LogLine(1_795_350_735_000_000, "mx1", program, "900", text, "", "s")


@pytest.mark.parametrize("program", NAMES)
@pytest.mark.parametrize(
    ("daemon", "text"),
    [
        ("smtpd", f"{A}client=mail.shop.example[203.0.113.16], sasl_username=anna"),
        ("smtpd", f"{A}reject: RCPT from x[192.0.2.1]: 550 5.1.1 no; from=<a@b.example> "
                  "to=<c@d.example> proto=ESMTP helo=<x>"),
        ("smtpd", "NOQUEUE: reject: RCPT from x[192.0.2.1]: 554 5.7.1 no; from=<a@b.example> "
                  "to=<c@d.example> proto=ESMTP helo=<x>"),
        ("cleanup", f"{A}message-id=<a@b.example>"),
        ("cleanup", f"{A}info: header Subject: hello from x[192.0.2.1]; from=<a@b.example> "
                    "to=<c@d.example> proto=ESMTP helo=<x>"),
        ("cleanup", f"{A}milter-reject: END-OF-MESSAGE from x[192.0.2.1]: 5.7.1 no; "
                    "from=<a@b.example> to=<c@d.example> proto=ESMTP helo=<x>"),
        ("qmgr", f"{A}from=<bob@shop.example>, size=900, nrcpt=1 (queue active)"),
        ("qmgr", f"{A}from=<bob@shop.example>, status=expired, returned to sender"),
        ("qmgr", f"{A}removed"),
        ("pickup", f"{A}uid=33 from=<www-data>"),
        ("bounce", f"{A}sender non-delivery notification: 9D3B2A1E4"),
        ("postsuper", f"{A}placed on hold"),
        ("postsuper", f"{A}released from hold"),
        ("smtp", f"{A}host mx.shop.example[192.0.2.25] said: 450 4.2.0 later (in reply to RCPT TO"
                 " command)"),
        ("smtp", A + SENT.format("mx.shop.example[192.0.2.25]:25")),
        ("lmtp", A + SENT.format("mx1[private/dovecot-lmtp]")),
        ("lmtp", A + SENT.format("127.0.0.1[127.0.0.1]:24")),
        ("local", A + SENT.format("local")),
        ("pipe", A + SENT.format("dovecot")),
        ("virtual", A + SENT.format("virtual")),
        ("discard", A + SENT.format("none")),
        ("error", A + SENT.format("none").replace("=sent", "=bounced").replace("2.0.0", "5.0.0")),
        ("smtp", f'{A}to=<"x>, relay=local, status=sent (y"@corp.example>, '
                 "relay=mx.shop.example[192.0.2.25]:25, delay=1, delays=1/0/0/0, dsn=5.0.0, "
                 "status=bounced (no)"),
    ],
)  # fmt: skip
def test_it_is_read_as_if_the_daemon_were_named(program: str, daemon: str, text: str) -> None:
    bare, named = parse_line(line(text, program)), parse_line(line(text, f"postfix/{daemon}"))
    shown = [{**_facts(event), "program": "", "queue_id": ""} for event in named]
    assert [{**_facts(event), "program": "", "queue_id": ""} for event in bare] == shown
    assert bare


def _facts(event: object) -> dict[str, object]:
    return {name: getattr(event, name) for name in event.__struct_fields__}  # type: ignore[attr-defined]


def test_what_nobody_says_is_evidence() -> None:
    (event,) = parse_line(line(f"{A}something new"))
    assert (event.kind, event.outcome) == (EventKind.UNKNOWN, None)


def test_delivery_by_lmtp_over_another_port_is_taken_for_smtp() -> None:
    (event,) = parse_line(line(A + SENT.format("mx1[192.0.2.1]:2003")))
    assert event.outcome is Outcome.RELAYED


@pytest.mark.parametrize(
    ("program", "expected"),
    [("postfix/smtpd", False), ("postfix-out/smtpd", False), ("postfixadmin", False),
     ("postfix@-.service", True), ("postfix@x", False), ("postfix-out", True)],
)  # fmt: skip
def test_only_names_without_a_daemon_are_nameless(program: str, expected: bool) -> None:
    assert is_nameless(program) is expected


def test_the_instance_is_known_without_the_daemon() -> None:
    assert [instance_of(name) for name in ("postfix", "postfix-out", "postfix@-.service")] == [
        "", "postfix-out", "",
    ]  # fmt: skip
