"""The one door for facts: events come in, folded stays go to the store.

Reading may repeat itself, stop half-way or come in any order; the store ends up the same.
A stay that is new is written as it was folded by the reader. One that the store already
knows something of is loaded, united with what is new, and folded again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice

import msgspec
from sqlalchemy import Connection, Engine

from tracer import fold, foreign, uniting
from tracer.arrival import Arrival, Batch
from tracer.handed_back import pairs, part, ties_of
from tracer.legs import SKEW_US, Placed, Stay, hands_over, is_foreign, join, let_go
from tracer.model import DAY_US, SECOND_US, Delivery, Hop, Parse
from tracer.piped import is_tie
from tracer.store import day_making, days, sources, stays
from tracer.store.engine import keep_for_good, one_writer
from tracer.store.line_blocks import Block
from tracer.store.packing import Packer
from tracer.store.terms import Tie
from tracer.uniting import machine

UNITED_TOGETHER = 2000  # queue ids whose stored stays are loaded at once: some megabytes
SESSION_US = 7200 * SECOND_US  # an SMTP session, refusals and all, is hardly longer
BULK_BEHIND_US = DAY_US * 3 // 4  # a day is full when lines are this much later than its end
_NONE: list[Stay] = []
MOST_ALIKE = 40  # stays with one Message-ID: beyond that, a program gives it to all its mail
_LONGEST_CHAIN = 20  # legs of one mail; more is a loop


def ingest(engine: Engine, batch: Batch, parse: Parse, *, bulk: bool = False) -> int:
    """Store a batch and its progress in ONE transaction; the number of events known before.

    `parse` reads the lines of a stay that is already stored and now gets more. With `bulk`
    new days get no indexes for searches: call `finish_full` after each batch, `finish` at the end.
    """
    with engine.begin() as conn:
        return _store(conn, batch, parse, bulk=bulk)


def ingest_within(conn: Connection, batch: Batch, parse: Parse, *, bulk: bool = False) -> int:
    """The same inside the caller's transaction, where other facts are stored with these; a `bulk`
    finishes full days there too."""
    duplicates = _store(conn, batch, parse, bulk=bulk)
    if bulk and (before := _full_before(batch)):
        day_making.finish(conn, before=before)
    return duplicates


def _store(conn: Connection, batch: Batch, parse: Parse, *, bulk: bool) -> int:
    one_writer(conn)
    work = _Ingest(conn, parse, batch.blocks, bulk=bulk)
    work.store(batch.arrivals)
    if batch.progress:
        sources.advance(conn, batch.progress)
    return work.duplicates


def _full_before(batch: Batch) -> str:
    """Days before this one are full; "" for none that is known."""
    if not batch.progress or batch.progress.last_us is None:
        return ""
    return days.day_of(batch.progress.last_us - BULK_BEHIND_US)


def finish_full(engine: Engine, batch: Batch) -> None:
    """Build the indexes that full days lack, when a batch has told how far logs have been read."""
    if before := _full_before(batch):
        with engine.begin() as conn:
            one_writer(conn)
            day_making.finish(conn, before=before, is_committed=True)


def finish(engine: Engine) -> None:
    """End a bulk: whatever index is lacking is built, also after one that was cut off."""
    with engine.begin() as conn:
        one_writer(conn)
        day_making.finish(conn, is_committed=True)
        keep_for_good(conn)


class _Ingest:
    """One transaction's work; what it looked up lives as long as the transaction."""

    def __init__(
        self, conn: Connection, parse: Parse, blocks: Sequence[Block], *, bulk: bool
    ) -> None:
        self.conn = conn
        self.bulk = bulk
        self.blocks = blocks
        self.unpacked: dict[int, list[bytes]] = {}  # lines by block, of those looked into
        self.packer = Packer(parse)
        self.live = set(days.live(conn))
        self.own: dict[str, set[int]] = defaultdict(set)  # queue id -> stored hops that have it
        self.ties: dict[tuple[str, Tie], set[int]] = defaultdict(set)
        self.here: dict[str, list[Stay]] = defaultdict(list)  # queue id -> stays being stored
        self.stays: dict[int, Stay] = {}
        self.gone: set[int] = set()  # hop_ids that united stays no longer have
        self.duplicates = 0

    def store(self, arrivals: list[Arrival]) -> None:
        self._look_up((item.hop, item.deliveries) for item in arrivals)
        fresh = list(self._settle(arrivals))
        self._keep_apart(fresh)
        stays.save(self.conn, self._link(fresh), bulk=self.bulk, brought=self.blocks)

    def _look_up(self, told: Iterable[tuple[Hop, Iterable[Delivery]]]) -> None:
        """Ask each day once for every queue id that may tie these hops to what is stored."""
        near: dict[tuple[str, ...], set[str]] = defaultdict(set)
        for hop, deliveries in told:
            ids = near[_days_near(hop)]
            ids.add(hop.queue_id)
            ids.update(hop.from_queue_ids)
            for delivery in deliveries:
                if delivery.next_queue_ids:
                    ids.update(delivery.next_queue_ids)
        wanted: dict[str, set[str]] = defaultdict(set)
        for span, queue_ids in near.items():
            for day in self.live.intersection(span):
                wanted[day] |= queue_ids
        for day, asked in wanted.items():
            for queue_id, hop_id in stays.find(self.conn, day, asked):
                self.own[queue_id].add(hop_id)
            for queue_id, tie, hop_id in stays.find_tied(self.conn, day, asked):
                self.ties[queue_id, tie].add(hop_id)

    def _settle(self, arrivals: list[Arrival]) -> Iterator[Stay]:
        """The stays to be written: arrivals that are new, and what clashes united."""
        clashing: dict[tuple[str, str], list[Arrival]] = defaultdict(list)
        grown = self._grown(arrivals)
        stays.delete(self.conn, stays.load(self.conn, grown))
        for item in arrivals:
            if item.hop.queue_id not in self.own or item.hop.hop_id in grown:
                yield self._as_stay(item)
            else:
                clashing[machine(item.hop), item.hop.queue_id].append(item)
        rest = iter(clashing)
        united: list[Stay] = []
        while some := {key: clashing[key] for key in islice(rest, UNITED_TOGETHER)}:
            united += self._unite(some)
        # United with what is stored, a stay knows more queue ids than what arrived of it.
        self._look_up((stay.hop, (p.delivery for p in stay.placed)) for stay in united)
        yield from united

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
        placed = [Placed(delivery) for delivery in item.deliveries]
        if item.block < 0 or is_foreign(item.hop):  # whose lines foreign.join reads
            return Stay(item.hop, placed, item.n_events, self._lines(item))
        return Stay(item.hop, placed, item.n_events, block=item.block, place=item.place)

    def _lines(self, item: Arrival) -> bytes:
        """The lines of an arrival, wherever they stand."""
        if item.block < 0:
            return item.lines
        lines = self.unpacked.get(item.block)
        if lines is None:
            lines = self.unpacked[item.block] = self.blocks[item.block].lines()
        return lines[item.place]

    def _with_news(self, clashing: dict[tuple[str, str], list[Arrival]]) -> Iterator[list[Arrival]]:
        """The arrivals of a queue id that tell more than the store has of it.

        Most tell nothing new when a log is read again, so all are looked at together.
        """
        known = {queue_id: self.own[queue_id] for _, queue_id in clashing}
        lines = stays.lines(self.conn, set().union(*known.values()))
        for (_, queue_id), items in clashing.items():
            stored = {lines.get(hop_id) for hop_id in known[queue_id]}
            if all(self._lines(item) in stored for item in items):
                self.duplicates += sum(item.n_events for item in items)
            else:
                yield items

    def _unite(self, clashing: dict[tuple[str, str], list[Arrival]]) -> Iterator[Stay]:
        """What is stored and what arrives under the same queue ids, folded together."""
        news = list(self._with_news(clashing))
        wanted = set().union(*(self.own[items[0].hop.queue_id] for items in news))
        stored = {s.hop.hop_id: s for s in stays.load(self.conn, wanted, packed=True)}
        gone: list[Stay] = []
        for items in news:
            known = self.own[items[0].hop.queue_id]
            own = [stored[hop_id] for hop_id in sorted(known) if hop_id in stored]
            lines = [self._lines(item) for item in items]
            found = uniting.unite(self.packer, uniting.near(own, items), items, lines)
            self.duplicates += found.duplicates
            known -= {stay.hop.hop_id for stay in found.gone}
            gone += found.gone
            yield from map(self._as_stay, found.fresh)
        self.gone.update(stay.hop.hop_id for stay in gone)
        stays.delete(self.conn, gone)

    def _keep_apart(self, fresh: list[Stay]) -> None:
        """Two queue ids may, once in a billion, compute one hop_id: the later moves on by one."""
        news = [stay for stay in fresh if not stay.is_stored]
        taken = stays.taken(self.conn, [stay.hop.hop_id for stay in news])
        for stay in news:
            hop_id = stay.hop.hop_id
            while hop_id in taken:
                hop_id += 1
            if hop_id != stay.hop.hop_id:
                stay.hop = msgspec.structs.replace(stay.hop, hop_id=hop_id)
            taken.add(hop_id)

    def _link(self, fresh: list[Stay]) -> list[Stay]:
        """Join legs around the fresh stays; the stays to be written, old ones included."""
        self.stays = {stay.hop.hop_id: stay for stay in fresh}
        self.gone -= self.stays.keys()
        ties: set[str] = set()
        for stay in fresh:
            self.here[stay.hop.queue_id].append(stay)
            for tie in ties_of(stay):
                self.here[tie].append(stay)
                ties.add(tie)
        changed = dict(self.stays)
        tied = {stay.hop.hop_id: stay for stay in filter(self._is_tied, fresh)}
        tied |= {stay.hop.hop_id: stay for stay in self._part(ties, changed)}
        waiting = [tied[hop_id] for hop_id in sorted(tied)]
        for _ in range(_LONGEST_CHAIN):
            if not waiting:
                break
            self._get(set().union(*map(self._stored_around, waiting)))
            waiting = self._join(waiting, changed)
            self._look_up((stay.hop, (p.delivery for p in stay.placed)) for stay in waiting)
        foreign.join(self.conn, self.packer, self.live, self.stays, changed)
        return list(changed.values())

    def _join(self, waiting: list[Stay], changed: dict[int, Stay]) -> list[Stay]:
        """Join each of these stays with its neighbours; those to look at once more.

        Such a one learnt something after its own turn, or after it had passed on what it knew.
        """
        again: dict[int, Stay] = {}
        gone: list[stays.Found] = []
        to_come = {stay.hop.hop_id for stay in waiting}
        passed_on: set[int] = set()
        for before, after in self._pairs(waiting, to_come):
            if not hands_over(before, after) or is_foreign(after.hop):
                continue
            before_id, after_id = before.hop.hop_id, after.hop.hop_id
            passed_on.add(before_id)
            gone += _still_found(after, changed)  # what it inherits may be others now
            changed[after_id] = after
            parted = bool(self.gone) and let_go(before, self.gone)
            if join(before, after) or parted:
                gone += _still_found(before, changed)  # its turn as the leg after may come
                changed[before_id] = before
                if after_id not in to_come or after_id in passed_on:
                    again[after_id] = after
        stays.forget(self.conn, gone)
        return list(again.values())

    def _is_tied(self, stay: Stay) -> bool:
        hop = stay.hop
        if hop.from_queue_ids:
            return True
        if self.ties and (
            (hop.queue_id, Tie.NEXT) in self.ties or (hop.queue_id, Tie.FROM) in self.ties
        ):
            return True
        for placed in stay.placed:
            for queue_id in placed.delivery.next_queue_ids:
                if queue_id in self.here or queue_id in self.own:
                    return True
        return False

    def _stored_around(self, stay: Stay) -> set[int]:
        """Stored hops that a stay may be joined with, to load them all at once."""
        queue_id, found = stay.hop.queue_id, set[int]()
        if self.ties:
            found.update(*(self.ties.get((queue_id, tie), ()) for tie in (Tie.NEXT, Tie.FROM)))
        if self.own:
            told = [stay.hop.from_queue_ids, *(one.delivery.next_queue_ids for one in stay.placed)]
            for tied in self.own.keys() & chain.from_iterable(told):
                if tied != queue_id:
                    found |= self.own[tied]
        return found

    def _pairs(self, around: list[Stay], to_come: set[int]) -> Iterator[tuple[Stay, Stay]]:
        """The edges at these stays, each once: both ends and two lines may tell of it.

        A stay whose turn it is leaves `to_come`.
        """
        seen: set[tuple[int, int]] = set()
        for stay in around:
            to_come.discard(stay.hop.hop_id)
            for before, after in self._edges(stay):
                pair = (before.hop.hop_id, after.hop.hop_id)
                if pair not in seen:
                    seen.add(pair)
                    yield before, after

    def _edges(self, stay: Stay) -> Iterator[tuple[Stay, Stay]]:
        hop = stay.hop
        for queue_id in hop.from_queue_ids:
            for before in _NONE if is_tie(queue_id) else self._named(queue_id):
                yield before, stay
        for tie in ties_of(stay):
            yield from pairs(tie, self._bearing(tie))
        for placed in stay.placed:
            for queue_id in placed.delivery.next_queue_ids:
                for after in _NONE if is_tie(queue_id) else self._named(queue_id):
                    yield stay, after
        if self.ties:
            if told := self.ties.get((hop.queue_id, Tie.NEXT)):
                for before in self._get(told):
                    yield before, stay
            if told := self.ties.get((hop.queue_id, Tie.FROM)):
                for after in self._get(told):
                    yield stay, after

    def _named(self, queue_id: str) -> list[Stay]:
        """The stays of a queue id, arrived or stored."""
        here = self.here.get(queue_id, _NONE)
        stored = self.own.get(queue_id)
        if not stored:
            return here
        known = {stay.hop.hop_id for stay in here}
        return here + self._get(stored - known)

    def _bearing(self, tie: str) -> list[Stay]:
        """The stays with a tie through a program, arrived or stored; none of too many alike."""
        here = self.here.get(tie, _NONE)
        stored = {*self.ties.get((tie, Tie.NEXT), ()), *self.ties.get((tie, Tie.FROM), ())}
        if len(here) + len(stored) > MOST_ALIKE:
            return _NONE
        stays_of = {stay.hop.hop_id: stay for stay in [*here, *self._get(stored)]}
        return [stays_of[hop_id] for hop_id in sorted(stays_of)]

    def _part(self, ties: Iterable[str], changed: dict[int, Stay]) -> list[Stay]:
        """Undo joins that what is new made doubtful; the stays to be joined anew."""
        parted: dict[int, Stay] = {}
        gone: list[stays.Found] = []
        for tie in sorted(ties):
            group = self._bearing(tie)
            found = {s.hop.hop_id: stays.found_by(s) for s in group if s.is_stored}
            for stay in part(tie, group):
                hop_id = stay.hop.hop_id
                if hop_id not in changed:
                    gone += found.get(hop_id, ())
                parted[hop_id] = changed[hop_id] = stay
        stays.forget(self.conn, gone)
        return list(parted.values())

    def _get(self, hop_ids: Collection[int]) -> list[Stay]:
        missing = [hop_id for hop_id in hop_ids if hop_id not in self.stays]
        for stay in stays.load(self.conn, missing) if missing else ():
            self.stays[stay.hop.hop_id] = stay
        return [self.stays[hop_id] for hop_id in hop_ids if hop_id in self.stays]


def _still_found(stay: Stay, changed: Mapping[int, Stay]) -> list[stays.Found]:
    """What a stay is found by in the store: of one that is being changed that is gone already."""
    is_found = stay.is_stored and stay.hop.hop_id not in changed
    return stays.found_by(stay) if is_found else []


def _days_near(hop: Hop) -> tuple[str, ...]:
    """Days in which something tied to a hop can be stored.

    A stay whose beginning or end is unknown may continue one that is stored days away.
    """
    first, last = hop.opened_us - _before_us(hop), hop.last_us + 2 * SKEW_US
    if hop.closed_us is None:
        last += fold.LONGEST_US
    return days.span(first, last)


def _before_us(hop: Hop) -> int:
    """How long before the first known line of a stay its beginning may lie.

    Who names its client is seen by then, and a Message-ID is told when a message enters the
    queue: what is missing is a part of an SMTP session at most.
    """
    if hop.client or hop.client_name or (hop.message_id and not hop.from_queue_ids):
        return SESSION_US
    return fold.LONGEST_US
