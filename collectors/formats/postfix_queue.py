"""Lines of the queue's own programs: qmgr, pickup, postsuper, bounce.

Source: src/qmgr/qmgr_active.c, src/pickup/pickup.c, src/postsuper/postsuper.c,
src/bounce/bounce_notify_util.c.
"""

from __future__ import annotations

from typing import Final

from collectors.formats.postfix_delivery import by_local
from collectors.formats.postfix_ids import evidence, is_queue_id
from tracer.model import NULL_SENDER, Event, EventKind, LogLine, Outcome

_QUEUED: Final = EventKind.QUEUED
_REMOVED: Final = EventKind.REMOVED

_MOST_OCTETS: Final = 2**63 - 1  # what a database holds


def count(text: str) -> int | None:
    """`text` as a whole number, None if it is none."""
    try:
        value = int(text)
    except ValueError:
        return None
    return value if 0 <= value <= _MOST_OCTETS else None


def by_qmgr(line: LogLine, host: str, queue_id: str, at: int) -> list[Event]:
    """A line of qmgr(8) or oqmgr(8) about one message."""
    text = line.text
    if text.startswith("from=<", at):
        return _queued(line, host, queue_id, at)
    if text.startswith("removed", at):
        return _removed(line, host, queue_id, None)
    return by_local(line, host, queue_id, at)


def _queued(line: LogLine, host: str, queue_id: str, at: int) -> list[Event]:
    """`from=<…>, size=3670, nrcpt=1 (queue active)`: its end is Postfix's own."""
    text = line.text
    tail = text.rfind(">, size=")
    comma = text.find(", nrcpt=", tail)
    if comma < 0 or tail < 0 or text[-1] != ")":
        return _given_up(line, host, queue_id, at)
    return [
        Event(
            _QUEUED, line.at_us, host, queue_id,
            line.program, line.pid, text, line.source,
            sender=text[at + 6 : tail] or NULL_SENDER, size=count(text[tail + 8 : comma]),
            recipient_count=count(text[comma + 8 : text.find(" ", comma + 2)]),
        )
    ]  # fmt: skip


def _given_up(line: LogLine, host: str, queue_id: str, at: int) -> list[Event]:
    """`from=<…>, status=expired, returned to sender`: no recipient is named."""
    sender, met, word = line.text[at + 6 :].rpartition(">, status=")
    if not met or not word.startswith(("expired", "force-expired")):
        return evidence(line, host, queue_id)
    return [
        Event(
            EventKind.EXPIRED, line.at_us, host, queue_id,
            line.program, line.pid, line.text, line.source,
            sender=sender or NULL_SENDER, outcome=Outcome.EXPIRED,
        )
    ]  # fmt: skip


def _removed(line: LogLine, host: str, queue_id: str, outcome: Outcome | None) -> list[Event]:
    return [
        Event(
            _REMOVED, line.at_us, host, queue_id,
            line.program, line.pid, line.text, line.source,
            outcome=outcome,
        )
    ]  # fmt: skip


def by_postsuper(line: LogLine, host: str, queue_id: str, at: int) -> list[Event]:
    """A line of postsuper(1): an administrator's hand on the queue.

    A requeued message leaves this queue id without being deleted: pickup(8) gives it another.
    """
    said = line.text[at:].rstrip()
    if said == "removed":
        return _removed(line, host, queue_id, Outcome.REMOVED)
    if said == "requeued":
        return _removed(line, host, queue_id, None)
    if said == "placed on hold":
        return _moved(EventKind.HELD, line, host, queue_id)
    if said == "released from hold":
        return _moved(EventKind.RELEASED, line, host, queue_id)
    return evidence(line, host, queue_id)


def _moved(kind: EventKind, line: LogLine, host: str, queue_id: str) -> list[Event]:
    return [
        Event(
            kind, line.at_us, host, queue_id,
            line.program, line.pid, line.text, line.source,
        )
    ]  # fmt: skip


def by_pickup(line: LogLine, host: str, queue_id: str, at: int) -> list[Event]:
    """`uid=105 from=<anna> [orig_id=A89EB7629C3]`: a local user hands a message over."""
    text = line.text
    user, met, rest = text[at + 4 :].partition(" from=<")
    if not text.startswith("uid=", at) or not met:
        return evidence(line, host, queue_id)
    sender, again, former = rest.rpartition("> orig_id=")
    if not again or not is_queue_id(former.rstrip()):
        sender, former = rest.rstrip().removesuffix(">"), ""
    return [
        Event(
            EventKind.RECEIVED, line.at_us, host, queue_id,
            line.program, line.pid, text, line.source,
            sender=sender or NULL_SENDER, client_name=f"local uid {user}",
            from_queue_ids=(former.rstrip(),) if former else (),
        )
    ]  # fmt: skip


def by_bounce(line: LogLine, host: str, queue_id: str, at: int) -> list[Event]:
    """`sender non-delivery notification: 4F1D2C0A`: a notice was queued under that id."""
    kind, met, name = line.text[at:].rstrip().partition(" notification: ")
    if not met or not is_queue_id(name) or not kind.startswith(("sender ", "postmaster ")):
        return by_local(line, host, queue_id, at)
    return [
        Event(
            EventKind.NOTIFIED, line.at_us, host, queue_id,
            line.program, line.pid, line.text, line.source,
            reply=f"{kind} notification", next_queue_ids=(name,),
        )
    ]  # fmt: skip
