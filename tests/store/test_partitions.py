"""On PostgreSQL the days are partitions of one table for all of them."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, inspect, text

from collectors.formats import parse_line
from tests import postgres
from tests.store.filling import ALL, LOGS, NOW_US, content, made, read, read_lines, without_parents
from tests.store.test_copying import LATER
from tracer.archive import sealing
from tracer.archive.files import Archive
from tracer.errors import StoreUnavailable
from tracer.store import day_making, days, deliveries, partitions, sealed
from tracer.store.driver import fetch
from tracer.store.engine import reading
from tracer.store.migrate import migrate
from tracer.store.partitions import PARENTS
from tracer.store.postgresql import WAIT_FOR_LOCK
from tracer.store.schema import day_tables

SCALING = Path(__file__).parents[2] / "docs/scaling.md"
DAY, OTHER = "20261122", "20261121"
NO_LONGER = text("SET LOCAL lock_timeout = 200")
"""Who waits for a lock longer than 0.2 s fails."""


@pytest.fixture
def store(server: str) -> Iterator[Engine]:
    """A store with mail of several days."""
    engine = made(postgres.database(server))
    read(engine, *LOGS)
    yield engine
    engine.dispose()


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(str(tmp_path / "archive"))


def attached(store: Engine) -> dict[str, list[str]]:
    """The days of each parent."""
    statement = (
        "SELECT right(inhrelid::regclass::text, 8) FROM pg_inherits WHERE inhparent = ?::regclass"
    )
    with store.connect() as conn:
        return {name: sorted(day for (day,) in fetch(conn, statement, (name,))) for name in PARENTS}


def live(store: Engine) -> list[str]:
    with store.connect() as conn:
        return sorted(days.live(conn))


def of_parents(conn: Connection) -> list[str]:
    """The tables for all days on which this transaction has a lock."""
    statement = (
        "SELECT relation::regclass::text FROM pg_locks WHERE pid = pg_backend_pid() "
        "AND relation = ANY(ARRAY['hops', 'deliveries', 'terms']::regclass[])"
    )
    return [name for (name,) in fetch(conn, statement, ())]


def test_parent_holds_what_its_days_hold(store: Engine) -> None:
    low, high = partitions.bounds(DAY)
    with store.connect() as conn:
        for name in PARENTS:
            each = [
                fetch(conn, f"SELECT count(*) FROM {name}_{day}", ()) for day in days.live(conn)
            ]
            assert fetch(conn, f"SELECT count(*) FROM {name}", ()) == [
                (sum(found[0][0] for found in each),)
            ]
        of_day = f"SELECT hop_id FROM hops WHERE hop_id >= {low} AND hop_id < {high} ORDER BY 1"
        assert fetch(conn, of_day, ()) == fetch(
            conn, f"SELECT hop_id FROM hops_{DAY} ORDER BY 1", ()
        )
        plan = str(fetch(conn, f"EXPLAIN {of_day}", ()))
    assert f"hops_{DAY}" in plan and OTHER not in plan, "only the day asked for is looked into"


def test_example_of_the_documentation_counts_failures_by_sender(store: Engine) -> None:
    example = SCALING.read_text("utf-8").partition("```sql\n")[2].partition("```")[0]
    of_day = (
        f"SELECT h.sender, count(*) FROM hops_{DAY} h JOIN deliveries_{DAY} d USING (hop_id) "
        "WHERE d.outcome IN ('bounced', 'expired', 'rejected') AND d.next_id = 0 GROUP BY h.sender"
    )
    with store.connect() as conn:
        told = fetch(conn, example, ())
        assert told and sorted(told) == sorted(fetch(conn, of_day, ()))


def test_parent_has_the_columns_of_a_day(store: Engine) -> None:
    with store.connect() as conn:
        for name in PARENTS:
            parent, day = (
                [(each["name"], str(each["type"])) for each in inspect(conn).get_columns(table)]
                for table in (name, f"{name}_{DAY}")
            )
            assert parent == day
            assert [key for key, _ in parent] == [
                column.name for column in getattr(day_tables(DAY), name).columns
            ]


def test_days_of_an_earlier_version_become_partitions(store: Engine) -> None:
    before, listed = content(store), attached(store)
    with store.begin() as conn:
        without_parents(conn)
        conn.execute(text("UPDATE alembic_version SET version_num = '0011_people'"))
    migrate(store)
    assert (content(store), attached(store)) == (before, listed)
    assert listed == dict.fromkeys(PARENTS, live(store))


def test_sealed_day_leaves_its_parents_and_comes_back(
    store: Engine, archive: Archive, tmp_path: Path
) -> None:
    before, whole = content(store), names_of_indexes(store)
    sealing.seal(store, archive, DAY, parse_line, NOW_US)
    assert DAY not in live(store)
    assert attached(store) == dict.fromkeys(PARENTS, live(store))
    sealing.restore(store, archive, DAY, parse_line)
    assert attached(store) == dict.fromkeys(PARENTS, live(store))
    assert content(store) == before
    sealing.seal(store, archive, DAY, parse_line, NOW_US)
    read_lines(store, tmp_path, LATER, name="late.log")
    assert DAY in attached(store)["hops"], "what came late has tables of its own"
    sealing.restore(store, archive, DAY, parse_line)
    assert len(content(store)) == len(before) + 1
    assert names_of_indexes(store) == whole
    sealing.seal(store, archive, DAY, parse_line, NOW_US)
    assert attached(store) == dict.fromkeys(PARENTS, live(store))


def names_of_indexes(store: Engine) -> set[str]:
    with store.connect() as conn:
        found = fetch(conn, "SELECT indexname FROM pg_indexes WHERE tablename LIKE ?", (f"%{DAY}",))
        return {name for (name,) in found}


def test_search_touches_no_parent(store: Engine) -> None:
    with reading(store).connect() as conn:
        assert list(deliveries.rows(conn, ALL))
        assert of_parents(conn) == []


def test_reader_of_another_day_neither_waits_nor_is_waited_for(
    store: Engine, archive: Archive
) -> None:
    asked = text(f"SELECT count(*) FROM hops_{OTHER}")
    with reading(store).connect() as conn, ThreadPoolExecutor(1) as pool:
        conn.execute(NO_LONGER)
        conn.execute(asked)  # and its transaction goes on
        sealing_it = pool.submit(sealing.seal, store, archive, DAY, parse_line, NOW_US)
        while not sealing_it.done():
            conn.execute(asked)
        assert sealing_it.result().hops


def test_day_that_is_read_by_the_parent_is_dropped_later_and_nobody_waits(
    store: Engine, archive: Archive
) -> None:
    low, high = partitions.bounds(OTHER)
    asked = text(f"SELECT count(*) FROM hops WHERE hop_id >= {low} AND hop_id < {high}")
    with store.connect() as first, store.connect() as later, ThreadPoolExecutor(1) as pool:
        first.execute(asked)  # a report that takes its time
        pid = fetch(first, "SELECT pg_backend_pid()", ())[0][0]
        sealing_it = pool.submit(sealing.seal, store, archive, DAY, parse_line, NOW_US)
        while not sealing_it.done():
            later.execute(NO_LONGER)
            later.execute(asked)
            later.rollback()
        with pytest.raises(StoreUnavailable, match=rf"{DAY} cannot be .*process.*\b{pid}\b.*again"):
            sealing_it.result()
    with store.connect() as conn:
        assert sealed.one(conn, DAY).state == "live"
    assert sealing.seal(store, archive, DAY, parse_line, NOW_US).hops


def test_new_day_waits_for_no_reader_of_the_parent(store: Engine) -> None:
    with store.connect() as reader:
        reader.execute(text("SELECT count(*) FROM hops"))
        with store.begin() as conn:
            conn.execute(text("SET LOCAL lock_timeout = 100"))
            day_making.ensure(conn, "20261130")
    assert "20261130" in attached(store)["deliveries"]


def test_waiting_as_long_as_it_takes_is_back_after_a_drop(store: Engine) -> None:
    with store.begin() as conn:
        day_making.drop(conn, DAY)
        assert conn.execute(text("SHOW lock_timeout")).scalar() == WAIT_FOR_LOCK
