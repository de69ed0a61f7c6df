"""The one door for facts: events come in, folded stays go to the store.

Reading may repeat itself, stop half-way or come in any order; the store ends up the same.
A stay that is new is written as it was folded by the reader. One that the store already
knows something of is loaded, united with what is new, and folded again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator

import msgspec
from sqlalchemy import Connection, Engine

from tracer import fold
from tracer.legs import SKEW_US, Placed, Stay, hands_over, join
from tracer.model import Event, Hop
from tracer.store import days, sources, stays
from tracer.store.packing import Packer
from tracer.store.terms import Tie


class Arrival(msgspec.Struct, gc=False):
    """A folded stay on its way to the store.

    `events` is the MessagePack of its events. `known_id` and `known_events` say under
    which hop_id, with how many events, the same reader stored it before (0: never).
    """

    hop: Hop
    deliveries: tuple[fold.Delivery, ...]
    n_events: int
    events: bytes
    known_id: int = 0
    known_events: int = 0


class Batch(msgspec.Struct, gc=False):
    """What one transaction stores: stays, and how far their source has been read."""

    arrivals: list[Arrival]
    progress: sources.Progress


_LONGEST_CHAIN = 20  # legs of one mail; more is a loop
_encode = msgspec.msgpack.Encoder().encode
_decode_events = msgspec.msgpack.Decoder(list[Event]).decode


def arrival(folded: fold.Folded, known: tuple[int, int] = (0, 0)) -> Arrival:
    """A folded stay, ready to be handed to the store, perhaps in another process."""
    return Arrival(
        folded.hop, folded.deliveries, len(folded.events), _encode(folded.events), *known
    )


def ingest(engine: Engine, batch: Batch) -> int:
    """Store a batch and its progress in ONE transaction; the number of events known before."""
    with engine.begin() as conn:
        work = _Ingest(conn)
        work.store(batch.arrivals)
        sources.advance(conn, batch.progress)
        return work.duplicates


class _Ingest:
    """One transaction's work; what it looked up lives as long as the transaction."""

    def __init__(self, conn: Connection) -> None:
        self.conn = conn
        self.packer = Packer()
        self.live = set(days.live(conn))
        self.own: dict[str, set[int]] = defaultdict(set)  # queue id -> hops that have it
        self.ties: dict[tuple[str, Tie], set[int]] = defaultdict(set)
        self.stays: dict[int, Stay] = {}
        self.duplicates = 0

    def store(self, arrivals: list[Arrival]) -> None:
        self._look_up(arrivals)
        fresh = list(self._settle(arrivals))
        for stay in fresh:
            self._remember(stay)
        changed = self._link(fresh)
        stays.save(self.conn, changed)

    def _look_up(self, arrivals: list[Arrival]) -> None:
        """Ask each day once for every queue id that may tie the arrivals to what is stored."""
        wanted: dict[str, set[str]] = defaultdict(set)
        for item in arrivals:
            queue_ids = _queue_ids(item)
            for day in _days_near(item):
                if day in self.live:
                    wanted[day].update(queue_ids)
        for day, queue_ids_of_day in wanted.items():
            for queue_id, hop_id in stays.find(self.conn, day, queue_ids_of_day):
                self.own[queue_id].add(hop_id)
            for queue_id, tie, hop_id in stays.find_tied(self.conn, day, queue_ids_of_day):
                self.ties[queue_id, tie].add(hop_id)

    def _settle(self, arrivals: list[Arrival]) -> Iterator[Stay]:
        """The stays to be written: arrivals that are new, and what clashes united."""
        clashing: dict[tuple[str, str], list[Arrival]] = defaultdict(list)
        grown = self._grown(arrivals)
        for item in arrivals:
            if item.hop.queue_id not in self.own or item.hop.hop_id in grown:
                yield self._as_stay(item)
            else:
                clashing[item.hop.host, item.hop.queue_id].append(item)
        for of_queue_id in clashing.values():
            yield from self._unite(of_queue_id)

    def _grown(self, arrivals: list[Arrival]) -> set[int]:
        """Stays that only got more events from the reader that stored them.

        Nobody else added to one whose number of events is what that reader left there.
        """
        left = {
            item.known_id: item.known_events
            for item in arrivals
            if item.known_id == item.hop.hop_id
            and self.own.get(item.hop.queue_id) == {item.known_id}
        }
        stored = stays.event_counts(self.conn, left) if left else {}
        return {hop_id for hop_id, n_events in left.items() if stored.get(hop_id) == n_events}

    def _as_stay(self, item: Arrival) -> Stay:
        packed = self.packer.compress(item.events)
        placed = [Placed(delivery) for delivery in item.deliveries]
        return Stay(item.hop, placed, item.n_events, packed)

    def _unite(self, arrivals: list[Arrival]) -> Iterator[Stay]:
        """Fold arrivals of one queue id together with what is stored of it."""
        hop = arrivals[0].hop
        known = self.own[hop.queue_id]
        stored = [
            stay
            for stay in stays.load(self.conn, known, packed=True)
            if stay.hop.host == hop.host and _near(stay.hop, arrivals)
        ]
        arrived = sum(item.n_events for item in arrivals)
        if self._nothing_new(stored, arrivals):
            self.duplicates += arrived
            return
        events = [e for stay in stored for e in self.packer.unpack(stay.packed)]
        events += [e for item in arrivals for e in _decode_events(item.events)]
        stays.delete(self.conn, stored)
        known -= {stay.hop.hop_id for stay in stored}
        self.duplicates += sum(stay.n_events for stay in stored) + arrived
        for folded in fold.fold(events):
            self.duplicates -= len(folded.events)
            yield self._as_stay(arrival(folded))

    def _nothing_new(self, stored: list[Stay], arrivals: list[Arrival]) -> bool:
        packed = {stay.packed for stay in stored}
        return all(self.packer.compress(item.events) in packed for item in arrivals)

    def _remember(self, stay: Stay) -> None:
        hop = stay.hop
        self.stays[hop.hop_id] = stay
        self.own[hop.queue_id].add(hop.hop_id)
        for queue_id in hop.from_queue_ids:
            self.ties[queue_id, Tie.FROM].add(hop.hop_id)
        for placed in stay.placed:
            for queue_id in placed.delivery.next_queue_ids:
                self.ties[queue_id, Tie.NEXT].add(hop.hop_id)

    def _link(self, fresh: list[Stay]) -> list[Stay]:
        """Join legs around the fresh stays; the stays to be written, old ones included."""
        changed = {stay.hop.hop_id: stay for stay in fresh}
        waiting = sorted(fresh, key=lambda stay: stay.hop.hop_id)
        rounds = 0
        while waiting and rounds < _LONGEST_CHAIN:
            rounds += 1
            joined: dict[int, Stay] = {}
            for stay in waiting:
                for before, after in self._edges(stay):
                    if hands_over(before, after) and join(before, after):
                        changed[before.hop.hop_id] = before
                        changed[after.hop.hop_id] = joined[after.hop.hop_id] = after
            waiting = list(joined.values())
        return list(changed.values())

    def _edges(self, stay: Stay) -> Iterable[tuple[Stay, Stay]]:
        hop = stay.hop
        for before in self._get(self.ties.get((hop.queue_id, Tie.NEXT), ())):
            yield before, stay
        for after in self._get(self.ties.get((hop.queue_id, Tie.FROM), ())):
            yield stay, after
        for queue_id in hop.from_queue_ids:
            for before in self._get(self.own.get(queue_id, ())):
                yield before, stay
        for queue_id in {q for p in stay.placed for q in p.delivery.next_queue_ids}:
            for after in self._get(self.own.get(queue_id, ())):
                yield stay, after

    def _get(self, hop_ids: Collection[int]) -> list[Stay]:
        missing = [hop_id for hop_id in hop_ids if hop_id not in self.stays]
        for stay in stays.load(self.conn, missing) if missing else ():
            self.stays[stay.hop.hop_id] = stay
        return [self.stays[hop_id] for hop_id in hop_ids if hop_id in self.stays]


def _queue_ids(item: Arrival) -> set[str]:
    """Every queue id that an arrival has, had or got."""
    ids = {item.hop.queue_id, *item.hop.from_queue_ids}
    for delivery in item.deliveries:
        ids.update(delivery.next_queue_ids)
    return ids


def _days_near(item: Arrival) -> Iterable[str]:
    """Days in which something tied to an arrival can be stored.

    A stay whose beginning or end is unknown may continue one that is stored days away.
    """
    hop = item.hop
    first, last = hop.opened_us - 2 * SKEW_US, hop.last_us + 2 * SKEW_US
    if not hop.client and not hop.client_name:
        first -= fold.LONGEST_US
    if hop.closed_us is None:
        last += fold.LONGEST_US
    return days.span(first, last)


def _near(stored: Hop, arrivals: list[Arrival]) -> bool:
    first = min(item.hop.opened_us for item in arrivals)
    last = max(item.hop.last_us for item in arrivals)
    return stored.opened_us - fold.LONGEST_US <= last and first <= stored.last_us + fold.LONGEST_US
