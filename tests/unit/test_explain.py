"""Naming causes and writing cards: who spoke, what was inside, what people read."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tracer.causes import Side, catalog, hear
from tracer.explain import Explanation, Told, classify, explanation
from tracer.model import Outcome

NO_CAUSE = (
    Outcome.DELIVERED,
    Outcome.RELAYED,
    Outcome.EXPANDED,
    Outcome.PENDING,
    Outcome.REMOVED,
)


def told(outcome: Outcome, reply: str = "", **known: str | int) -> Told:
    """A delivery to Jonas with most things known."""
    facts: dict[str, str | int] = {
        "sender": "orders@corp.example",
        "recipient": "j.berg@northwind.example",
        "subject": "Order 20418",
        "message_id": "20418.5b1e@corp.example",
        "host": "mx1",
        "relay": "mx.northwind.example[192.0.2.53]:25",
        "program": "postfix/smtp",
        "last_us": 1_795_330_651_000_000,
    }
    return Told(outcome, reply, **(facts | known))  # type: ignore[arg-type]


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


def test_silence_is_honestly_unknown() -> None:
    card = explanation(told(Outcome.BOUNCED, "550 Computer says no"), "en")
    assert (card.cause, card.confidence, card.marks) == ("unknown", "none", ())
    assert card.steps and card.tell_user


@pytest.mark.parametrize("number", [1, 77, 4096])
def test_addresses_ids_and_hosts_do_not_change_the_cause(number: int) -> None:
    reply = (
        f"host mx{number}.a{number}.example[192.0.2.{number % 250}] said: 550-5.1.1 "
        f"<u{number}@a{number}.example> user 550 5.1.1 unknown {number:x}a0b1c2d3e4f-{number}"
    )
    assert classify(Outcome.BOUNCED, reply, "5.1.1", "RCPT", "postfix/smtp") == "recipient_unknown"


def test_hearing_reads_codes_and_stage() -> None:
    heard = hear(
        "host mx.a.example[192.0.2.1] said: 550-5.7.26 no 550 5.7.26 DMARC "
        "(in reply to end of DATA command)"
    )
    assert (heard.code, heard.status, heard.command) == ("550", "5.7.26", "END-OF-MESSAGE")
    assert (heard.text, heard.speaker) == ("no dmarc", "them")


def test_network_address_is_no_status() -> None:
    assert hear("connect to 5.1.1.7: refused").status == ""


BLOCKED = (
    "host mx.northwind.example[192.0.2.53] said: 550 5.7.1 Unfortunately, messages from "
    "[198.51.100.7] weren't sent. Please contact your Internet service provider since part of "
    "their network is on our block list (S3150). (in reply to MAIL FROM command)"
)


def test_card_names_names_and_quotes_the_deciding_words() -> None:
    card = explanation(told(Outcome.BOUNCED, BLOCKED), "en")
    assert card.cause == "ip_blocklisted"
    assert card.headline == (
        "mx.northwind.example refused this message: "
        "our server 198.51.100.7 is on a block list (S3150)."
    )
    assert (card.side, card.acts, card.urgency) == ("us", "We do, now", "now")
    assert (card.confidence, card.confidence_word, card.severity) == ("high", "High", "hard")
    assert [BLOCKED[start:end] for start, end in card.marks] == ["(S3150)"]
    assert card.why == "provider code (S3150)"
    assert card.facets == {"ip": "198.51.100.7", "list": "S3150"}


def test_card_in_russian_has_the_same_facts() -> None:
    english, russian = (explanation(told(Outcome.BOUNCED, BLOCKED), lang) for lang in ("en", "ru"))
    for name in (
        "cause",
        "side",
        "urgency",
        "severity",
        "confidence",
        "marks",
        "facets",
        "reference",
    ):
        assert getattr(english, name) == getattr(russian, name)
    assert "198.51.100.7" in russian.headline and "«Order 20418»" in russian.tell_user
    assert russian.acts == "Мы, сейчас"


def test_folded_reply_is_marked_across_the_fold() -> None:
    reply = "550-5.1.1 The email account that you tried to reach does not 550 5.1.1 exist. gsmtp"
    card = explanation(told(Outcome.BOUNCED, reply), "en")
    (start, end), *_ = card.marks
    assert reply[start:end].endswith("does not 550 5.1.1 exist")


def test_temporary_refusal_is_put_off_not_refused() -> None:
    reply = "host mx.northwind.example[192.0.2.53] said: 450 4.7.25 cannot find your hostname"
    card = explanation(told(Outcome.DEFERRED, reply), "en")
    assert card.severity == "soft"
    assert "put off this message" in card.headline


def test_text_for_their_admin_carries_what_their_log_is_searched_by() -> None:
    text = explanation(told(Outcome.BOUNCED, BLOCKED), "en").tell_their_admin
    for fact in (
        "mx1 [198.51.100.7]",
        "2026-11-22 06:57:31 UTC",
        "orders@corp.example",
        "<20418.5b1e@corp.example>",
        "S3150",
    ):
        assert fact in text


@pytest.mark.parametrize("lang", ["en", "ru"])
@pytest.mark.parametrize("outcome", list(Outcome))
def test_every_outcome_has_a_card(outcome: Outcome, lang: str) -> None:
    for delivery in (Told(outcome), told(outcome, "250 2.0.0 Ok: queued as 4cXm9F3kQz")):
        card = explanation(delivery, lang)
        assert complete(card)
        assert "{" not in card.headline + card.tell_user + card.tell_their_admin


@pytest.mark.parametrize("lang", ["en", "ru"])
@pytest.mark.parametrize("cause", sorted(catalog()))
def test_every_cause_has_a_card_even_without_names(cause: str, lang: str) -> None:
    for example in catalog()[cause].example:
        outcome = Outcome(example.outcome) if example.outcome else Outcome.BOUNCED
        card = explanation(
            Told(outcome, example.reply, example.status, program=example.program), lang
        )
        assert card.cause == cause
        assert complete(card)
        assert "  " not in card.headline + card.tell_user


def complete(card: Explanation) -> bool:
    """Whether nothing that people read is missing."""
    texts = (card.title, card.headline, card.acts, card.confidence_word, card.why, card.tell_user)
    steps = all(verb and rest for verb, rest in card.steps)
    return all(texts) and len(card.steps) >= 2 and steps and card.side in set(Side)


def test_handed_over_says_that_our_part_is_done() -> None:
    reply = "250 2.0.0 Ok: queued as 4cXm9F3kQz"
    card = explanation(told(Outcome.RELAYED, reply), "en")
    assert card.headline == (
        "Our part is done: mx.northwind.example accepted the message as 4cXm9F3kQz."
    )
    assert (card.cause, card.side, card.severity) == ("", "nobody", "none")
    assert [reply[start:end] for start, end in card.marks] == ["4cXm9F3kQz"]
    assert "Your id  4cXm9F3kQz" in card.tell_their_admin


def test_waiting_is_nobodys_work() -> None:
    reply = "host mx.a.example[192.0.2.1] said: 450 4.2.0 Greylisted for 5 minutes"
    card = explanation(told(Outcome.DEFERRED, reply), "en")
    assert card.acts == "Nobody: it is tried again by itself"
    assert card.facets == {"retry_after_s": "300"}
    assert "try again in 5 min (greylisting)" in card.headline


def test_refusal_at_our_door_speaks_to_the_one_who_waits_for_the_mail() -> None:
    reply = "550 5.1.1 <j.berg@northwind.example>: Recipient address rejected: User unknown"
    card = explanation(told(Outcome.REJECTED, reply, program="postfix/smtpd"), "en")
    assert card.cause == "recipient_unknown"
    assert card.headline.startswith("Our server refused a message to j.berg@northwind.example")


def test_verdict_of_our_own_filter_is_told_as_ours() -> None:
    reply = "host 127.0.0.1[127.0.0.1] said: 554 5.7.0 Reject, id=31407-12 - spam"
    card = explanation(told(Outcome.BOUNCED, reply, relay="127.0.0.1[127.0.0.1]:10024"), "en")
    assert card.cause == "spam_content"
    assert card.headline.startswith("Our filter")


@pytest.mark.parametrize(
    ("reply", "facets"),
    [
        (
            "message size 41943040 exceeds size limit 26214400 of server mx.a.example[192.0.2.1]",
            {"size_octets": "41943040", "limit_octets": "26214400"},
        ),
        ("554 5.7.1 Client host [203.0.113.99] blocked using bl.spamcop.net", None),
        ("550 5.7.509 Access denied, does not pass DMARC verification", {"method": "dmarc"}),
        ("452 4.5.3 Too many recipients", {"variant": "recipients"}),
        (
            "551 5.1.6 User has moved; please try <lena.fischer@adatum.example>",
            {"new_address": "lena.fischer@adatum.example"},
        ),
    ],
)
def test_particulars_are_read_out_of_the_reply(reply: str, facets: dict[str, str] | None) -> None:
    wanted = facets or {"ip": "203.0.113.99", "list": "bl.spamcop.net"}
    assert explanation(told(Outcome.BOUNCED, reply), "en").facets == wanted


def test_size_limit_is_told_as_people_say_it() -> None:
    reply = "message size 41943040 exceeds size limit 26214400 of server mx.a.example[192.0.2.1]"
    assert "25 MB" in explanation(told(Outcome.BOUNCED, reply), "en").headline
    assert "25 МБ" in explanation(told(Outcome.BOUNCED, reply), "ru").headline


def test_language_that_we_do_not_have_is_answered_in_english() -> None:
    assert explanation(told(Outcome.PENDING), "de") == explanation(told(Outcome.PENDING), "en")


def test_access_map_at_our_own_door_is_no_missing_mailbox() -> None:
    reply = "554 5.7.1 <x@a.example>: Recipient address rejected: Access denied"
    assert classify(Outcome.REJECTED, reply, "", "RCPT", "postfix/smtpd") == "local_policy"
    assert classify(Outcome.BOUNCED, f"host mx.a.example[192.0.2.1] said: {reply}") == (
        "recipient_unknown"
    )


@pytest.mark.parametrize(
    "outcome", [Outcome.REJECTED, Outcome.DISCARDED, Outcome.QUARANTINED, Outcome.SUPPRESSED]
)
def test_own_rule_says_what_it_did(outcome: Outcome) -> None:
    card = explanation(told(outcome, "by rule 7"), "en")
    assert (card.cause, card.facets) == ("local_policy", {"variant": outcome.value})
    assert (card.confidence, card.why) == ("high", "the log says so itself")
    verbs = {"rejected": "refused", "discarded": "dropped", "suppressed": "not tried"}
    assert verbs.get(outcome, "kept back") in card.headline


def test_virus_in_quarantine_is_told_as_our_own_finding() -> None:
    card = explanation(told(Outcome.QUARANTINED, "infected: Eicar-Signature"), "en")
    assert card.cause == "malware"
    assert card.headline.startswith("Our server stopped a message from orders@corp.example")


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
