"""Lines of neighbouring hops lie together, and each hop still has its own."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from collectors.batches import steps
from collectors.files import expand
from collectors.formats import parse_line
from collectors.plan import Plan
from tests.store.filling import LOGS, content, read, tables
from tracer.arrival import Arrival, Batch
from tracer.ingest import ingest
from tracer.store import blocks, day_making, days, stays
from tracer.store.driver import change, fetch
from tracer.store.line_blocks import OCTETS

DAY = "20261122"
LINES = [f"lines of hop {n}, which are like those of others".encode() * 40 for n in range(500)]


@pytest.fixture
def day(store: Engine) -> str:
    with store.begin() as conn:
        day_making.ensure(conn, DAY)
    return DAY


def test_lines_come_back_from_the_places_they_were_given(store: Engine, day: str) -> None:
    with store.begin() as conn:
        places = blocks.add(conn, day, LINES)
        assert len(set(places)) == len(LINES)
        assert fetch(conn, f"SELECT count(*) FROM lines_{day}", ())[0][0] > 1
        assert blocks.read(conn, day, places) == dict(zip(places, LINES, strict=True))
        assert blocks.read(conn, day, places[7:9]) == {places[7]: LINES[7], places[8]: LINES[8]}


def test_place_that_was_given_up_is_empty_and_its_neighbours_stay(store: Engine, day: str) -> None:
    with store.begin() as conn:
        places = blocks.add(conn, day, LINES)
        blocks.remove(conn, day, places[3:5])
        left = places[:3] + places[5:]
        assert blocks.read(conn, day, places).keys() == set(left)
        assert blocks.read(conn, day, [places[5]]) == {places[5]: LINES[5]}


def test_block_goes_with_its_last_hop_and_its_number_is_free(store: Engine, day: str) -> None:
    with store.begin() as conn:
        places = blocks.add(conn, day, LINES[:10])
        blocks.remove(conn, day, places)
        assert not blocks.has_any(conn, day)
        again = blocks.add(conn, day, LINES[10:20])
        assert blocks.read(conn, day, again) == dict(zip(again, LINES[10:20], strict=True))


def test_a_hop_without_lines_has_no_place(store: Engine, day: str) -> None:
    with store.begin() as conn:
        assert blocks.read(conn, day, [blocks.NOWHERE]) == {}
        blocks.remove(conn, day, [blocks.NOWHERE])


def test_hop_with_very_many_lines_has_a_block_of_its_own_size(store: Engine, day: str) -> None:
    long = b"status=deferred " * OCTETS
    with store.begin() as conn:
        places = blocks.add(conn, day, [long, LINES[0]])
        assert blocks.read(conn, day, places) == {places[0]: long, places[1]: LINES[0]}


def test_damaged_blocks_cost_no_message_and_reading_again_replaces_them(
    store: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    read(store, *LOGS)
    rows, lines = content(store), _lines(store)
    assert all(lines.values())
    with store.begin() as conn:
        for day in days.live(conn):
            change(conn, f"UPDATE lines_{day} SET packed = ?", (b"\1damaged",))
    assert content(store) == rows
    assert not any(_lines(store).values())
    assert "read that day's log again" in caplog.text
    read(store, *LOGS)
    assert content(store) == rows
    assert _lines(store) == lines


def _lines(store: Engine) -> dict[int, bytes]:
    """What is kept of each hop's lines."""
    with store.connect() as conn:
        hops = [hop_id for day in days.live(conn) for hop_id in stays.of_day(conn, day)]
        return {stay.hop.hop_id: stay.packed for stay in stays.load(conn, hops, packed=True)}


def test_stays_written_again_without_lines_keep_theirs(store: Engine) -> None:
    read(store, *LOGS)
    before = tables(store)
    with store.begin() as conn:
        for day in ("20261120", "20261121", "20261122"):
            loaded = stays.load(conn, stays.of_day(conn, day))
            assert not any(stay.packed for stay in loaded)
            stays.save(conn, loaded)
    assert tables(store) == before


def _arrivals() -> list[Arrival]:
    inputs, _ = expand([str(log) for log in LOGS])
    return [one for step in steps(Plan(tuple(inputs), zone="UTC")) for one in step.batch.arrivals]


def _packed(arrivals: list[Arrival]) -> Batch:
    batch = Batch(arrivals, None)
    batch.pack()
    assert not any(one.lines for one in batch.arrivals)
    return batch


def test_blocks_that_came_packed_are_stored_as_they_are(store: Engine) -> None:
    batch = _packed(_arrivals())
    ingest(store, batch, parse_line)
    with store.connect() as conn:
        days = {day for (day,) in fetch(conn, "SELECT day FROM days", ())}
        kept = [
            row[0] for day in days for row in fetch(conn, f"SELECT packed FROM lines_{day}", ())
        ]
    assert {block.packed for block in batch.blocks} <= {bytes(packed) for packed in kept}


def test_lines_that_came_packed_are_the_same_in_the_store(store: Engine) -> None:
    ingest(store, Batch(_arrivals(), None), parse_line)
    plain = tables(store)
    known = ingest(store, _packed(_arrivals()), parse_line)
    assert known == sum(one.n_events for one in _arrivals())
    assert tables(store) == plain


def test_of_a_packed_block_only_what_is_new_is_stored(store: Engine) -> None:
    ingest(store, Batch(_arrivals()[::3], None), parse_line)
    known = ingest(store, _packed(_arrivals()), parse_line)
    assert known == sum(one.n_events for one in _arrivals()[::3])
    by_parts = tables(store)
    with store.begin() as conn:
        for (day,) in fetch(conn, "SELECT day FROM days", ()):
            stays.delete(conn, stays.load(conn, stays.of_day(conn, day), packed=True))
    ingest(store, Batch(_arrivals(), None), parse_line)
    assert tables(store) == by_parts
