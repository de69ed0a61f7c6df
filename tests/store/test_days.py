"""A UTC day is the unit of storage."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, inspect

from tracer.fold import hop_id
from tracer.model import DAY_US, SECOND_US
from tracer.store import day_making, days
from tracer.store.engine import open_engine
from tracer.store.migrate import migrate
from tracer.store.schema import day_tables

NOON_US = 1_795_348_800_000_000  # 2026-11-22 12:00 UTC
MIDNIGHT_US = NOON_US - DAY_US // 2


@pytest.mark.parametrize(
    ("at_us", "day"),
    [
        (0, "19700101"),
        (NOON_US, "20261122"),
        (MIDNIGHT_US, "20261122"),
        (MIDNIGHT_US - 1, "20261121"),
        (1_709_164_800_000_000, "20240229"),
    ],
)
def test_time_belongs_to_its_utc_day(at_us: int, day: str) -> None:
    assert days.day_of(at_us) == day


@pytest.mark.parametrize("queue_id", ["4jXT3j4GS0zR8", "9AA0000001", "NOQUEUE/1"])
@pytest.mark.parametrize("at_us", [MIDNIGHT_US, MIDNIGHT_US - 1, NOON_US, MIDNIGHT_US - SECOND_US])
def test_hop_lives_in_the_day_it_was_opened(at_us: int, queue_id: str) -> None:
    assert days.day_of_hop(hop_id(at_us, "mx1", queue_id)) == days.day_of(at_us)


def test_first_id_parts_the_hops_before_a_time_from_those_after_it() -> None:
    border = days.first_id(NOON_US)
    assert hop_id(NOON_US - 1000, "mx1", "A") < border <= hop_id(NOON_US, "mx1", "A")


def test_start_of_a_day_is_its_midnight() -> None:
    assert days.start_of("20261122") == MIDNIGHT_US
    assert days.day_of(days.start_of("20240229")) == "20240229"


def test_span_holds_the_days_at_both_ends() -> None:
    assert days.span(MIDNIGHT_US - 1, NOON_US) == ("20261121", "20261122")
    assert days.span(NOON_US, NOON_US) == ("20261122",)
    assert days.span(NOON_US, NOON_US - DAY_US) == ()


def test_days_within_a_window_are_the_live_ones_newest_first(store: Engine) -> None:
    with store.begin() as conn:
        for day in ("20261120", "20261122", "20261123"):
            day_making.ensure(conn, day)
        day_making.ensure(conn, "20261122")
        assert days.live(conn) == ["20261123", "20261122", "20261120"]
        assert days.within(conn, None, None) == ["20261123", "20261122", "20261120"]
        assert days.within(conn, MIDNIGHT_US, NOON_US) == ["20261122"]
        assert days.within(conn, NOON_US, None) == ["20261123", "20261122"]
        assert days.within(conn, None, MIDNIGHT_US - 1) == ["20261120"]
        assert days.within(conn, MIDNIGHT_US - DAY_US, MIDNIGHT_US - 1) == []


def test_day_that_is_filled_in_bulk_gets_its_indexes_in_the_end(store: Engine) -> None:
    with store.begin() as conn:
        day_making.ensure(conn, "20261122")
        whole = indexes(conn, "20261122")
        day_making.ensure(conn, "20261123", bulk=True)
        assert indexes(conn, "20261123") < whole
        day_making.finish(conn, before="20261123")
        assert indexes(conn, "20261123") < whole
        day_making.finish(conn)
        assert indexes(conn, "20261123") == whole


def test_full_day_is_put_in_order_and_the_newest_waits_for_more(tmp_path: Path) -> None:
    store = open_engine(f"sqlite:///{tmp_path}/store.db")
    migrate(store)
    with store.begin() as conn:
        for day in ("20261121", "20261122"):
            day_making.ensure(conn, day, bulk=True)
        before = roots(conn)
        day_making.finish(conn)
        after = roots(conn)
    store.dispose()
    moved = {name for name, page in before.items() if after[name] != page}
    assert moved == {"hops_20261121", "deliveries_20261121"}


def roots(conn: Connection) -> dict[str, int]:
    """Where in the file each table begins, by name."""
    found = conn.exec_driver_sql("SELECT name, rootpage FROM sqlite_master WHERE type = 'table'")
    return {row.name: row.rootpage for row in found}


def indexes(conn: Connection, day: str) -> set[str]:
    """Names of the indexes of a day, without the day."""
    tables = [table.name for table in day_tables(day)]
    found = (str(index["name"]) for name in tables for index in inspect(conn).get_indexes(name))
    return {name.replace(day, "DAY") for name in found}
