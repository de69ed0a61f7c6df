"""Naming causes: who spoke, what was inside, words before codes, and never out of nothing."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tracer.causes import catalog
from tracer.explain import Told, classify, explanation
from tracer.model import Outcome

NO_CAUSE = (
    Outcome.DELIVERED,
    Outcome.RELAYED,
    Outcome.EXPANDED,
    Outcome.PENDING,
    Outcome.REMOVED,
)


@pytest.mark.parametrize("outcome", NO_CAUSE)
def test_success_and_waiting_need_no_cause(outcome: Outcome) -> None:
    assert classify(outcome, "250 2.0.0 Ok: queued as 4cXm9F3kQz") == ""


@pytest.mark.parametrize(
    ("outcome", "cause"),
    [
        (Outcome.DEFERRED, "unknown"),
        (Outcome.BOUNCED, "unknown"),
        (Outcome.EXPIRED, "retry_timeout"),
        (Outcome.REJECTED, "local_policy"),
        (Outcome.DISCARDED, "local_policy"),
        (Outcome.QUARANTINED, "local_policy"),
        (Outcome.SUPPRESSED, "local_policy"),
        (Outcome.JUNKED, "spam_content"),
        (Outcome.UNKNOWN, ""),
    ],
)
def test_outcome_without_a_reply_falls_back(outcome: Outcome, cause: str) -> None:
    assert classify(outcome, "") == cause


@pytest.mark.parametrize(
    ("reply", "program", "cause"),
    [
        ("Temporary lookup failure", "postfix/smtp", "local_config_error"),
        (
            "host mx.a.example[192.0.2.1] said: 451 4.3.0 Temporary lookup failure",
            "postfix/smtp",
            "remote_system_error",
        ),
        (
            "host mail[/run/dovecot/lmtp] said: 451 4.3.0 <a@b.example> Temporary internal error",
            "postfix/lmtp",
            "local_config_error",
        ),
        (
            "connect to 127.0.0.1[127.0.0.1]:10024: Connection refused",
            "postfix/smtp",
            "local_config_error",
        ),
        (
            "connect to mx.a.example[192.0.2.1]:25: Connection refused",
            "postfix/smtp",
            "host_unreachable",
        ),
        ("Insufficient system storage", "postfix/local", "local_config_error"),
        (
            "host mx.a.example[192.0.2.1] said: 451 4.3.0 Internal error on [127.0.0.1]",
            "postfix/smtp",
            "remote_system_error",
        ),
        (
            "host mx.a.example[192.0.2.1] said: 452 4.3.1 Insufficient system storage",
            "postfix/smtp",
            "remote_system_error",
        ),
    ],
)
def test_same_words_change_sides_with_the_speaker(reply: str, program: str, cause: str) -> None:
    assert classify(Outcome.DEFERRED, reply, "", "", program) == cause


@pytest.mark.parametrize(
    ("reply", "cause"),
    [
        (
            "delivery temporarily suspended: connect to a.example[192.0.2.1]:25: No route to host",
            "host_unreachable",
        ),
        (
            "host gw.a.example[192.0.2.1] said: 450 4.1.1 <x@a.example>: Recipient address "
            "rejected: undeliverable address: host b.example[192.0.2.2] said: 552 5.2.2 Over quota "
            "(in reply to RCPT TO command) (in reply to RCPT TO command)",
            "mailbox_full",
        ),
        (
            "554 5.4.7 [internal] exceeded max time, last transfail: 451 4.7.1 Greylisted",
            "greylisted",
        ),
        (
            "550 5.0.350 Remote server returned an error -> 554 5.7.1 Relay access denied",
            "relay_denied",
        ),
        (
            "SMTP error from remote mail server after RCPT TO:<x@a.example>: "
            "550 5.1.1 no such user here",
            "recipient_unknown",
        ),
        (
            "550 5.1.7 <app@b.example>: Sender address rejected: undeliverable address: "
            "host mx.b.example[192.0.2.9] said: 550 5.1.1 User unknown",
            "sender_rejected",
        ),
    ],
)
def test_innermost_answer_decides(reply: str, cause: str) -> None:
    assert classify(Outcome.BOUNCED, reply) == cause


@pytest.mark.parametrize(
    ("rest", "cause"),
    [
        ("Greylisted, see http://postgrey.example", "greylisted"),
        ("User unknown in local recipient table", "recipient_unknown"),
        ("Mailbox full", "mailbox_full"),
        ("Message rejected due to: SPF fail - not authorized", "sender_auth_failed"),
        ("Too many recipients", "rate_limited"),
    ],
)
def test_recipient_address_rejected_is_only_a_prefix(rest: str, cause: str) -> None:
    reply = (
        f"host mx.a.example[192.0.2.1] said: 550 <x@a.example>: Recipient address rejected: {rest}"
    )
    assert classify(Outcome.BOUNCED, reply, "", "", "postfix/smtp") == cause


def test_expired_takes_the_cause_of_the_last_answer() -> None:
    assert classify(Outcome.EXPIRED, "452 4.2.2 Mailbox full") == "mailbox_full"


def test_vague_refusal_at_our_own_door_is_our_own_rule() -> None:
    reply = "554 5.7.1 <x[203.0.113.9]>: Client host rejected: Access denied"
    assert classify(Outcome.REJECTED, reply, "", "RCPT", "postfix/smtpd") == "local_policy"


def test_text_beats_code() -> None:
    assert classify(Outcome.BOUNCED, "550 5.1.1 <x@a.example>... Mailbox is full") == "mailbox_full"


def test_code_alone_is_used_when_text_is_silent() -> None:
    assert classify(Outcome.BOUNCED, "550 5.1.1 abc") == "recipient_unknown"
    assert classify(Outcome.BOUNCED, "abc", "5.3.4") == "message_too_large"


@pytest.mark.parametrize("number", [1, 77, 4096])
def test_addresses_ids_and_hosts_do_not_change_the_cause(number: int) -> None:
    reply = (
        f"host mx{number}.a{number}.example[192.0.2.{number % 250}] said: 550-5.1.1 "
        f"<u{number}@a{number}.example> user 550 5.1.1 unknown {number:x}a0b1c2d3e4f-{number}"
    )
    assert classify(Outcome.BOUNCED, reply, "5.1.1", "RCPT", "postfix/smtp") == "recipient_unknown"


def test_access_map_at_our_own_door_is_no_missing_mailbox() -> None:
    reply = "554 5.7.1 <x@a.example>: Recipient address rejected: Access denied"
    assert classify(Outcome.REJECTED, reply, "", "RCPT", "postfix/smtpd") == "local_policy"
    assert classify(Outcome.BOUNCED, f"host mx.a.example[192.0.2.1] said: {reply}") == (
        "recipient_unknown"
    )


@given(st.text(), st.sampled_from(list(Outcome)), st.text(max_size=9), st.text(max_size=9))
@settings(max_examples=200, deadline=None)
def test_nothing_in_a_reply_makes_it_fail(
    reply: str, outcome: Outcome, status: str, command: str
) -> None:
    cause = classify(outcome, reply, status, command)
    card = explanation(Told(outcome, reply, status, command), "ru")
    assert card.cause == cause
    assert cause == "" or cause in catalog()


def test_cause_does_not_depend_on_what_was_asked_before() -> None:
    replies = [
        f"host {host}[192.0.2.1] said: 550 5.7.1 <u@a.example>: {words}"
        for host in ("relay.a.example", "dnsbl.example", "mx.spam.example")
        for words in ("User unknown", "Relay access denied", "rejected")
    ]
    forwards = [classify(Outcome.BOUNCED, reply) for reply in replies]
    backwards = [classify(Outcome.BOUNCED, reply) for reply in reversed(replies)]
    assert forwards == backwards[::-1]
    assert forwards[:3] == forwards[3:6] == forwards[6:]
