"""The id that a provider's relay gives a message in its 250 reply.

Postfix-shaped queue ids are read by the log formats; these are longer and of other alphabets.
Forms seen: Amazon SES `250 Ok 0100016e4ab7c399-…-000000` (in mail logs of many sites),
`250 Ok: queued as 5wukd4NoS6GaNrC3ggB83A` (SendGrid), `250 Message queued as 61eec2dc…`
(developers.mailersend.com/smtp-relay.html, read 2026-11-22). Amazon SES, Postmark and MailerSend
also make the Message-ID that the mail goes on with from it: `<ID@eu-west-1.amazonses.com>`,
`<ID@mtasv.net>`, `<ID@mailersend.net>`.
"""

from __future__ import annotations

import re

_MARK = "queued as "
_QUEUED_AS = re.compile(r"queued as <?([A-Za-z0-9_-]{20,64})\b")
_WIRE_DOMAINS = ("amazonses.com>", "mtasv.net>", "mailersend.net>")
_WIRE = re.compile(
    r"<([A-Za-z0-9_-]{16,70})@(?:(?:[a-z0-9-]+\.)?amazonses\.com|mtasv\.net|mailersend\.net)>"
)
_SES = re.compile(r"\b([0-9a-f]{14,}(?:-[0-9a-f]{4,}){5}-[0-9]{6})\b")


def relay_ids(reply: str) -> tuple[str, ...]:
    """The provider's id of the message in the reply of its relay; () if it tells none."""
    if reply.find("@") >= 0 and any(domain in reply for domain in _WIRE_DOMAINS):
        found = _WIRE.search(reply)
        return (found[1],) if found else ()
    if _MARK in reply:
        found = _QUEUED_AS.search(reply)
        return (found[1],) if found else ()
    if reply.find("-0000") < 0:
        return ()
    found = _SES.search(reply)
    return (found[1],) if found else ()
