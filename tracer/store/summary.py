"""What a result holds: how many of what, and when."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec

from tracer.model import DAY_US, Outcome
from tracer.query import And, Node, Not, Or, SearchQuery, Term
from tracer.store import days, sources
from tracer.store.conditions import Conditions
from tracer.store.counts import SLOT_US, Slots, slots
from tracer.store.driver import Rows, fetch
from tracer.store.selection import Selection, Selector, pruned, select, union, unordered
from tracer.store.states import ID_BITS, OPENED_US

if TYPE_CHECKING:
    from sqlalchemy import Connection

SHOWN = 5
MOST_GROUPED = 5_000
"""Grouping more rows by sender and relay takes longer than the whole page may."""
COUNTED_BY = frozenset({"status", "cause"})
"""Keys of a query that counts can answer: they name columns that both tables have."""
_BAD = frozenset({Outcome.BOUNCED, Outcome.EXPIRED, Outcome.REJECTED, Outcome.SUPPRESSED})
_WAIT = frozenset(
    {
        Outcome.PENDING,
        Outcome.DEFERRED,
        Outcome.JUNKED,
        Outcome.QUARANTINED,
        Outcome.DISCARDED,
    }
)


class Bucket(msgspec.Struct, frozen=True):
    """Deliveries of one stretch of time by tone."""

    start_us: int
    usual: int
    wait: int
    bad: int


class Summary(msgspec.Struct, frozen=True):
    """Counts of a whole result, each list the greatest first.

    Senders and relays are the first five only, and are left out (`is_brief`) where the
    result has more than MOST_GROUPED rows. `histogram` has a bucket for every stretch of
    `bucket_us` from about `since_us` to about `until_us`, the empty ones too.
    """

    total: int
    messages: int
    outcomes: tuple[tuple[Outcome, int], ...]
    causes: tuple[tuple[str, int], ...]
    senders: tuple[tuple[str, int], ...]
    relays: tuple[tuple[str, int], ...]
    sources: tuple[tuple[str, int], ...]
    histogram: tuple[Bucket, ...]
    bucket_us: int
    since_us: int
    until_us: int
    is_brief: bool = False


def summary(conn: Connection, query: SearchQuery, *, buckets: int) -> Summary:
    """Count everything the query matches, exactly."""
    within = days.within(conn, query.since_us, query.until_us)
    since_us, until_us = _span(query, within)
    first_us, bucket_us = _buckets(since_us, until_us, buckets)
    counted = _Counted(conn, first_us, bucket_us)
    can_count = bucket_us % SLOT_US == 0 and can_answer(query.where)
    by_slots = days.counted(conn) if can_count else set()
    for day in within:
        counted.add(day, query, by_slots=day in by_slots)
    total = sum(counted.outcomes.values())
    if total <= MOST_GROUPED:
        for day, selection in zip(within, Selector(conn, query).over(within), strict=True):
            counted.add_peers(day, pruned(conn, selection))
    return Summary(
        total=total,
        messages=counted.messages,
        outcomes=tuple((Outcome(word), n) for word, n in counted.outcomes.most_common()),
        causes=tuple(counted.causes.most_common()),
        senders=tuple(counted.senders.most_common(SHOWN)),
        relays=tuple(counted.relays.most_common(SHOWN)),
        sources=tuple(counted.sources.most_common()),
        histogram=tuple(counted.histogram(buckets)),
        bucket_us=bucket_us,
        since_us=since_us,
        until_us=until_us,
        is_brief=total > MOST_GROUPED,
    )


def count(conn: Connection, query: SearchQuery) -> int:
    """The exact number of rows; from the counts, where they can answer."""
    within = days.within(conn, query.since_us, query.until_us)
    by_slots = days.counted(conn) if can_answer(query.where) else set()
    walked = [day for day in within if day not in by_slots]
    selections = Selector(conn, query, slim=True).over(walked)
    return sum(_count_walked(conn, selection) for selection in selections) + sum(
        _count_day(conn, day, query) for day in within if day in by_slots
    )


def _count_day(conn: Connection, day: str, query: SearchQuery) -> int:
    whole = slots(days.start_of(day), query.since_us, query.until_us)
    if whole is None:
        return _count_walked(conn, select(conn, day, query, slim=True))
    conditions = Conditions(day, *whole.stored)
    statement = (
        f"SELECT coalesce(sum(d.deliveries), 0) FROM counts_{day} d "
        f"WHERE d.slot BETWEEN :low AND :high AND {conditions.write(query.where)}"
    )
    counted = int(fetch(conn, statement, conditions.parameters)[0][0])
    around = (select(conn, day, part, slim=True) for part in _around(query, day, whole))
    return counted + sum(_count_walked(conn, selection) for selection in around)


def _count_walked(conn: Connection, selection: Selection) -> int:
    selection = pruned(conn, selection)
    parts = selection.parts
    counted = unordered(parts[0]) if len(parts) == 1 else f"FROM ({union(parts)}) found"
    return int(fetch(conn, f"SELECT count(*) {counted}", selection.parameters)[0][0])


def _span(query: SearchQuery, of_days: Sequence[str]) -> tuple[int, int]:
    first = days.start_of(of_days[-1]) if of_days else 0
    last = days.start_of(of_days[0]) + DAY_US if of_days else DAY_US
    since_us = first if query.since_us is None else query.since_us
    until_us = last if query.until_us is None else query.until_us
    return since_us, max(until_us, since_us + 1)


def _buckets(since_us: int, until_us: int, buckets: int) -> tuple[int, int]:
    """Where the first bucket begins, and how long each is.

    Long ones begin with a slot of the counts. Then the first may begin before `since_us`, and
    the last takes what is left.
    """
    bucket_us = max(1, -(-(until_us - since_us) // buckets))
    if bucket_us < SLOT_US:
        return since_us, bucket_us
    return since_us // SLOT_US * SLOT_US, -(-bucket_us // SLOT_US) * SLOT_US


def _around(query: SearchQuery, day: str, whole: Slots) -> Iterator[SearchQuery]:
    """What the query asks of a day before and after some slots."""
    start_us = days.start_of(day)
    if query.since_us is not None and start_us < query.since_us < whole.since_us:
        yield replace(query, until_us=whole.since_us)
    if query.until_us is not None and whole.until_us < min(query.until_us, start_us + DAY_US):
        yield replace(query, since_us=whole.until_us)


class _Counted:
    """Counts, day by day."""

    def __init__(self, conn: Connection, since_us: int, bucket_us: int) -> None:
        self._conn = conn
        self._since_us, self._bucket_us = since_us, bucket_us
        self._names = sources.names(conn)
        self.messages = 0
        self.outcomes: Counter[str] = Counter()
        self.causes: Counter[str] = Counter()
        self.senders: Counter[str] = Counter()
        self.relays: Counter[str] = Counter()
        self.sources: Counter[str] = Counter()
        self._times: Counter[tuple[int, str]] = Counter()

    @property
    def has_one_source(self) -> bool:
        """Whether deliveries need not be asked where they came from."""
        return len(self._names) == 1

    def add(self, day: str, query: SearchQuery, *, by_slots: bool) -> None:
        """What came of the deliveries of a day, when, and who told."""
        whole = None
        if by_slots:
            whole = slots(days.start_of(day), query.since_us, query.until_us)
        if whole:
            self._add_slots(day, query, whole)
        for part in _around(query, day, whole) if whole else (query,):
            slim = select(self._conn, day, part, slim=self.has_one_source)
            self._add_walked(day, pruned(self._conn, slim))

    def _add_slots(self, day: str, query: SearchQuery, whole: Slots) -> None:
        conditions = Conditions(day, whole.first, whole.end - 1)
        wanted = conditions.write(query.where)
        statement = (
            "SELECT d.outcome, d.cause, d.source_id, (d.slot * :slot - :since) / :bucket,"
            f" sum(d.deliveries), sum(d.hops) FROM counts_{day} d"
            f" WHERE d.slot BETWEEN :low AND :high AND {wanted} GROUP BY 1, 2, 3, 4"
        )
        times = {"slot": SLOT_US, "since": self._since_us, "bucket": self._bucket_us}
        groups = fetch(self._conn, statement, {**conditions.parameters, **times})
        for outcome, cause, source, at, n, hops in groups:
            self._add_group(outcome, cause, source, at, n)
            self.messages += hops if asks_nothing(query.where) else 0
        if not asks_nothing(query.where):
            part = replace(query, since_us=whole.since_us, until_us=whole.until_us)
            self._add_messages(day, select(self._conn, day, part, slim=True))

    def _add_walked(self, day: str, selection: Selection) -> None:
        source_id, opened_us = "h.source_id", OPENED_US
        if selection.is_slim:  # a hop_id begins with the milliseconds of its opening
            source_id, opened_us = str(*self._names), f"(d.hop_id >> {ID_BITS}) * 1000"
        grouping = f"d.outcome, d.cause, {source_id}, ({opened_us} - :since) / :bucket"
        for group in self._groups(day, selection, grouping, "1, 2, 3, 4"):
            self._add_group(*group)
        self._add_messages(day, selection)

    def _add_group(self, outcome: str, cause: str, source: int, at: int, n: int) -> None:
        self.outcomes[outcome] += n
        self._times[at, outcome] += n
        self.sources[self._names[source]] += n
        if cause:
            self.causes[cause] += n

    def _add_messages(self, day: str, selection: Selection) -> None:
        statement = f"SELECT count(DISTINCT d.hop_id) FROM {_matched(day, selection)}"
        self.messages += fetch(self._conn, statement, selection.parameters)[0][0]

    def add_peers(self, day: str, selection: Selection) -> None:
        """Who sent, and which servers took."""
        for sender, n in self._groups(day, selection, "h.sender", "1"):
            if sender:
                self.senders[sender] += n
        for relay, n in self._groups(day, selection, "d.relay", "1"):
            if relay:
                self.relays[relay] += n

    def _groups(self, day: str, selection: Selection, columns: str, grouping: str) -> Rows:
        times = {"since": self._since_us, "bucket": self._bucket_us}
        matched = _matched(day, selection)
        statement = f"SELECT {columns}, count(*) FROM {matched} GROUP BY {grouping}"
        return fetch(self._conn, statement, {**selection.parameters, **times})

    def histogram(self, buckets: int) -> Iterator[Bucket]:
        """The buckets in order of time."""
        tones = [[0, 0, 0] for _ in range(buckets)]
        for (at, word), n in self._times.items():
            outcome = Outcome(word)
            tone = 2 if outcome in _BAD else 1 if outcome in _WAIT else 0
            tones[min(max(at, 0), buckets - 1)][tone] += n
        for number, counts in enumerate(tones):
            yield Bucket(self._since_us + number * self._bucket_us, *counts)


def _matched(day: str, selection: Selection) -> str:
    """After FROM: what is selected, each delivery once, as `d` and `h`."""
    if len(selection.parts) == 1:
        return unordered(selection.parts[0]).removeprefix("FROM ")
    return (
        f"({union(selection.parts)}) m "
        f"JOIN deliveries_{day} d ON d.hop_id = m.hop_id AND d.n = m.n "
        f"JOIN hops_{day} h ON h.hop_id = m.hop_id"
    )


def can_answer(node: Node) -> bool:
    """Whether what a query asks for can be read from the counts."""
    match node:
        case Term():
            return node.key in COUNTED_BY
        case And(items) | Or(items):
            return all(map(can_answer, items))
        case Not(item):
            return can_answer(item)


def asks_nothing(node: Node) -> bool:
    """Whether every delivery matches."""
    return isinstance(node, And) and not node.items
