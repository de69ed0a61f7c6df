"""What became of each recipient of one stay in a queue.

Read from the first event to the last: a later word on a recipient replaces an earlier
one, and what befalls the message befalls all that still wait. Pure.
"""

from __future__ import annotations

from typing import Final

from tracer.causes.judging import judge
from tracer.model import SECOND_US, Delivery, Event, EventKind, Hop, Outcome
from tracer.piped import names_given
from tracer.relay_ids import relay_ids

_ATTEMPT: Final = EventKind.ATTEMPT
_REJECTED: Final = EventKind.REJECTED
_DEFERRED: Final = Outcome.DEFERRED
_RELAYED: Final = Outcome.RELAYED
_DELIVERED: Final = Outcome.DELIVERED
_WAITING: Final = frozenset({Outcome.PENDING, Outcome.DEFERRED, Outcome.UNKNOWN})
NEEDS_NO_CAUSE: Final = frozenset(
    {Outcome.DELIVERED, Outcome.RELAYED, Outcome.EXPANDED, Outcome.PENDING}
)
_ACCEPTED: Final = frozenset(
    {EventKind.QUEUED, EventKind.HELD, EventKind.EXPIRED, EventKind.REMOVED}
)
_NAMES: Final = frozenset({EventKind.FILTERED, EventKind.HELD})  # may name a recipient by the way
_BEGINNINGS: Final = frozenset({EventKind.RECEIVED, EventKind.IDENTIFIED, EventKind.FILTERED})
_OF_ONE: Final = frozenset({EventKind.ATTEMPT, EventKind.REJECTED})
_HANDS_ON: Final = frozenset({EventKind.ATTEMPT, EventKind.REPORTED})
_PROBE: Final = "double-bounce@"


class _Recipient:
    """What is known so far of one recipient; mutable only inside this module."""

    __slots__ = ("attempts", "first_us", "is_held", "last", "last_us", "outcome")

    def __init__(self, event: Event, outcome: Outcome = Outcome.UNKNOWN) -> None:
        self.first_us = self.last_us = event.at_us
        self.last = event
        self.attempts = 0
        self.outcome = outcome
        self.is_held = False

    @property
    def waits(self) -> bool:
        """Whether nothing final has been said."""
        return self.outcome in _WAITING or self.is_held


_Known = dict[tuple[str, str], _Recipient]


def deliveries(events: list[Event], hop: Hop) -> list[Delivery]:
    """A delivery for each recipient, in order of appearance; `events` are sorted."""
    known: _Known = {}
    n_refused = 0
    for event in events:
        kind = event.kind
        if kind is _ATTEMPT:
            if event.outcome is not None:
                _tried(known, event)
        elif kind is _REJECTED:
            _refused(known, event)
            n_refused += 1
        elif kind in _FATES:
            _FATES[kind](known, event)
    if hop.closed_us is None or not known or ("", "") in known:
        _complete(known, events, hop)
    in_queue = len(known) - n_refused  # or more: one may be refused several times
    if known and (hop.closed_us is None or in_queue < (hop.recipient_count or 0)):
        _add_rest(known, events, hop)
    return [_delivery(key, recipient, hop) for key, recipient in known.items()]


def _add_rest(known: _Known, events: list[Event], hop: Hop) -> None:
    """One without a name for all whom the queue counts (`nrcpt=`) and nobody has tried.

    Only where the log tells of the whole stay, since attempts may lie before its first line, and
    unless it ended by itself.
    """
    in_queue = sum(one.outcome is not Outcome.REJECTED for one in known.values())
    if ("", "") in known or in_queue >= (hop.recipient_count or 0):
        return
    if events[0].kind in _BEGINNINGS and (hop.closed_us is None or _was_deleted(events)):
        known["", ""] = _untried(events)


def _was_deleted(events: list[Event]) -> bool:
    return any(event.outcome is Outcome.REMOVED for event in events)


def _complete(known: _Known, events: list[Event], hop: Hop) -> None:
    """Add the recipient that only a header check has named, or one without a name.

    A client that left before the end of its message leaves no delivery (smtpd(8)), and what only
    asks about an address is not mail (verify(8), `sendmail -bv`).
    """
    if not known and not _was_accepted(events, hop):
        return
    named = next((e.recipient for e in events if e.kind in _NAMES and e.recipient), "")
    if ("", "") in known:
        known[named, ""] = known.pop(("", ""))
    elif not known or (named and not any(named in key for key in known)):
        if _was_accepted(events, hop):
            known[named, ""] = _untried(events)


def _was_accepted(events: list[Event], hop: Hop) -> bool:
    if not hop.sender or hop.sender.startswith(_PROBE) or any(map(_only_asked, events)):
        return False
    return any(event.kind in _ACCEPTED for event in events)


def _only_asked(event: Event) -> bool:
    """Whether it tells of one recipient without an outcome: nothing was handed over."""
    return event.kind is _ATTEMPT and event.outcome is None and event.recipient != ""


def _untried(events: list[Event]) -> _Recipient:
    """A recipient of whom only the message's own fate is known."""
    own = [event for event in events if event.kind not in _OF_ONE]
    recipient = _Recipient(own[-1], Outcome.PENDING)
    alone = {("", ""): recipient}
    for event in own:
        if event.kind in _FATES and event.kind is not EventKind.FILTERED:
            _FATES[event.kind](alone, event)
    return recipient


def _entry(known: _Known, event: Event) -> _Recipient:
    key = (event.recipient, event.original_recipient)
    recipient = known.get(key)
    if recipient is None:
        recipient = known[key] = _Recipient(event)
    recipient.last_us = event.at_us
    return recipient


def _tried(known: _Known, event: Event) -> None:
    recipient = _entry(known, event)
    if event.outcome is not _DEFERRED or not _overtaken(recipient, event):
        recipient.last = event
        recipient.outcome = event.outcome or Outcome.UNKNOWN
        recipient.is_held = False
    recipient.attempts += event.repeats


def _overtaken(recipient: _Recipient, event: Event) -> bool:
    """Within one second log order is lost: the final outcome is the later one."""
    return (
        not recipient.waits
        and recipient.outcome is not Outcome.REJECTED
        and event.at_us == recipient.last.at_us
    )


def _refused(known: _Known, event: Event) -> None:
    recipient = _entry(known, event)
    if recipient.outcome in (Outcome.UNKNOWN, Outcome.REJECTED):
        recipient.last = event
        recipient.outcome = Outcome.REJECTED
        recipient.attempts += event.repeats


def _filtered(known: _Known, event: Event) -> None:
    if event.outcome is not None:
        recipient = _entry(known, event)
        recipient.last = event
        recipient.outcome = event.outcome


def _reported(known: _Known, event: Event) -> None:
    """Another system's word on one recipient.

    Its reports come late, again and in any order: what waits never undoes what is final,
    and of two in one instant the graver counts.
    """
    outcome = event.outcome
    if outcome is None:
        return
    recipient = _entry(known, event)
    recipient.attempts += event.repeats
    if outcome in _WAITING and _GRAVITY[outcome] < _GRAVITY[recipient.outcome]:
        return
    at_once = recipient.last.at_us == event.at_us
    if at_once and _GRAVITY[outcome] < _GRAVITY[recipient.outcome]:
        return
    recipient.last = event
    recipient.outcome = outcome


_GRAVITY: Final = dict.fromkeys(Outcome, 3) | {
    Outcome.UNKNOWN: 0, Outcome.PENDING: 1, Outcome.DEFERRED: 2, Outcome.QUARANTINED: 2,
    Outcome.BOUNCED: 4,
}  # fmt: skip


def _complained(known: _Known, event: Event) -> None:
    """A complaint changes no outcome; alone, it still is mail that this recipient got."""
    if event.recipient:
        _entry(known, event)


def _befall(recipient: _Recipient, event: Event, outcome: Outcome) -> None:
    recipient.outcome = outcome
    recipient.last_us = event.at_us
    recipient.is_held = outcome is Outcome.QUARANTINED
    if not recipient.last.reply or outcome is Outcome.REMOVED:
        recipient.last = event


def _held(known: _Known, event: Event) -> None:
    for recipient in known.values():
        if recipient.waits:
            _befall(recipient, event, Outcome.QUARANTINED)


def _released(known: _Known, event: Event) -> None:
    for recipient in known.values():
        if recipient.is_held:
            _befall(recipient, event, Outcome.PENDING)


def _expired(known: _Known, event: Event) -> None:
    for recipient in known.values():
        if recipient.waits:
            _befall(recipient, event, Outcome.EXPIRED)


def _removed(known: _Known, event: Event) -> None:
    fate = Outcome.REMOVED if event.outcome is Outcome.REMOVED else Outcome.UNKNOWN
    for recipient in known.values():
        if recipient.waits:
            _befall(recipient, event, fate)


_FATES: Final = {
    EventKind.FILTERED: _filtered,
    EventKind.HELD: _held,
    EventKind.RELEASED: _released,
    EventKind.EXPIRED: _expired,
    EventKind.REMOVED: _removed,
    EventKind.REPORTED: _reported,
    EventKind.COMPLAINED: _complained,
}


def _delivery(key: tuple[str, str], recipient: _Recipient, hop: Hop) -> Delivery:
    last, outcome = recipient.last, recipient.outcome
    delay_s = last.delay_s
    if delay_s is None and recipient.attempts:
        delay_s = (last.at_us - hop.opened_us) / SECOND_US
    cause = ""
    if outcome not in NEEDS_NO_CAUSE:
        cause = judge(outcome, last.reply, last.status, last.command, last.program).cause
    handed_on = last.next_queue_ids if last.kind in _HANDS_ON else ()
    if outcome is _RELAYED and not handed_on:
        handed_on = relay_ids(last.reply)
    elif outcome is _DELIVERED and not handed_on:
        handed_on = names_given(hop.message_id, last.program, last.reply)
    return Delivery(
        key[0], key[1], outcome, recipient.first_us, recipient.last_us, cause, last.status,
        last.reply, last.relay, last.command, last.tls, last.program.rpartition("/")[2],
        recipient.attempts, delay_s, handed_on,
    )  # fmt: skip
