"""fold(events) -> what they amount to.  The heart: read this first.

Events of one queue id on one host go in, in any order, any number of times; stays in
the queue (hops) with their deliveries come out, always the same for the same facts.
Pure: no clock, no store, no settings.

A queue id names a hop only for one stay (Postfix: "short repeating queue ID"), so the
events are first cut into stays, then each stay is read from its first event to its last.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence

import msgspec

from tracer.explain import classify
from tracer.model import SECOND_US, Delivery, Event, EventKind, Hop, Outcome

STRAGGLER_US = 300 * SECOND_US
"""A line up to 5 minutes after a hop closed still belongs to it."""
LONGEST_US = 10 * 86_400 * SECOND_US
"""No stay is longer: Postfix gives up after 5 days unless told otherwise (maximal_queue_lifetime)."""
EARLY_US = 5 * SECOND_US
"""A line may be stamped up to 5 seconds before the one that opens its hop."""

_RANK = {kind: rank for rank, kind in enumerate(EventKind)}
# Members looked up once: an Enum attribute costs more than a comparison.
_ATTEMPT, _RECEIVED, _REJECTED = EventKind.ATTEMPT, EventKind.RECEIVED, EventKind.REJECTED
_IDENTIFIED, _QUEUED, _REMOVED = EventKind.IDENTIFIED, EventKind.QUEUED, EventKind.REMOVED
_SAYS_NOTHING_OF_THE_MESSAGE = frozenset({_ATTEMPT, EventKind.UNKNOWN})
_OPENERS = frozenset({EventKind.RECEIVED, EventKind.IDENTIFIED, EventKind.QUEUED})
_WAITING = frozenset({Outcome.PENDING, Outcome.DEFERRED, Outcome.QUARANTINED, Outcome.UNKNOWN})
_DEFERRED = Outcome.DEFERRED
_PROBE = "double-bounce@"


class Folded(msgspec.Struct, frozen=True, gc=False):
    """One stay in a queue: the hop, its deliveries in order of appearance, its events in time."""

    hop: Hop
    deliveries: tuple[Delivery, ...]
    events: tuple[Event, ...]


def fold(events: Sequence[Event]) -> list[Folded]:
    """The stays that the events of ONE (host, queue id) tell of, oldest first."""
    return [fold_stay(stay) for stay in stays(events)]


def stays(events: Sequence[Event]) -> list[list[Event]]:
    """Events without repetition, in order of time, cut where the queue id was used anew."""
    cut: list[list[Event]] = []
    stay: list[Event] = []
    opened = False
    closed_us: int | None = None
    limit_us = 0
    for event in sorted(_distinct(events), key=_order):
        kind = event.kind
        if stay and (closed_us is not None or kind is _RECEIVED or event.at_us > limit_us):
            if _opens_anew(event, stay, opened, closed_us):
                cut.append(stay)
                stay, opened, closed_us = [], False, None
        if not stay:
            limit_us = event.at_us + LONGEST_US
        stay.append(event)
        if kind is _RECEIVED:
            opened = True
        elif kind is _REMOVED:
            closed_us = event.at_us
    if stay:
        cut.append(stay)
    return cut


def _opens_anew(event: Event, stay: list[Event], opened: bool, closed_us: int | None) -> bool:
    if closed_us is not None:
        later = event.at_us - closed_us
        return later > STRAGGLER_US or (later > 0 and event.kind in _OPENERS)
    if event.at_us - stay[0].at_us > LONGEST_US:
        return True
    if event.kind is not EventKind.RECEIVED:
        return False
    return opened or event.at_us - stay[0].at_us > EARLY_US


def _order(event: Event) -> tuple[int, int, str, str]:
    return (event.at_us, _RANK[event.kind], event.program, event.text)


def _distinct(events: Sequence[Event]) -> Iterable[Event]:
    found = {(e.text, e.pid, e.at_us // SECOND_US, e.program): e for e in events}
    if len(found) == len(events):
        return events
    for event in events:
        key = (event.text, event.pid, event.at_us // SECOND_US, event.program)
        found[key] = max(found[key], event, key=_richness)
    return found.values()


def _richness(event: Event) -> tuple[str, int, int, str]:
    return (event.tls, event.repeats, -event.at_us, event.source)


def fold_stay(events: list[Event]) -> Folded:
    """Fold the distinct, sorted events of one stay."""
    hop = _hop(events)
    return Folded(hop, tuple(_deliveries(events, hop)), tuple(events))


def _hop(events: list[Event]) -> Hop:
    first, last = events[0], events[-1]
    message_id = subject = sender = client = client_name = helo = auth = tls = ""
    size = recipient_count = closed_us = None
    before: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()
    source = first.source
    for event in events:
        kind = event.kind
        if event.source != source:
            source = min(source, event.source)
        if kind in _SAYS_NOTHING_OF_THE_MESSAGE:
            continue
        sender = sender or event.sender
        message_id = message_id or event.message_id
        if kind is _QUEUED:
            size, recipient_count = event.size, event.recipient_count
        elif kind is _REMOVED:
            closed_us = event.at_us
        elif kind is EventKind.NOTIFIED:
            notices += event.next_queue_ids
        elif kind is not _IDENTIFIED:
            subject = subject or event.subject
            client = client or event.client
            client_name = client_name or event.client_name
            helo = helo or event.helo
            auth = auth or event.auth
            tls = tls or event.tls
            before += event.from_queue_ids
    return Hop(
        hop_id(first.at_us, first.host, first.queue_id), first.host, first.queue_id, first.at_us,
        last.at_us, closed_us, message_id, subject, sender, client, client_name, helo, auth, tls,
        size, recipient_count, source, _once(before), _once(notices),
    )  # fmt: skip


def _once(queue_ids: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(set(queue_ids))) if queue_ids else ()


def hop_id(opened_us: int, host: str, queue_id: str) -> int:
    """63 bits: milliseconds of the opening, then 20 bits of hash(host, queue id).

    Computed, never serial: folding again gives the same id, and ids sort by time. A stamp
    in whole seconds says nothing of milliseconds, so the hash fills those ten bits too:
    busy logs of second resolution would collide otherwise.
    """
    mixed = zlib.crc32(f"{host}/{queue_id}".encode("utf-8", "surrogateescape"))
    milliseconds = opened_us // 1000
    if opened_us % SECOND_US == 0:
        milliseconds += (mixed >> 20) % 1000
    return milliseconds << 20 | mixed & 0xFFFFF


class _Recipient:
    """What is known so far of one recipient; mutable only inside this module."""

    __slots__ = ("attempts", "first_us", "last", "last_us", "outcome")

    def __init__(self, event: Event) -> None:
        self.first_us = self.last_us = event.at_us
        self.last = event
        self.attempts = 0
        self.outcome = Outcome.UNKNOWN


def _deliveries(events: list[Event], hop: Hop) -> list[Delivery]:
    known: dict[tuple[str, str], _Recipient] = {}
    for event in events:
        kind = event.kind
        if kind is _ATTEMPT:
            if event.outcome is not None:
                _tried(known, event)
        elif kind is _REJECTED:
            _refused(known, event)
        elif kind in _FATES:
            _FATES[kind](known, event)
    if not known and _was_accepted(events, hop):
        known["", ""] = _Recipient(events[-1])
        known["", ""].outcome = _fate_of_unnamed(events, hop)
    return [_delivery(key, recipient, hop) for key, recipient in known.items()]


def _entry(known: dict[tuple[str, str], _Recipient], event: Event) -> _Recipient:
    key = (event.recipient, event.original_recipient)
    recipient = known.get(key)
    if recipient is None:
        recipient = known[key] = _Recipient(event)
    recipient.last_us = event.at_us
    return recipient


def _tried(known: dict[tuple[str, str], _Recipient], event: Event) -> None:
    recipient = _entry(known, event)
    if event.outcome is not _DEFERRED or not _overtaken(recipient, event):
        recipient.last = event
        recipient.outcome = event.outcome or Outcome.UNKNOWN
    recipient.attempts += event.repeats


def _overtaken(recipient: _Recipient, event: Event) -> bool:
    """Within one second log order is lost: the final outcome is the later one."""
    return (
        recipient.outcome not in _WAITING
        and recipient.outcome is not Outcome.REJECTED
        and event.at_us == recipient.last.at_us
    )


def _refused(known: dict[tuple[str, str], _Recipient], event: Event) -> None:
    recipient = _entry(known, event)
    if recipient.outcome in (Outcome.UNKNOWN, Outcome.REJECTED):
        recipient.last = event
        recipient.outcome = Outcome.REJECTED
        recipient.attempts += event.repeats


def _filtered(known: dict[tuple[str, str], _Recipient], event: Event) -> None:
    if event.outcome is not None:
        recipient = _entry(known, event)
        recipient.last = event
        recipient.outcome = event.outcome


def _spread(
    known: dict[tuple[str, str], _Recipient],
    event: Event,
    outcome: Outcome,
    onto: frozenset[Outcome],
) -> None:
    for recipient in known.values():
        if recipient.outcome in onto:
            recipient.outcome = outcome
            recipient.last_us = event.at_us
            if not recipient.last.reply or outcome is Outcome.REMOVED:
                recipient.last = event


def _held(known: dict[tuple[str, str], _Recipient], event: Event) -> None:
    _spread(known, event, Outcome.QUARANTINED, frozenset({Outcome.DEFERRED, Outcome.PENDING}))


def _released(known: dict[tuple[str, str], _Recipient], event: Event) -> None:
    _spread(known, event, Outcome.PENDING, frozenset({Outcome.QUARANTINED}))


def _expired(known: dict[tuple[str, str], _Recipient], event: Event) -> None:
    _spread(known, event, Outcome.EXPIRED, _WAITING)


def _removed(known: dict[tuple[str, str], _Recipient], event: Event) -> None:
    fate = Outcome.REMOVED if event.outcome is Outcome.REMOVED else Outcome.UNKNOWN
    _spread(known, event, fate, _WAITING)


_FATES = {
    EventKind.FILTERED: _filtered,
    EventKind.HELD: _held,
    EventKind.RELEASED: _released,
    EventKind.EXPIRED: _expired,
    EventKind.REMOVED: _removed,
}


def _was_accepted(events: list[Event], hop: Hop) -> bool:
    """Whether the message reached the queue, so that silence about recipients means something.

    A client that left before the end of its message leaves no delivery (smtpd(8)), and an
    address verification probe is not mail (verify(8)).
    """
    if not hop.sender or hop.sender.startswith(_PROBE):
        return False
    return any(event.kind in _ACCEPTED for event in events)


_ACCEPTED = frozenset({EventKind.QUEUED, EventKind.HELD, EventKind.EXPIRED, EventKind.REMOVED})


def _fate_of_unnamed(events: list[Event], hop: Hop) -> Outcome:
    fate = Outcome.PENDING
    for event in events:
        if event.kind is EventKind.HELD:
            fate = Outcome.QUARANTINED
        elif event.kind is EventKind.RELEASED:
            fate = Outcome.PENDING
        elif event.kind is EventKind.EXPIRED:
            fate = Outcome.EXPIRED
        elif event.kind is EventKind.REMOVED and fate is not Outcome.EXPIRED:
            fate = event.outcome or Outcome.UNKNOWN
    return fate


def _delivery(key: tuple[str, str], recipient: _Recipient, hop: Hop) -> Delivery:
    last, outcome = recipient.last, recipient.outcome
    delay_s = last.delay_s
    if delay_s is None and recipient.attempts:
        delay_s = (last.at_us - hop.opened_us) / SECOND_US
    cause = ""
    if outcome not in _NEEDS_NO_CAUSE:
        cause = classify(outcome, last.reply, last.status, last.command, last.program)
    return Delivery(
        key[0], key[1], outcome, recipient.first_us, recipient.last_us, cause, last.status, last.reply,
        last.relay, last.command, last.tls, last.program.rpartition("/")[2], recipient.attempts, delay_s,
        last.next_queue_ids,
    )  # fmt: skip


_NEEDS_NO_CAUSE = frozenset({Outcome.DELIVERED, Outcome.RELAYED, Outcome.EXPANDED, Outcome.PENDING})
