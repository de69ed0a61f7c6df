"""The same facts give the same store: in any order, in any batches, any number of times."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from collectors.formats import parse_line
from collectors.gather import Gatherer
from collectors.header import HeadReader
from collectors.samples import sample_lines
from collectors.year import YearGuess
from collectors.zone import zone_named
from tests import postgres
from tests.store.filling import made, tables
from tracer.arrival import Batch
from tracer.fold import fold
from tracer.ingest import ingest
from tracer.model import DAY_US, Event, Progress
from tracer.store import day_making, days, schema
from tracer.store.engine import open_engine
from tracer.store.migrate import migrate

NOON_US = 20_000 * DAY_US + DAY_US // 2  # the sample then spans three UTC days

# A failing example is short, for it names events by number: shrinking it would take minutes.
QUICK = settings(
    max_examples=60, suppress_health_check=[HealthCheck.too_slow], phases=[Phase.generate]
)

Told = tuple[Event, str]


@cache
def real_events() -> tuple[Told, ...]:
    """Every event of the sample log with the host of its line, as a real Postfix logged them."""
    reader = HeadReader("mail.log", year=YearGuess(year=2024), zone=zone_named("UTC"))
    lines = reader.read_many(sample_lines(NOON_US), [])
    return tuple((e, line.host) for line in lines for e in parse_line(line) if e.queue_id)


@cache
def mails() -> tuple[tuple[Told, ...], ...]:
    """The events by Message-ID: every hop, notice and copy of a mail comes along."""
    of_hop: dict[tuple[str, str], list[Told]] = {}
    for told in real_events():
        of_hop.setdefault((told[0].host, told[0].queue_id), []).append(told)
    of_mail: dict[str, list[Told]] = {}
    for key, told_of_hop in of_hop.items():
        message_id = next((e.message_id for e, _ in told_of_hop if e.message_id), str(key))
        of_mail.setdefault(message_id, []).extend(told_of_hop)
    return tuple(tuple(told) for told in of_mail.values())


@cache
def mails_of_many_hops() -> tuple[tuple[tuple[Told, ...], ...], ...]:
    """The mails that went through three queues or more, by hop."""
    found = []
    for mail in mails():
        of_hop: dict[tuple[str, str], list[Told]] = {}
        for told in mail:
            of_hop.setdefault((told[0].host, told[0].queue_id), []).append(told)
        if len(of_hop) >= 3:
            found.append(tuple(tuple(hop) for hop in of_hop.values()))
    return tuple(found)


class OnPostgreSQL:
    """The same on a server: one database, emptied before each example."""

    def __init__(self, address: str) -> None:
        self.engine = made(address)

    def clear(self) -> None:
        with self.engine.begin() as conn:
            for day in days.live(conn):
                day_making.drop(conn, day)
            conn.execute(delete(schema.days))
            conn.execute(delete(schema.sources))

    def dump(self) -> dict[str, list[tuple[object, ...]]]:
        return tables(self.engine)


class Workplace:
    """One file and one engine for all examples: making them takes longer than filling them."""

    def __init__(self) -> None:
        self._folder = TemporaryDirectory()
        self.path = Path(self._folder.name) / "store.db"
        self.engine = open_engine(f"sqlite:///{self.path}")
        migrate(self.engine)
        self.engine.dispose()
        self._empty = self.path.read_bytes()

    def clear(self) -> None:
        self.engine.dispose()
        self.path.write_bytes(self._empty)

    def dump(self) -> dict[str, list[tuple[object, ...]]]:
        found = tables(self.engine)
        self.engine.dispose()
        return found


@pytest.fixture(scope="module")
def on_postgresql(server: str) -> Iterator[OnPostgreSQL]:
    place = OnPostgreSQL(postgres.database(server))
    yield place
    place.engine.dispose()


@cache
def workplace() -> Workplace:
    return Workplace()


def stored(
    batches: Iterable[Iterable[Told]],
    *,
    restart_every: int,
    place: Workplace | OnPostgreSQL | None = None,
) -> Mapping[str, object]:
    """What is in the store after these batches; a new process reads after every few of them."""
    place = place or workplace()
    place.clear()
    gatherer = Gatherer()
    for number, batch in enumerate(batches):
        if number % restart_every == 0:
            gatherer = Gatherer()
        for event, host in batch:
            gatherer.add(event, host)
        arrived = Batch(gatherer.take(), Progress("mail.log"))
        if number % 2 == 0:  # as from another process
            arrived.pack()
        ingest(place.engine, arrived, parse_line)
    return place.dump()


@QUICK
@given(data=st.data())
def test_order_batches_and_repetition_change_nothing(data: st.DataObject) -> None:
    chosen = data.draw(st.lists(st.sampled_from(range(len(mails()))), min_size=1, max_size=4))
    events = [told for number in sorted(set(chosen)) for told in mails()[number]]
    shuffled = data.draw(st.permutations(range(len(events))))
    repeated = data.draw(st.lists(st.sampled_from(range(len(events))), max_size=10))
    arriving = [events[number] for number in (*shuffled, *repeated)]
    size = data.draw(st.integers(1, len(arriving)))
    restart_every = data.draw(st.integers(1, 5))
    batches = [arriving[at : at + size] for at in range(0, len(arriving), size)]
    assert stored(batches, restart_every=restart_every) == stored([events], restart_every=1)


@QUICK
@given(data=st.data())
def test_hops_of_a_mail_may_come_in_any_order(data: st.DataObject) -> None:
    mail = mails_of_many_hops()[data.draw(st.sampled_from(range(len(mails_of_many_hops()))))]
    order = data.draw(st.permutations(range(len(mail))))
    together = [told for hop in mail for told in hop]
    assert stored([mail[number] for number in order], restart_every=1) == stored(
        [together], restart_every=1
    )


@QUICK
@given(data=st.data())
def test_order_changes_nothing_where_lines_are_missing_or_have_not_come_yet(
    data: st.DataObject,
) -> None:
    mail = mails_of_many_hops()[data.draw(st.sampled_from(range(len(mails_of_many_hops()))))]
    events = sorted((told for hop in mail for told in hop), key=lambda told: told[0].at_us)
    events = events[: data.draw(st.integers(1, len(events)))]
    missing = data.draw(st.sets(st.sampled_from(range(len(events))), max_size=3))
    there = [told for number, told in enumerate(events) if number not in missing] or events
    shuffled = data.draw(st.permutations(range(len(there))))
    size = data.draw(st.integers(1, len(there)))
    batches = [shuffled[at : at + size] for at in range(0, len(there), size)]
    arriving = [[there[number] for number in batch] for batch in batches]
    restart_every = data.draw(st.integers(1, 5))
    assert stored(arriving, restart_every=restart_every) == stored([there], restart_every=1)


@settings(QUICK, max_examples=8)
@given(data=st.data())
def test_order_batches_and_repetition_change_nothing_on_a_server(
    on_postgresql: OnPostgreSQL, data: st.DataObject
) -> None:
    mail = mails_of_many_hops()[data.draw(st.sampled_from(range(len(mails_of_many_hops()))))]
    events = [told for hop in mail for told in hop]
    shuffled = data.draw(st.permutations(range(len(events))))
    repeated = data.draw(st.lists(st.sampled_from(range(len(events))), max_size=10))
    arriving = [events[number] for number in (*shuffled, *repeated)]
    size = data.draw(st.integers(1, len(arriving)))
    batches = [arriving[at : at + size] for at in range(0, len(arriving), size)]
    assert stored(batches, restart_every=2, place=on_postgresql) == stored(
        [events], restart_every=1, place=on_postgresql
    )


def test_a_whole_log_read_twice_in_small_batches_equals_one_reading() -> None:
    events = real_events()
    small = [events[at : at + 997] for at in range(0, len(events), 997)]
    assert stored([*small, *small], restart_every=3) == stored([events], restart_every=1)


def test_a_whole_log_read_backwards_equals_one_reading() -> None:
    events = real_events()[::-1]
    backwards = [events[at : at + 2500] for at in range(0, len(events), 2500)]
    assert stored(backwards, restart_every=1) == stored([events], restart_every=1)


@given(data=st.data())
def test_folding_does_not_mind_order_or_repetition(data: st.DataObject) -> None:
    number = data.draw(st.sampled_from(range(len(mails()))))
    first = mails()[number][0][0]
    events = [e for e, _ in mails()[number] if (e.host, e.queue_id) == (first.host, first.queue_id)]
    shuffled = data.draw(st.permutations([*events, *events]))
    assert fold(shuffled) == fold(events)
