"""Lines of cleanup: Message-IDs, header and body checks, milters' verdicts.

Source: src/cleanup/cleanup_message.c, src/cleanup/cleanup_milter.c.
"""

from __future__ import annotations

from typing import Final

from collectors.formats.postfix_ids import evidence
from collectors.formats.postfix_verdict import on_content, verdict
from tracer.model import Event, EventKind, LogLine, Outcome

_IDENTIFIED: Final = EventKind.IDENTIFIED
_FILTERED: Final = EventKind.FILTERED

_SUBJECT_LOGGED: Final = "info: header "


def by_cleanup(line: LogLine, host: str, queue_id: str, at: int) -> list[Event]:
    """A line of cleanup(8) about one message."""
    text = line.text
    if text.startswith("message-id=", at):
        return _identified(line, host, queue_id, at + 11)
    if text.startswith(_SUBJECT_LOGGED, at):
        return on_content(line, host, queue_id, at + 6, _FILTERED, None)
    if text.startswith("resent-message-id=", at):
        return _identified(line, host, queue_id, at + 18)
    return verdict(line, host, queue_id, at)


def _identified(line: LogLine, host: str, queue_id: str, at: int) -> list[Event]:
    """The whole rest of the line is the id: it may hold spaces, lack brackets, be cut."""
    text = line.text
    name = text[at + 1 : -1] if text[at : at + 1] == "<" and text[-1] == ">" else bare(text[at:])
    return [
        Event(
            _IDENTIFIED, line.at_us, host, queue_id,
            line.program, line.pid, text, line.source, name,
        )
    ]  # fmt: skip


def bare(message_id: str) -> str:
    """A Message-ID without the space and the brackets around it, whichever there are."""
    return message_id.strip().removeprefix("<").removesuffix(">").strip()


def warned(line: LogLine, host: str, queue_id: str, said: str) -> list[Event]:
    """`warning: ID: …`: a message turned away when its text had come, or just evidence.

    Nothing else in the log tells these refusals: smtpd(8) answers the client in silence.
    """
    refused = said.startswith("message rejected: ") or said.endswith(
        ("queue file size limit exceeded", "message not accepted, try again later")
    )
    if not refused or not line.program.endswith(("cleanup", "smtpd", "postfix")):
        return evidence(line, host, queue_id)
    return [
        Event(
            EventKind.REJECTED, line.at_us, host, queue_id,
            line.program, line.pid, line.text, line.source,
            outcome=Outcome.REJECTED, reply=said, command="END-OF-MESSAGE",
        )
    ]  # fmt: skip
