"""What Postfix says becomes events: delivery agents, queue programs, dispatch."""

from __future__ import annotations

import pytest

from collectors.formats import FORMATS, parser_for
from collectors.formats.postfix import claims, parse
from tests.unit.postfix_lines import AT_US, line, said
from tracer.model import EventKind, Outcome


def test_event_keeps_where_and_how_it_was_said() -> None:
    read = line("postfix/qmgr", "4jXT3j4GS0zR8: removed")
    (event,) = parse(read)
    assert (event.at_us, event.host, event.program, event.pid) == (
        AT_US,
        "mx1",
        "postfix/qmgr",
        "77",
    )
    assert event.text == read.text
    assert event.source == "f"


def test_smtp_delivery_is_relayed_with_every_field() -> None:
    assert said(
        "postfix/smtp",
        "4jXT3j4GS0zR8: to=<anna@corp.example>, relay=mx.corp.example[192.0.2.7]:25, conn_use=4, "
        "delay=0.89, delays=0.7/0.19/0/0, dsn=2.0.0, status=sent (250 2.0.0 Ok 17 (queued))",
    ) == {
        "kind": EventKind.ATTEMPT,
        "queue_id": "4jXT3j4GS0zR8",
        "recipient": "anna@corp.example",
        "relay": "mx.corp.example[192.0.2.7]:25",
        "outcome": Outcome.RELAYED,
        "status": "2.0.0",
        "reply": "250 2.0.0 Ok 17 (queued)",
        "delay_s": 0.89,
        "delays": "0.7/0.19/0/0",
    }


def test_alias_delivery_keeps_the_original_recipient() -> None:
    assert said(
        "postfix/local",
        "8C2A1F0D3: to=<root@mx2.example>, orig_to=<postmaster@corp.example>, relay=local, "
        "delay=0.1, delays=0.1/0/0/0, dsn=2.0.0, status=sent (forwarded as 56F5B43FD)",
    ) == {
        "kind": EventKind.ATTEMPT,
        "queue_id": "8C2A1F0D3",
        "recipient": "root@mx2.example",
        "original_recipient": "postmaster@corp.example",
        "relay": "local",
        "outcome": Outcome.EXPANDED,
        "status": "2.0.0",
        "reply": "forwarded as 56F5B43FD",
        "delay_s": 0.1,
        "delays": "0.1/0/0/0",
        "next_queue_ids": ("56F5B43FD",),
    }


def test_addresses_without_brackets_are_read() -> None:
    event = said(
        "postfix/local",
        "8C2A1F0D3: to=anna@host, orig_to=root@localhost, relay=local, delay=3, "
        "status=sent (mailbox)",
    )
    assert (event["recipient"], event["original_recipient"]) == ("anna@host", "root@localhost")
    assert (event["outcome"], event["delay_s"]) == (Outcome.DELIVERED, 3.0)


def test_quoted_local_part_may_hold_what_looks_like_fields() -> None:
    address = '"x>, relay=evil.example, dsn=2.0.0, status=sent (ok)\\""@corp.example'
    event = said(
        "postfix/smtp",
        f'4jXT3j4GS0zR8: to=<{address}>, orig_to=<"a b"@corp.example>, relay=none, delay=1, '
        "delays=1/0/0/0, dsn=5.4.4, status=bounced (unable to look up host corp.example)",
    )
    assert event["recipient"] == address
    assert event["original_recipient"] == '"a b"@corp.example'
    assert event["outcome"] is Outcome.BOUNCED
    assert "relay" not in event


def test_an_unknown_key_is_passed_over() -> None:
    event = said(
        "postfix/smtp",
        "4jXT3j4GS0zR8: to=<a@corp.example>, relay=mx.corp.example[192.0.2.7]:25, delay=0.5, "
        "delays=0/0/0/0.5, tls=verified, dsn=2.0.0, status=sent (250 ok)",
    )
    assert (event["relay"], event["status"], event["delay_s"]) == (
        "mx.corp.example[192.0.2.7]:25", "2.0.0", 0.5,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("program", "reply", "outcome", "next_ids"),
    [
        ("smtp", "250 2.0.0 Ok: queued as 4F1D2C0A9", Outcome.RELAYED, ("4F1D2C0A9",)),
        ("relay/smtp", "250 Ok: queued as 4jXT4N6cmkz6PC", Outcome.RELAYED, ("4jXT4N6cmkz6PC",)),
        (
            "lmtp",
            "250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as 97BD45A83",
            Outcome.RELAYED,
            ("97BD45A83",),
        ),
        ("smtp", "250 2.0.0 OK 1646800024 v2-20020a056 - gsmtp", Outcome.RELAYED, ()),
        ("smtp", "250 OK id=1vxNiW-0003Xy-1A", Outcome.RELAYED, ()),
        ("smtp", "250 Ok 0100018f2a-6c1e-000000", Outcome.RELAYED, ()),
        ("smtp", "250 2.6.0 <a@b> [InternalId=17] Queued mail for delivery", Outcome.RELAYED, ()),
        ("smtp", "250 2.7.0 Ok, discarded, id=15303-02 - spam", Outcome.DISCARDED, ()),
        ("smtp", "250 2.5.0 OK, moved to quarantine", Outcome.QUARANTINED, ()),
        ("lmtp", "250 2.0.0 <anna> eK1dOyo7kmcAAA Saved", Outcome.DELIVERED, ()),
        ("local", "delivered to mailbox", Outcome.DELIVERED, ()),
        ("local", "delivered to command: /usr/bin/procmail", Outcome.DELIVERED, ()),
        ("virtual", "delivered to maildir", Outcome.DELIVERED, ()),
        ("pipe", "delivered via dovecot service (queued as 4F1D2C0A9)", Outcome.DELIVERED, ()),
        ("discard", "silently", Outcome.DISCARDED, ()),
    ],
)  # fmt: skip
def test_what_sent_means_depends_on_who_sent(
    program: str, reply: str, outcome: Outcome, next_ids: tuple[str, ...]
) -> None:
    event = said(
        f"postfix/{program}",
        "4jXT3j4GS0zR8: to=<a@corp.example>, relay=x, delay=1, delays=1/0/0/0, dsn=2.0.0, "
        f"status=sent ({reply})",
    )
    assert (event["outcome"], event.get("next_queue_ids", ())) == (outcome, next_ids)
    assert event["reply"] == reply


@pytest.mark.parametrize(
    ("reply", "command"),
    [
        ("host mx[192.0.2.7] said: 550 5.1.1 no (in reply to RCPT TO command)", "RCPT"),
        ("host mx[192.0.2.7] said: 550 5.7.1 no (in reply to MAIL FROM command)", "MAIL"),
        (
            "host mx[192.0.2.7] said: 550 5.7.1 no (in reply to end of DATA command)",
            "END-OF-MESSAGE",
        ),
        ("host mx[192.0.2.7] said: 550 5.7.1 no (in reply to DATA command)", "DATA"),
        ("host mx[192.0.2.7] said: 501 no (in reply to HELO command)", "EHLO"),
        ("host mx[192.0.2.7] refused to talk to me: 421 4.7.0 busy", "CONNECT"),
        ("connect to mx[192.0.2.7]:25: Connection timed out", "CONNECT"),
        (
            "delivery temporarily suspended: connect to mx[192.0.2.7]:25: Connection refused",
            "CONNECT",
        ),
        ("lost connection with mx[192.0.2.7] while sending DATA command", "DATA"),
        (
            "lost connection with mx[192.0.2.7] while receiving the initial server greeting",
            "CONNECT",
        ),
        (
            "conversation with mx[192.0.2.7] timed out while sending end of data -- message may be "
            "sent more than once",
            "END-OF-MESSAGE",
        ),
        ("mail for corp.example loops back to myself", ""),
        ("host mx[192.0.2.7] said: 450 wait while sending RCPT TO", ""),
    ],
)
def test_failure_names_the_command_it_answers(reply: str, command: str) -> None:
    event = said(
        "postfix/smtp",
        "4jXT3j4GS0zR8: to=<a@corp.example>, relay=none, delay=1, delays=1/0/0/0, dsn=4.0.0, "
        f"status=deferred ({reply})",
    )
    assert (event["outcome"], event["reply"]) == (Outcome.DEFERRED, reply)
    assert event.get("command", "") == command


@pytest.mark.parametrize("word", ["deliverable", "undeliverable", "undeliverable-but-not-cached"])
def test_answer_about_an_address_that_was_only_asked_about_has_no_outcome(word: str) -> None:
    event = said(
        "postfix/smtp",
        "4jXT3j4GS0zR8: to=<a@corp.example>, relay=mx[192.0.2.7]:25, delay=1, delays=1/0/0/0, "
        f"dsn=5.1.1, status={word} (host mx[192.0.2.7] said: 550 5.1.1 no)",
    )
    assert (event["kind"], event["recipient"]) == (EventKind.ATTEMPT, "a@corp.example")
    assert "outcome" not in event


def test_word_that_is_none_of_postfix_is_kept_as_evidence() -> None:
    assert said(
        "postfix/pipe",
        "4jXT3j4GS0zR8: to=<a@corp.example>, relay=x, delay=1, delays=1/0/0/0, dsn=2.0.0, "
        "status=stored (ok)",
    ) == {"kind": EventKind.UNKNOWN, "queue_id": "4jXT3j4GS0zR8"}


@pytest.mark.parametrize(
    ("text", "relay"),
    [
        ("host mx.corp.example[192.0.2.7] said: 450 4.2.0 greylisted (in reply to RCPT TO command)",
         "mx.corp.example[192.0.2.7]"),
        ("lost connection with mx.corp.example[192.0.2.7] while sending RCPT TO",
         "mx.corp.example[192.0.2.7]"),
        ("conversation with mx.corp.example[192.0.2.7] timed out while sending message body",
         "mx.corp.example[192.0.2.7]"),
        ("enabling PIX workarounds: disable_esmtp delay_dotcrlf for mx.corp.example[192.0.2.7]:25",
         "mx.corp.example[192.0.2.7]:25"),
        ("Cannot start TLS: handshake failure", ""),
    ],
)  # fmt: skip
def test_smtp_line_without_status_is_evidence_of_an_attempt(text: str, relay: str) -> None:
    event = said("postfix/smtp", f"4jXT3j4GS0zR8: {text}")
    assert (event["kind"], event["reply"]) == (EventKind.ATTEMPT, text)
    assert "outcome" not in event and "recipient" not in event
    assert event.get("relay", "") == relay


@pytest.mark.parametrize(
    ("text", "message_id"),
    [
        ("message-id=<20261122@shop.example>", "20261122@shop.example"),
        ("message-id=<>", ""),
        ("message-id=", ""),
        ("message-id=<a b <c>@shop.example>", "a b <c>@shop.example"),
        ("message-id=no-brackets@shop.example", "no-brackets@shop.example"),
        ("message-id=<cut-by-syslog-4f1d", "cut-by-syslog-4f1d"),
        ("message-id==?utf-8?B?PDIw?= =?utf-8?B?MjY+?=", "=?utf-8?B?PDIw?= =?utf-8?B?MjY+?="),
        ("resent-message-id=<again@shop.example>", "again@shop.example"),
        ("message-id=<x>: discarded message: y@sender.invalid>",
         "x>: discarded message: y@sender.invalid"),
    ],
)  # fmt: skip
def test_message_id_is_the_rest_of_the_line(text: str, message_id: str) -> None:
    event = said("postfix/cleanup", f"4jXT3j4GS0zR8: {text}")
    assert (event["kind"], event.get("message_id", "")) == (EventKind.IDENTIFIED, message_id)


def test_tls_line_is_about_the_next_message_of_the_process() -> None:
    assert said(
        "postfix/smtp",
        "Untrusted TLS connection established to mx.corp.example[192.0.2.7]:25: TLSv1.3 with "
        "cipher TLS_AES_256_GCM_SHA384 (256/256 bits) key-exchange X25519",
    ) == {
        "kind": EventKind.UNKNOWN,
        "tls": "TLSv1.3",
        "relay": "mx.corp.example[192.0.2.7]:25",
    }
    incoming = said(
        "postfix/submission/smtpd",
        "Anonymous TLS connection established from unknown[198.51.100.4]: TLSv1.2 with cipher X",
    )
    assert incoming == {"kind": EventKind.UNKNOWN, "tls": "TLSv1.2", "client": "198.51.100.4"}


@pytest.mark.parametrize(
    ("program", "text"),
    [
        ("postfix/smtpd", "connect from unknown[198.51.100.4]"),
        ("postfix/smtpd", "disconnect from unknown[198.51.100.4] ehlo=1 quit=1 commands=2"),
        ("postfix/smtpd", "lost connection after DATA from unknown[198.51.100.4]"),
        ("postfix/smtpd", "warning: hostname x.example does not resolve to address 198.51.100.4"),
        ("postfix/anvil", "statistics: max connection rate 1/60s for (smtp:198.51.100.4) at Nov"),
        ("postfix/scache", "statistics: start interval Nov 22 12:00:00"),
        ("postfix/smtp", "connect to mx.corp.example[192.0.2.7]:25: Connection refused"),
        ("postfix/tlsproxy", "CONNECT from [198.51.100.4]:40000"),
        ("postfix/tlsproxy", "Anonymous TLS connection established from [192.0.2.9]:4: TLSv1.3"),
        ("postfix/postscreen", "PREGREET 11 after 0.1 from [192.0.2.9]:4: EHLO 4F1D2C0A9: removed"),
        ("postfix/postsuper", "Deleted: 115 messages"),
        ("postfix/qmgr", "DEBUG: removed"),
        ("postfix/local", "STATISTICS1: to=<a@b.example>, relay=x, status=sent (ok)"),
        ("postfix/cleanup", "DECADE: nothing that is known"),
        ("postfix/verify", "cache btree:verify full cleanup: retained=1 dropped=0 entries"),
        ("postfix/master", "daemon started -- version 3.7.11, configuration /etc/postfix"),
        ("postfix/smtpd", ""),
    ],
)  # fmt: skip
def test_line_about_no_message_tells_nothing(program: str, text: str) -> None:
    assert parse(line(program, text)) == []


def test_warning_about_a_message_is_evidence_of_it() -> None:
    assert said(
        "postfix/cleanup", "warning: E669DE52: write queue file: No space left on device"
    ) == {
        "kind": EventKind.UNKNOWN,
        "queue_id": "E669DE52",
    }


def test_message_too_big_was_refused_when_its_text_came() -> None:
    assert said("postfix/cleanup", "warning: 4jXT3m5WYzztw: queue file size limit exceeded") == {
        "kind": EventKind.REJECTED,
        "queue_id": "4jXT3m5WYzztw",
        "outcome": Outcome.REJECTED,
        "reply": "queue file size limit exceeded",
        "command": "END-OF-MESSAGE",
    }


def test_unknown_words_about_a_message_are_kept_as_evidence() -> None:
    assert said("postfix/smtp", "4jXT3j4GS0zR8: breaking line > 998 bytes with <CR><LF>SPACE") == {
        "kind": EventKind.UNKNOWN,
        "queue_id": "4jXT3j4GS0zR8",
    }


def test_repeated_line_is_one_fact_told_several_times() -> None:
    text = (
        "message repeated 2 times: [ C71221E1E6C: to=<a@corp.example>, relay=none, delay=1, "
        "delays=1/0/0/0, dsn=5.0.0, status=bounced (no [such] user)]"
    )
    (event,) = parse(line("postfix/smtp", text))
    assert (event.repeats, event.outcome, event.reply) == (2, Outcome.BOUNCED, "no [such] user")
    assert event.text == text


@pytest.mark.parametrize(
    "program",
    [
        "postfix/smtp",
        "postfix/submission/smtpd",
        "postfix/authclean/cleanup",
        "postfix-out/smtp",
        "postfix-170.55.103.23/smtpd",
        "mypostfix/relay/smtp",
    ],
)
def test_a_name_in_front_of_the_program_is_not_part_of_the_host(program: str) -> None:
    (event,) = parse(line(program, "8C2A1F0D3: host mx[192.0.2.7] said: 450 later"))
    assert event.host == "mx1"


@pytest.mark.parametrize(
    ("program", "claimed"),
    [
        ("postfix/smtpd", True),
        ("postfix/submission/smtpd", True),
        ("postfix", True),
        ("postfix/postfix-script", True),
        ("mypostfix/cleanup", True),
        ("postfix-out/tlsproxy", True),
        ("smtpd", False),
        ("dovecot", False),
        ("rspamd/worker", False),
        ("", False),
    ],
)
def test_programs_are_claimed_by_their_daemon(program: str, claimed: bool) -> None:
    assert claims(program) is claimed
    assert (parser_for(program) is parse) is claimed


def test_postfix_is_listed_under_its_name() -> None:
    assert [form.name for form in FORMATS if form.parse is parse] == ["postfix"]


def test_octets_that_are_no_text_are_kept() -> None:
    reply = "host mx[192.0.2.7] said: 550 \udcff\udcfe nein (in reply to RCPT TO command)"
    event = said(
        "postfix/smtp",
        f"4jXT3j4GS0zR8: to=<j\udce9@corp.example>, relay=mx[192.0.2.7]:25, delay=1, "
        f"delays=1/0/0/0, dsn=5.0.0, status=bounced ({reply})",
    )
    assert (event["recipient"], event["reply"]) == ("j\udce9@corp.example", reply)
