"""Suspects: the two likeliest causes of a reply that no rule could name, and what points to them.

What the reply speaks of goes before where in the conversation it came; neither is proof,
so they are offered beside `unknown` and never instead of it. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from tracer.causes.decide import may_be
from tracer.causes.families import spoken
from tracer.causes.heard import CONNECT, END_OF_MESSAGE
from tracer.causes.reply import US, Heard

OFFERED = 2
# What a reply speaks of, the most telling first.
_BY_FAMILY = (
    ("login", "login_required"), ("relay", "relay_denied"), ("quota", "mailbox_full"),
    ("spam", "spam_content"), ("ip", "ip_blocklisted"), ("sender", "sender_rejected"),
    ("dns", "dns_failure"), ("hello", "reverse_dns"), ("rate", "rate_limited"),
    ("disabled", "recipient_disabled"), ("member", "recipient_restricted"),
    ("mailbox", "recipient_unknown"), ("recipient", "recipient_unknown"),
    ("user", "recipient_unknown"), ("account", "recipient_disabled"),
    ("attachment", "attachment_blocked"), ("header", "message_malformed"),
    ("size", "message_too_large"), ("content", "spam_content"), ("policy", "policy_rejected"),
    ("system", "remote_system_error"), ("connection", "connection_lost"),
)  # fmt: skip
# By the class of the reply and the command it answers (RFC 5321 4.3.2); "" is any command.
_BY_STAGE = {
    ("4", CONNECT): ("rate_limited", "remote_system_error"),
    ("4", "MAIL"): ("rate_limited", "greylisted"),
    ("4", "RCPT"): ("greylisted", "remote_system_error"),
    ("4", ""): ("remote_system_error", "greylisted"),
    ("5", CONNECT): ("ip_blocklisted", "low_reputation"),
    ("5", "EHLO"): ("reverse_dns", "ip_blocklisted"),
    ("5", "STARTTLS"): ("tls_failure", "protocol_error"),
    ("5", "AUTH"): ("login_required", "protocol_error"),
    ("5", "MAIL"): ("sender_rejected", "ip_blocklisted"),
    ("5", "RCPT"): ("recipient_unknown", "recipient_restricted"),
    ("5", "DATA"): ("spam_content", "policy_rejected"),
    ("5", END_OF_MESSAGE): ("spam_content", "policy_rejected"),
    ("5", ""): ("recipient_unknown", "policy_rejected"),
    ("", ""): ("local_config_error", "host_unreachable"),
}


class Suspect(msgspec.Struct, frozen=True):
    """A cause that may be it: `words` of the reply point to it, or else the `command` does."""

    cause: str
    words: str = ""
    command: str = ""


def suspects(heard: Heard) -> tuple[Suspect, ...]:
    """The two likeliest causes, the likelier first."""
    found: dict[str, Suspect] = {}
    for suspect in (*_spoken_of(heard), *_at_stage(heard)):
        if may_be(suspect.cause, heard):
            found.setdefault(suspect.cause, suspect)
    return tuple(found.values())[:OFFERED]


def _spoken_of(heard: Heard) -> Iterator[Suspect]:
    said = {name: word for sentence in spoken(heard.text) for name, word in sentence.items()}
    for family, cause in _BY_FAMILY:
        if family in said:
            yield Suspect(cause, words=said[family])


def _at_stage(heard: Heard) -> Iterator[Suspect]:
    kind = (heard.code or heard.status)[:1]
    if kind not in ("4", "5") and heard.speaker != US:
        kind = "5"
    at = (kind, heard.command)
    for cause in _BY_STAGE.get(at) or _BY_STAGE.get((kind, ""), _BY_STAGE["", ""]):
        yield Suspect(cause, command=heard.command if at in _BY_STAGE else "")
