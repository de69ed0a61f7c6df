"""Verdicts at the door and on content: `VERB: WHERE from CLIENT: text; from=<…> …`.

smtpd(8), postscreen(8) and milters judge a command (RCPT, END-OF-MESSAGE); cleanup(8)
judges a header or body line.  Source: smtpd_check.c, smtpd.c, postscreen_smtpd.c,
cleanup_message.c, cleanup_milter.c.
"""

from __future__ import annotations

from typing import Final

from collectors.formats.encoded_words import decoded
from collectors.formats.postfix_envelope import Envelope, envelope
from collectors.formats.postfix_ids import evidence, queued_as
from tracer.model import Event, EventKind, LogLine, Outcome

_REFUSED: Final = EventKind.REJECTED
_REJECTED: Final = (EventKind.REJECTED, Outcome.REJECTED)
_DISCARDED: Final = (EventKind.FILTERED, Outcome.DISCARDED)
_HELD: Final = (EventKind.HELD, Outcome.QUARANTINED)
_NOTED: Final = (EventKind.FILTERED, None)
_ACTIONS: Final[dict[str, tuple[EventKind, Outcome | None]]] = {
    "reject": _REJECTED,
    "discard": _DISCARDED,
    "hold": _HELD,
    "info": _NOTED,
    "warning": _NOTED,
    "warn": _NOTED,
    "redirect": _NOTED,
    "filter": _NOTED,
    "prepend": _NOTED,
    "replace": _NOTED,
    "bcc": _NOTED,
    "strip": _NOTED,
    "pass": _NOTED,
}
VERDICTS: Final = {
    before + action: said
    for before in ("", "milter-", "milter-header-", "milter-body-")
    for action, said in _ACTIONS.items()
}
_COMMANDS: Final = {"HELO": "EHLO", "BDAT": "DATA"}
_CONTENT: Final = ("header ", "body ", "content ", "mime-error ", "nested-header ", "mime-header ")
_SUBJECT: Final = "header subject:"


def verdict(line: LogLine, host: str, queue_id: str, at: int) -> list[Event]:
    """A verdict on a message that has a queue id; evidence if the verb is none."""
    text = line.text
    colon = text.find(": ", at)
    said = VERDICTS.get(text[at:colon]) if colon > 0 else None
    if said is None:
        return evidence(line, host, queue_id)
    if text.startswith(_CONTENT, colon + 2):
        return on_content(line, host, queue_id, colon + 2, *said)
    return at_command(line, host, queue_id, colon + 2, *said)


def on_content(
    line: LogLine, host: str, queue_id: str, at: int, kind: EventKind, outcome: Outcome | None
) -> list[Event]:
    """A header or body check; `at` is where `header …` begins."""
    text = line.text
    start, sender, recipient, helo, reply = envelope(text)
    end = text.rfind(" from ", at, start)
    if end < 0:
        end = start
    subject = ""
    if text[at : at + 15].lower() == _SUBJECT:
        subject = text[at + 15 : end].strip()
        if "=?" in subject:
            subject = decoded(subject)
    if reply or outcome is None:
        status = enhanced_status(reply) if reply else ""
    else:
        reply, status = text[at:end], ""  # no text of the rule's own: what it matched says why
    return [
        Event(
            kind, line.at_us, host, queue_id,
            line.program, line.pid, text, line.source,
            subject=subject, sender=sender, recipient=recipient, helo=helo,
            outcome=outcome, status=status, reply=reply,
            command="END-OF-MESSAGE" if kind is _REFUSED else "",
        )
    ]  # fmt: skip


def at_command(
    line: LogLine, host: str, queue_id: str, at: int, kind: EventKind, outcome: Outcome | None
) -> list[Event]:
    """A verdict on an SMTP command; `at` is where `RCPT from client[ip]: …` begins."""
    text = line.text
    where, met, _ = text[at:].partition(" from ")
    if not met:
        return evidence(line, host, queue_id)
    start = at + len(where) + 6
    close = text.find("]", start)
    end = text.find(": ", close)
    if close < 0 or end < 0:
        return evidence(line, host, queue_id)
    client, name = peer(text[start:end])
    tail = envelope(text)
    return [judged(line, host, queue_id, where, text[end + 2 : tail[0]], tail,
                   kind, outcome, client, name)]  # fmt: skip


def judged(
    line: LogLine, host: str, queue_id: str, where: str, reply: str, tail: Envelope,
    kind: EventKind, outcome: Outcome | None, client: str = "", client_name: str = "",
) -> Event:  # fmt: skip
    """The event of a verdict with `reply` on the command `where`."""
    _, sender, recipient, helo, _ = tail
    return Event(
        kind, line.at_us, host, queue_id,
        line.program, line.pid, line.text, line.source,
        sender=sender, recipient=recipient, client=client, client_name=client_name,
        helo=helo, outcome=outcome, status=enhanced_status(reply), reply=reply,
        command=_COMMANDS.get(where, where), next_queue_ids=queued_as(reply),
    )  # fmt: skip


def peer(text: str) -> tuple[str, str]:
    """Address and name in `name[address]` or `[address]:port`; the name "" if not verified."""
    name, _, rest = text.partition("[")
    address = rest.partition("]")[0]
    return (
        "" if address == "unknown" else address.removeprefix("IPv6:"),
        "" if name == "unknown" else name,
    )


def enhanced_status(reply: str) -> str:
    """The RFC 3463 code that begins `reply`, or follows its three-digit code; else ""."""
    start = 4 if reply[3:4] == " " and reply[:3].isdigit() else 0
    if reply[start + 1 : start + 2] != "." or reply[start] not in "245":
        return ""
    word = reply[start:].partition(" ")[0]
    numbers = word.split(".")
    return word if len(numbers) == 3 and word.isascii() and "".join(numbers).isdigit() else ""
