"""Lines of neighbouring hops lie together, and each hop still has its own."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from tests.store.filling import LOGS, read, tables
from tracer.store import blocks, day_making, stays
from tracer.store.driver import fetch

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
    long = b"status=deferred " * blocks.OCTETS
    with store.begin() as conn:
        places = blocks.add(conn, day, [long, LINES[0]])
        assert blocks.read(conn, day, places) == {places[0]: long, places[1]: LINES[0]}


def test_stays_written_again_without_lines_keep_theirs(store: Engine) -> None:
    read(store, *LOGS)
    before = tables(store)
    with store.begin() as conn:
        for day in ("20261120", "20261121", "20261122"):
            loaded = stays.load(conn, stays.of_day(conn, day))
            assert not any(stay.packed for stay in loaded)
            stays.save(conn, loaded)
    assert tables(store) == before
