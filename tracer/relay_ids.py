"""The id that a provider's relay gives a message in its 250 reply.

Postfix-shaped queue ids are read by the log formats; these are longer and of other alphabets.
Forms seen: Amazon SES `250 Ok 0100016e4ab7c399-…-000000` (in mail logs of many sites),
`250 Ok: queued as 5wukd4NoS6GaNrC3ggB83A` (SendGrid), `250 Message queued as 61eec2dc…`
(developers.mailersend.com/smtp-relay.html, read 2026-11-22), `250 56761188-7520-…` (Resend, in
logs of its users), `250 OK ids=d7ef132b…` (docs.kumomta.com, "Sending a test message", read
2026-11-22), `250 2.0.0 Message queued with id 3f481c415800015.` (Stalwart: hex digits of the
number that its webhooks tell). Amazon SES, Postmark and MailerSend also make the Message-ID that
the mail goes on with from it: `<ID@eu-west-1.amazonses.com>`, `<ID@mtasv.net>`,
`<ID@mailersend.net>`.
"""

from __future__ import annotations

import re

_MARK = "queued as "
_QUEUED_AS = re.compile(r"queued as <?([A-Za-z0-9_-]{20,64})\b")
_WIRE_DOMAINS = ("amazonses.com>", "mtasv.net>", "mailersend.net>")
_OF_WIRE = tuple(domain.rstrip(">") for domain in _WIRE_DOMAINS)
_WIRE = re.compile(
    r"<([A-Za-z0-9_-]{16,70})@(?:(?:[a-z0-9-]+\.)?amazonses\.com|mtasv\.net|mailersend\.net)>"
)
_WITH_ID = "queued with id "
_STALWART = re.compile(r"queued with id ([0-9a-f]{1,16})\b")
_KUMOMTA = re.compile(r"\bids=([0-9a-f]{32})\b")
_ALONE = re.compile(r"250 (?:2\.0\.0 )?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\Z")
_LONGEST_ALONE = 46  # characters of a reply that is an id and nothing else
_SES = re.compile(r"\b([0-9a-f]{14,}(?:-[0-9a-f]{4,}){5}-[0-9]{6})\b")


def relay_ids(reply: str) -> tuple[str, ...]:
    """The provider's id of the message in the reply of its relay; () if it tells none."""
    if reply.find("@") >= 0 and any(domain in reply for domain in _WIRE_DOMAINS):
        found = _WIRE.search(reply)
        return (found[1],) if found else ()
    if _MARK in reply:
        found = _QUEUED_AS.search(reply)
        return (found[1],) if found else ()
    if reply.find("-0000") >= 0:
        found = _SES.search(reply)
        return (found[1],) if found else ()
    return _of_few(reply)


def _of_few(reply: str) -> tuple[str, ...]:
    """Of the forms that few relays have; most replies have none."""
    if _WITH_ID in reply:
        found = _STALWART.search(reply)
        return (str(int(found[1], 16)),) if found else ()
    if len(reply) <= _LONGEST_ALONE:
        found = _ALONE.match(reply) or _KUMOMTA.search(reply)
        return (found[1],) if found else ()
    return ()


def of_wire_id(message_id: str) -> str:
    """The provider's id in a Message-ID that a provider made of it; "" for any other."""
    if not message_id.endswith(_OF_WIRE):
        return ""
    found = _WIRE.fullmatch(f"<{message_id}>")
    return found[1] if found else ""
