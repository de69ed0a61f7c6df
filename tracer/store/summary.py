"""What a result holds: how many of what, and when."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection

from tracer.model import DAY_US, Outcome
from tracer.query import SearchQuery
from tracer.store import days, sources
from tracer.store.driver import fetch
from tracer.store.selection import Selection, select, union

SHOWN = 5
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

    Senders and relays are the first five only. `histogram` has a bucket for every stretch
    of `bucket_us` from `since_us` to `until_us`, the empty ones too.
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


def summary(conn: Connection, query: SearchQuery, *, buckets: int) -> Summary:
    """Count everything the query matches, exactly."""
    selections = [
        (day, select(day, query)) for day in days.within(conn, query.since_us, query.until_us)
    ]
    since_us, until_us = _span(query, [day for day, _ in selections])
    bucket_us = max(1, -(-(until_us - since_us) // buckets))
    counted = _Counted(sources.names(conn))
    for day, selection in selections:
        counted.add(conn, day, selection, since_us, bucket_us)
    return Summary(
        total=sum(counted.outcomes.values()),
        messages=counted.messages,
        outcomes=tuple((Outcome(word), n) for word, n in counted.outcomes.most_common()),
        causes=tuple(counted.causes.most_common()),
        senders=tuple(counted.senders.most_common(SHOWN)),
        relays=tuple(counted.relays.most_common(SHOWN)),
        sources=tuple(counted.sources.most_common()),
        histogram=tuple(counted.histogram(since_us, bucket_us, buckets)),
        bucket_us=bucket_us,
        since_us=since_us,
        until_us=until_us,
    )


def _span(query: SearchQuery, of_days: Sequence[str]) -> tuple[int, int]:
    first = days.start_of(of_days[-1]) if of_days else 0
    last = days.start_of(of_days[0]) + DAY_US if of_days else DAY_US
    since_us = first if query.since_us is None else query.since_us
    until_us = last if query.until_us is None else query.until_us
    return since_us, max(until_us, since_us + 1)


class _Counted:
    """Counts, day by day."""

    def __init__(self, names: Mapping[int, str]) -> None:
        self._names = names
        self.messages = 0
        self.outcomes: Counter[str] = Counter()
        self.causes: Counter[str] = Counter()
        self.senders: Counter[str] = Counter()
        self.relays: Counter[str] = Counter()
        self.sources: Counter[str] = Counter()
        self._times: Counter[tuple[int, str]] = Counter()

    def add(
        self, conn: Connection, day: str, selection: Selection, since_us: int, bucket_us: int
    ) -> None:
        parameters = {**selection.parameters, "since": since_us, "bucket": bucket_us}
        matched = _matched(day, selection)

        def rows(columns: str, grouping: str) -> Iterator[Sequence[Any]]:
            statement = f"SELECT {columns} FROM {matched} GROUP BY {grouping}"
            yield from fetch(conn, statement, parameters)

        times = "(h.opened_us - :since) / :bucket"
        grouping = f"d.outcome, d.cause, h.source_id, {times}"
        for outcome, cause, source, at, n in rows(f"{grouping}, count(*)", grouping):
            self.outcomes[outcome] += n
            self._times[at, outcome] += n
            self.sources[self._names[source]] += n
            if cause:
                self.causes[cause] += n
        for sender, n in rows("h.sender, count(*)", "h.sender_key"):
            if sender:
                self.senders[sender] += n
        for relay, n in rows("d.relay, count(*)", "d.relay"):
            if relay:
                self.relays[relay] += n
        statement = f"SELECT count(DISTINCT d.hop_id) FROM {matched}"
        self.messages += fetch(conn, statement, parameters)[0][0]

    def histogram(self, since_us: int, bucket_us: int, buckets: int) -> Iterator[Bucket]:
        tones = [[0, 0, 0] for _ in range(buckets)]
        for (at, word), n in self._times.items():
            outcome = Outcome(word)
            tone = 2 if outcome in _BAD else 1 if outcome in _WAIT else 0
            tones[min(max(at, 0), buckets - 1)][tone] += n
        for number, counts in enumerate(tones):
            yield Bucket(since_us + number * bucket_us, *counts)


def _matched(day: str, selection: Selection) -> str:
    """After FROM: what is selected, each delivery once, as `d` and `h`."""
    if len(selection.parts) == 1:
        return selection.parts[0].removeprefix("FROM ").rpartition(" ORDER BY ")[0]
    return (
        f"({union(selection.parts)}) m "
        f"JOIN deliveries_{day} d ON d.hop_id = m.hop_id AND d.n = m.n "
        f"JOIN hops_{day} h ON h.hop_id = m.hop_id"
    )
