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
from typing import Final

from tracer.folded import Folded
from tracer.model import SECOND_US, Event, EventKind, Hop
from tracer.piped import names_taken
from tracer.recipients import deliveries

STRAGGLER_US: Final = 300 * SECOND_US
"""A line up to 5 minutes after a hop closed still belongs to it."""
LONGEST_US: Final = 10 * 86_400 * SECOND_US
"""No stay is longer: Postfix gives up after 5 days by default (maximal_queue_lifetime)."""
AT_THE_DOOR: Final = "NOQUEUE/"
"""Begins the name of a hop that was over before it had a queue id."""
EARLY_US: Final = 5 * SECOND_US
"""A line may be stamped up to 5 seconds before the one that opens its hop."""

_RANK: Final = {kind: rank for rank, kind in enumerate(EventKind)}
# Members looked up once: an Enum attribute costs more than a comparison.
_RECEIVED: Final = EventKind.RECEIVED
_IDENTIFIED: Final = EventKind.IDENTIFIED
_QUEUED: Final = EventKind.QUEUED
_REMOVED: Final = EventKind.REMOVED
_SAYS_NOTHING_OF_THE_MESSAGE: Final = frozenset({EventKind.ATTEMPT, EventKind.UNKNOWN})
_NO_IDS: Final[tuple[str, ...]] = ()
_OPENERS: Final = frozenset({EventKind.RECEIVED, EventKind.IDENTIFIED, EventKind.QUEUED})


def fold(events: Sequence[Event]) -> list[Folded]:
    """The stays that the events of ONE (host, queue id) tell of, oldest first."""
    managers = {instance_of(event.program) for event in events if event.kind is _QUEUED}
    if len(managers) < 2:
        return [fold_stay(stay) for stay in stays(events)]
    folded = [fold_stay(s) for part in _by_queue(events, managers) for s in stays(part)]
    return sorted(folded, key=lambda one: (one.hop.opened_us, one.hop.host))


def instance_of(program: str) -> str:
    """The instance in a program's name, `postfix-out` of `postfix-out/qmgr`; "" for the default.

    A service may bear a name of its own (`postfix-submission/smtpd`), so only the queue
    manager's tells which queue a message lies in. Source: postfix-instance(5), `syslog_name`.
    """
    name = program.partition("/")[0] if "/" in program or program.startswith("postfix-") else ""
    return "" if name == "postfix" else name


def _by_queue(events: Sequence[Event], managers: set[str]) -> list[list[Event]]:
    """Events of one queue id that several instances of one host use at once."""
    queues: dict[str, list[Event]] = {name: [] for name in sorted(managers)}
    default = next(iter(queues))
    for event in events:
        name = instance_of(event.program)
        queues[name if name in queues else default].append(event)
    return list(queues.values())


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
    if len({e.text for e in events}) == len(events):
        return events
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
    return Folded(hop, tuple(deliveries(events, hop)), tuple(events))


def _hop(events: list[Event]) -> Hop:
    first, last = events[0], events[-1]
    message_id = subject = sender = client = client_name = helo = auth = tls = ""
    closed_us = queued = None
    before, notices = _NO_IDS, _NO_IDS
    source = first.source
    for event in events:
        kind = event.kind
        if event.source != source:
            source = min(source, event.source)
        if kind in _SAYS_NOTHING_OF_THE_MESSAGE:
            continue
        message_id = message_id or event.message_id
        if kind is _QUEUED:
            queued = event
            continue
        sender = sender or event.sender
        if kind is _IDENTIFIED:
            continue
        if kind is _REMOVED:
            closed_us = event.at_us
        elif kind is EventKind.NOTIFIED:
            notices += event.next_queue_ids
        else:
            subject = subject or event.subject
            client = client or event.client
            client_name = client_name or event.client_name
            helo = helo or event.helo
            auth = auth or event.auth
            tls = tls or event.tls
            before += event.from_queue_ids
    if first.queue_id.startswith(AT_THE_DOOR):
        closed_us = last.at_us
    return Hop(
        hop_id(first.at_us, first.host, first.queue_id), _host(first.host, queued),
        first.queue_id, first.at_us, last.at_us, closed_us, message_id, subject,
        queued.sender if queued else sender, client, client_name, helo, auth, tls,
        queued.size if queued else None, queued.recipient_count if queued else None,
        source, _once(before + names_taken(client_name, message_id)), _once(notices),
    )  # fmt: skip


def _host(host: str, queued: Event | None) -> str:
    """The host, and the instance on it if that is not the default one."""
    instance = instance_of(queued.program) if queued else ""
    return f"{host}/{instance}" if instance else host


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
