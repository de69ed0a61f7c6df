"""What is told when we were the ones who refused: at the door, by our filter or our store."""

from __future__ import annotations

import pytest

from tracer.explain import Explanation, Told, at_our_door, explanation, label, title
from tracer.model import Outcome

BLOCKED = (
    "554 5.7.1 Service unavailable; Client host [203.0.113.9] blocked using zen.spamhaus.org; "
    "https://www.spamhaus.org/query/ip/203.0.113.9"
)
LOOPBACK = "127.0.0.1[127.0.0.1]:10024"
STORE = "mx1.corp.example[private/dovecot-lmtp]"


def refused(reply: str, lang: str = "en", **known: object) -> Explanation:
    """A stranger's message to Anna that our server refused."""
    facts = {
        "outcome": Outcome.REJECTED,
        "program": "smtpd",
        "sender": "zoe@partner.example",
        "recipient": "anna@corp.example",
        "client": "203.0.113.9",
        "host": "mx1",
    }
    return explanation(Told(reply=reply, **(facts | known)), lang)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("reply", "cause", "side", "english", "russian"),
    [
        (BLOCKED, "ip_blocklisted", "their_admin",
         "203.0.113.9: that address is on a block list (zen.spamhaus.org)",
         "сервер 203.0.113.9 в чёрном списке (zen.spamhaus.org)"),
        ("450 4.2.0 <anna@corp.example>: Recipient address rejected: Greylisted, try in 300 "
         "seconds", "greylisted", "nobody", "Our server asked 203.0.113.9",
         "Наш сервер попросил сервер 203.0.113.9"),
        ("450 4.3.2 Service currently unavailable", "greylisted", "nobody", "Our server asked",
         "Наш сервер попросил"),
        ("550 5.1.1 <anna@corp.example>: Recipient address rejected: User unknown in local "
         "recipient table", "recipient_unknown", "sender", "we have no such mailbox",
         "такого ящика у нас нет"),
        ("554 5.7.1 <anna@other.example>: Relay access denied", "relay_denied", "sender",
         "not among the domains it takes mail for", "не из тех, для которых он принимает"),
        ("504 5.5.2 <WIN-1>: Helo command rejected: need fully-qualified hostname", "reverse_dns",
         "their_admin", "refused mail from 203.0.113.9: its reverse DNS",
         "сервер 203.0.113.9 не прошёл проверку"),
        ("450 4.7.25 Client host rejected: cannot find your hostname, [203.0.113.9]",
         "reverse_dns", "their_admin", "put off mail from 203.0.113.9", "пока не принял"),
        ("450 4.1.8 <zoe@partner.example>: Sender address rejected: Domain not found",
         "sender_rejected", "their_admin", "put off a message from zoe@partner.example",
         "нельзя отправить ответ"),
        ("550 5.7.23 <anna@corp.example>: Recipient address rejected: Message rejected due to: "
         "SPF fail - not authorized", "sender_auth_failed", "their_admin",
         "SPF did not pass for partner.example", "SPF, домен partner.example"),
        ("5.7.1 rejected by DMARC policy for partner.example", "sender_auth_failed",
         "their_admin", "DMARC did not pass for partner.example", "DMARC, домен partner.example"),
        ("450 4.7.1 Error: too much mail from 203.0.113.9", "rate_limited", "their_admin",
         "put off mail from 203.0.113.9: it sends too much", "присылает слишком много"),
        ("552 5.3.4 Message size exceeds fixed limit", "message_too_large", "sender",
         "larger than our limit", "больше нашего предела"),
        ("5.7.1 Spam message rejected", "spam_content", "their_admin", "Our filter took",
         "Наш фильтр принял за спам"),
        ("554 5.7.1 virus Eicar-Test-Signature detected by ClamAV", "malware", "their_admin",
         "Our server stopped", "Наш сервер остановил"),
        ("550 5.7.1 Banned attachment: invoice.exe", "attachment_blocked", "sender",
         "Our server stopped", "у нас не принимаются"),
        ("553 5.7.1 <zoe@partner.example>: Sender address rejected: not logged in",
         "login_required", "sender", "the sender was not logged in", "не вошёл с паролем"),
        ("530 5.7.0 Must issue a STARTTLS command first", "tls_failure", "their_admin",
         "not encrypted as we require", "обязательное у нас шифрование"),
        ("554 5.7.1 <x[203.0.113.9]>: Client host rejected: Access denied", "local_policy", "us",
         "by one of its own rules", "так велит его собственное правило"),
        ("550 5.7.1 <zoe@partner.example>: Sender address rejected: Access denied",
         "local_policy", "us", "by one of its own rules", "так велит его собственное правило"),
        ("450 4.1.1 <anna@corp.example>: Recipient address rejected: unverified address: connect "
         "to mx.corp.example[192.0.2.9]:25: Connection refused", "host_unreachable", "us",
         "a server that it had to ask first does not answer", "сервер, который нужно было"),
        ("450 4.1.2 <anna@corp.exmple>: Recipient address rejected: Domain not found",
         "domain_not_found", "sender", "could not be found in DNS", "не найден в DNS"),
        ("503 5.5.0 <DATA>: Data command rejected: Improper use of SMTP command pipelining",
         "protocol_error", "their_admin", "refused what 203.0.113.9 sent", "не в свой черёд"),
        ("451 4.3.0 <anna@corp.example>: Temporary lookup failure", "local_config_error", "us",
         "because of a fault here", "из-за неисправности"),
        ("5.7.1 Blocked: the link in this message is unsafe", "domain_blocklisted",
         "their_admin", "a domain or link in it", "домен или ссылка из него"),
        ("554 5.7.1 Your server has a poor reputation", "low_reputation", "their_admin",
         "that server or its domain", "слишком плохая репутация"),
        ("452 4.2.2 <anna@corp.example>: Recipient address rejected: Mailbox is full",
         "mailbox_full", "us", "put off a message to anna@corp.example", "пока не принял письмо"),
        ("554 5.4.6 Too many hops", "mail_loop", "us", "in circles", "по кругу"),
    ],
)  # fmt: skip
def test_refusal_at_our_door_is_about_them(
    reply: str, cause: str, side: str, english: str, russian: str
) -> None:
    card, ru = refused(reply), refused(reply, "ru")
    assert (card.cause, card.side, card.at_our_door) == (cause, side, True)
    assert english in card.headline
    assert russian in ru.headline
    assert card.title == title(Outcome.REJECTED, cause, "en", reply)
    assert ru.title == title(Outcome.REJECTED, cause, "ru", reply)


def test_names_of_one_cause_told_by_others_by_us_and_for_both() -> None:
    assert title(Outcome.BOUNCED, "ip_blocklisted", "en") == "Our IP is on a block list"
    assert title(Outcome.REJECTED, "ip_blocklisted", "en") == "Their IP is on a block list"
    assert title(Outcome.DISCARDED, "local_policy", "en") == "Dropped by our own rule"
    assert title(Outcome.REJECTED, "local_policy", "en") == "Refused by our own rule"
    assert label("ip_blocklisted", "en") == "Sending IP is on a block list"
    assert label("ip_blocklisted", "ru") == "IP-адрес отправителя в чёрном списке"
    assert label("mailbox_full", "en") == title(Outcome.BOUNCED, "mailbox_full", "en")
    unknown = "no_such_cause"
    assert (title(Outcome.BOUNCED, unknown, "en"), label(unknown, "en")) == (unknown, unknown)


def test_particulars_for_their_administrator_name_their_server_and_not_ours_by_their_address() -> (
    None
):
    lines = refused(BLOCKED).tell_their_admin.splitlines()
    assert "Server       mx1" in lines
    assert "Your server  203.0.113.9" in lines


@pytest.mark.parametrize(
    ("outcome", "reply", "relay", "cause", "ours"),
    [
        (Outcome.BOUNCED, "host 127.0.0.1[127.0.0.1] said: 554 5.7.0 Reject, id=31407-12 - spam",
         LOOPBACK, "spam_content", True),
        (Outcome.BOUNCED, "host 127.0.0.1[127.0.0.1] said: 550 5.1.1 User unknown", LOOPBACK,
         "recipient_unknown", True),
        (Outcome.BOUNCED, "host 127.0.0.1[127.0.0.1] said: 554 5.7.1 Rejected by policy",
         LOOPBACK, "policy_rejected", True),
        (Outcome.DEFERRED, "connect to 127.0.0.1[127.0.0.1]:10024: Connection refused", "",
         "local_config_error", False),
        (Outcome.BOUNCED, 'unknown user: "anna"', "local", "recipient_unknown", True),
        (Outcome.DEFERRED, "host mx1.corp.example[private/dovecot-lmtp] said: 452 4.2.2 "
         "<anna@corp.example> Quota exceeded", STORE, "mailbox_full", True),
        (Outcome.BOUNCED, "host mx.a.example[192.0.2.1] said: 550 5.1.1 User unknown",
         "mx.a.example[192.0.2.1]:25", "recipient_unknown", False),
        (Outcome.BOUNCED, "mail for corp.example loops back to myself", "", "mail_loop", False),
        (Outcome.DISCARDED, "250 2.7.0 Ok, discarded, id=07211-04 - INFECTED: Eicar", LOOPBACK,
         "malware", True),
    ],
)  # fmt: skip
def test_our_filter_and_our_store_speak_for_us(
    outcome: Outcome, reply: str, relay: str, cause: str, ours: bool
) -> None:
    card = refused(reply, outcome=outcome, relay=relay, program="smtp" if relay else "")
    assert (card.cause, card.at_our_door) == (cause, ours)
    assert at_our_door(outcome, cause, reply, relay) is ours
    assert ("our " in card.headline.lower()) is (ours or cause == "local_config_error")


def test_full_mailbox_of_ours_waits_and_goes_on_by_itself() -> None:
    reply = f"host {STORE} said: 452 4.2.2 <anna@corp.example> Quota exceeded"
    card = refused(reply, outcome=Outcome.DEFERRED, relay=STORE, program="lmtp")
    assert card.headline == (
        "Our server put off a message to anna@corp.example: the mailbox is full; "
        "the message waits in our queue."
    )
    assert "tried again by itself" in card.tell_user
    assert not any("ask the sender to write again" in verb + rest for verb, rest in card.steps)
