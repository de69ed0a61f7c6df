"""Lines of smtpd and postscreen: who brought a message, and who was sent away.

Source: src/smtpd/smtpd_sasl_proto.c (`client=`), src/smtpd/smtpd_check.c (verdicts),
src/smtpd/smtpd_proxy.c (before-queue filters), src/postscreen/postscreen_smtpd.c.
"""

from __future__ import annotations

from typing import Final

from collectors.formats.postfix_envelope import envelope
from collectors.formats.postfix_ids import door_queue_id, queued_as
from collectors.formats.postfix_verdict import VERDICTS, at_command, judged, peer, verdict
from tracer.model import Event, EventKind, LogLine, Outcome

_RECEIVED: Final = EventKind.RECEIVED
_REJECTED: Final = EventKind.REJECTED
_FILTERED: Final = EventKind.FILTERED


def by_smtpd(line: LogLine, host: str, queue_id: str, at: int) -> list[Event]:
    """A line of smtpd(8) about a message that has a queue id."""
    text = line.text
    if not text.startswith("client=", at):
        if text.startswith("proxy-", at):
            return _by_proxy(line, host, queue_id, at)
        return verdict(line, host, queue_id, at)
    end = text.find(", ", at)
    if end >= 0:
        return [_brought_with(line, host, queue_id, at + 7, end)]
    name, _, address = text[at + 7 :].partition("[")
    return [
        Event(
            _RECEIVED, line.at_us, host, queue_id,
            line.program, line.pid, text, line.source,
            client=address.partition("]")[0], client_name="" if name == "unknown" else name,
        )
    ]  # fmt: skip


def _brought_with(line: LogLine, host: str, queue_id: str, at: int, end: int) -> Event:
    """A client that logged in, or one that speaks for another (XFORWARD)."""
    text = line.text
    client, name = peer(text[at:end])
    # A stranger words sasl_sender (the AUTH parameter of MAIL): nothing after it counts.
    told, _, _ = text[end:].partition(", sasl_sender=")
    login = _value(told, ", sasl_username=")
    former = _value(told, ", orig_queue_id=")
    address, real_name = peer(_value(told, ", orig_client="))
    if address:
        client, name = address, real_name
    return Event(
        _RECEIVED, line.at_us, host, queue_id,
        line.program, line.pid, text, line.source,
        client=client, client_name=name, auth=login,
        from_queue_ids=(former,) if former else (),
    )  # fmt: skip


def _value(text: str, key: str) -> str:
    return text.partition(key)[2].partition(", ")[0]


def without_queue_id(line: LogLine, host: str, at: int) -> list[Event]:
    """`NOQUEUE: …`: said before, or without, a queue file.

    What ends a message's way here is a hop of its own; the rest shows in what follows.
    """
    text = line.text
    queue_id = door_queue_id(line, host)
    if text.startswith("proxy-", at):
        return _by_proxy(line, host, queue_id, at)
    colon = text.find(": ", at)
    _, outcome = VERDICTS.get(text[at:colon], (None, None)) if colon > 0 else (None, None)
    if outcome is None:
        return []
    kind = _REJECTED if outcome is Outcome.REJECTED else _FILTERED
    events = at_command(line, host, queue_id, colon + 2, kind, outcome)
    return [event for event in events if event.kind is kind]


def _by_proxy(line: LogLine, host: str, queue_id: str, at: int) -> list[Event]:
    """`proxy-accept: END-OF-MESSAGE: 250 … queued as X; from=<…> …` and `proxy-reject`."""
    text = line.text
    verb, _, rest = text[at:].partition(": ")
    where, met, _ = rest.partition(": ")
    if not met:
        return []
    tail = envelope(text)
    reply = text[at + len(verb) + len(where) + 4 : tail[0]]
    if verb == "proxy-reject":
        return [judged(line, host, queue_id, where, reply, tail,
                       _REJECTED, Outcome.REJECTED)]  # fmt: skip
    outcome = Outcome.RELAYED if queued_as(reply) else None
    return [judged(line, host, queue_id, where, reply, tail, EventKind.ATTEMPT, outcome)]
