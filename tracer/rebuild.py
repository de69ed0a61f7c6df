"""Making the store again from what it keeps, after a better parser, fold or cause.

Facts are the stored lines; everything else is folded from them. A day is done in one
transaction: it is either as it was or made again, and searches go on meanwhile.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator

import msgspec
from sqlalchemy import Connection, Engine

from tracer.arrival import Arrival, Batch, arrival
from tracer.explain import classify
from tracer.fold import LONGEST_US, fold, fold_stay
from tracer.ingest import ingest_within
from tracer.legs import Stay, leg_before
from tracer.model import Delivery, Event, Outcome, Parse
from tracer.recipients import NEEDS_NO_CAUSE
from tracer.store import days, failures, stays
from tracer.store.engine import one_writer
from tracer.store.packing import Packer

AT_ONCE = 500
"""Stays in memory at a time."""
_Said = tuple[str, list[Event]]  # the host as its lines name it, and the events of one stay
_JUDGED = frozenset(Outcome) - NEEDS_NO_CAUSE


class Rebuilt(msgspec.Struct, frozen=True):
    """What was done to one day. `changed`: deliveries with --causes, else messages."""

    day: str
    messages: int
    deliveries: int
    changed: int


def rebuild(engine: Engine, parse: Parse) -> Iterator[Rebuilt]:
    """Fold every day again from its lines, the oldest first, a transaction each."""
    for day in _oldest_first(engine):
        with engine.begin() as conn:
            one_writer(conn)
            done = _Folding(conn, parse).day(day)
        yield done


def rebuild_causes(engine: Engine, parse: Parse) -> Iterator[Rebuilt]:
    """Judge every failed delivery again, the oldest day first, a transaction each.

    Only rows whose cause is another one are written.
    """
    for day in _oldest_first(engine):
        with engine.begin() as conn:
            one_writer(conn)
            done = _judge_day(conn, day, Packer(parse))
        yield done


def _oldest_first(engine: Engine) -> list[str]:
    with engine.connect() as conn:
        return days.live(conn)[::-1]


def _chunks(hop_ids: list[int]) -> Iterator[list[int]]:
    for start in range(0, len(hop_ids), AT_ONCE):
        yield hop_ids[start : start + AT_ONCE]


def _judge_day(conn: Connection, day: str, packer: Packer) -> Rebuilt:
    hop_ids = failures.judged(conn, day, _JUDGED)
    changed: list[tuple[str, int, int]] = []
    count = 0
    for chunk in _chunks(hop_ids):
        for stay in stays.load(conn, chunk, packed=True):
            for n, stored, cause in _judged(stay, packer):
                count += 1
                if cause != stored.cause:
                    changed.append((cause, stay.hop.hop_id, n))
    failures.set_causes(conn, day, changed)
    return Rebuilt(day, len(hop_ids), count, len(changed))


def _judged(stay: Stay, packer: Packer) -> Iterator[tuple[int, Delivery, str]]:
    """(number, delivery, cause) of the stay's deliveries that need a cause.

    Which program spoke is known from the lines only; where they tell of another delivery
    than the stored one (it was joined with a report), the stored one is judged.
    """
    events = packer.events(stay.packed, stay.hop) if stay.packed else []
    folded = fold_stay(events).deliveries if events else ()
    for n, placed in enumerate(stay.placed):
        stored = placed.delivery
        if stored.outcome not in _JUDGED:
            continue
        again = folded[n] if n < len(folded) else None
        if again and (again.outcome, again.reply) == (stored.outcome, stored.reply):
            yield n, stored, again.cause
        else:
            yield n, stored, _classified(stored)


def _arrivals(whole: Collection[_Said]) -> list[Arrival]:
    """The stays that these lines tell of, folded by host and queue id."""
    together: dict[tuple[str, str], list[Event]] = defaultdict(list)
    hosts: dict[tuple[str, str], str] = {}
    for host, events in whole:
        key = events[0].host, events[0].queue_id
        hosts[key] = host
        together[key] += events
    return [arrival(folded, hosts[key]) for key, said in together.items() for folded in fold(said)]


def _classified(stored: Delivery) -> str:
    return classify(stored.outcome, stored.reply, stored.status, stored.command, stored.program)


class _Folding:
    """One transaction's folding."""

    def __init__(self, conn: Connection, parse: Parse) -> None:
        self._conn = conn
        self._parse = parse
        self._packer = Packer(parse)
        self._done: set[int] = set()
        self._messages = self._deliveries = self._changed = 0

    def day(self, day: str) -> Rebuilt:
        """Fold the day's stays again, together with the legs they are joined to."""
        for chunk in _chunks(stays.of_day(self._conn, day)):
            wanted = [hop_id for hop_id in chunk if hop_id not in self._done]
            if wanted:
                self._fold(self._joined(wanted), set(wanted))
        return Rebuilt(day, self._messages, self._deliveries, self._changed)

    def _fold(self, before: dict[int, Stay], wanted: set[int]) -> None:
        """Make these stays again; where that changes nothing, leave them untouched."""
        self._done |= before.keys()
        own = [stay for hop_id, stay in before.items() if hop_id in wanted]
        self._messages += len(own)
        self._deliveries += sum(len(stay.placed) for stay in own)
        said = {hop_id: self._said(stay) for hop_id, stay in before.items()}
        before = {hop_id: stay for hop_id, stay in before.items() if said[hop_id][1]}
        arrivals = _arrivals([said[hop_id] for hop_id in before])
        savepoint = self._conn.begin_nested()
        stays.delete(self._conn, before.values())
        ingest_within(self._conn, Batch(arrivals, None), self._parse)
        after = self._load(before)
        changed = sum(stay != after.get(hop_id) for hop_id, stay in before.items())
        self._changed += changed
        if changed:
            savepoint.commit()
        else:
            savepoint.rollback()

    def _said(self, stay: Stay) -> _Said:
        """What the lines of a stay tell; a stay whose lines tell nothing is left as it is."""
        lines = stay.packed
        return self._packer.host(lines), self._packer.read(lines, stay.hop)

    def _joined(self, hop_ids: Collection[int]) -> dict[int, Stay]:
        """These stays and all legs of their mails, whatever day they lie in."""
        found = self._load(hop_ids)
        fresh = list(found.values())
        while fresh:
            around = {hop_id for stay in fresh for hop_id in self._next_to(stay)} - found.keys()
            loaded = self._load(around)
            found |= loaded
            fresh = list(loaded.values())
        return {hop_id: stay for hop_id, stay in found.items() if stay.packed}

    def _load(self, hop_ids: Collection[int]) -> dict[int, Stay]:
        loaded = stays.load(self._conn, list(hop_ids), packed=True)
        return {stay.hop.hop_id: stay for stay in loaded}

    def _next_to(self, stay: Stay) -> Iterator[int]:
        """The legs before and after a stay."""
        for placed in stay.placed:
            if placed.next_id:
                yield placed.next_id
            if leg := leg_before(placed):
                yield from self._before(stay, leg)

    def _before(self, stay: Stay, leg: str) -> Iterator[int]:
        queue_id = leg.rpartition("/")[2]
        first_us = stay.hop.opened_us - LONGEST_US
        for day in days.within(self._conn, first_us, stay.hop.last_us):
            for _, hop_id in stays.find(self._conn, day, [queue_id]):
                yield hop_id
