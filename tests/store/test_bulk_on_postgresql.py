"""What a bulk asks of PostgreSQL, and what it gives back at its end."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Event

import pytest
from sqlalchemy import Connection, Engine, text

from collectors.batches import steps
from collectors.files import expand
from collectors.formats import parse_line
from collectors.plan import Plan
from tests import postgres
from tests.store.filling import LOGS, content, made, read
from tracer.ingest import finish, ingest
from tracer.store import day_making
from tracer.store.driver import behind, change
from tracer.store.engine import open_engine
from tracer.store.migrate import migrate

DAY = "20261122"
_FROM_VACUUM = "SELECT count(*) FROM pg_class WHERE 'autovacuum_enabled=false' = ANY(reloptions)"
_WRITTEN = "SELECT pg_current_wal_insert_lsn()"
_FLUSHED = "SELECT pg_current_wal_flush_lsn() >= '{}'"


@pytest.fixture
def bulk(server: str) -> Iterator[Engine]:
    engine = open_engine(postgres.database(server), bulk=True)
    migrate(engine)
    yield engine
    engine.dispose()


def _said(conn: Connection, statement: str) -> object:
    return conn.execute(text(statement)).scalar()


def test_days_are_left_alone_until_they_are_full(bulk: Engine) -> None:
    with bulk.begin() as conn:
        day_making.ensure(conn, DAY, bulk=True)
        assert _said(conn, _FROM_VACUUM) == 6
    finish(bulk)
    with bulk.begin() as conn:
        assert _said(conn, _FROM_VACUUM) == 0


def test_a_batch_does_not_wait_for_the_disk_but_the_end_does(bulk: Engine) -> None:
    with bulk.begin() as conn:
        assert _said(conn, "SHOW synchronous_commit") == "off"
        day_making.ensure(conn, DAY, bulk=True)
        written = _said(conn, _WRITTEN)
    finish(bulk)
    with bulk.begin() as conn:
        assert _said(conn, _FLUSHED.format(written))


def test_the_end_is_waited_for_even_if_nothing_is_left_to_do(bulk: Engine) -> None:
    with bulk.begin() as conn:
        conn.execute(text("CREATE TABLE noted (n int)"))
        written = _said(conn, _WRITTEN)
    finish(bulk)
    with bulk.begin() as conn:
        assert _said(conn, _FLUSHED.format(written))


def test_a_day_has_the_same_indexes_and_counts_as_one_filled_slowly(
    bulk: Engine, server: str
) -> None:
    slowly = made(postgres.database(server))
    read(slowly, *LOGS)
    inputs, _ = expand([str(log) for log in LOGS])
    for step in steps(Plan(tuple(inputs), zone="UTC")):
        ingest(bulk, step.batch, parse_line, bulk=True)
    finish(bulk)
    assert _shape(bulk) == _shape(slowly)
    assert content(bulk) == content(slowly)
    slowly.dispose()


def _shape(engine: Engine) -> tuple[list[object], list[object]]:
    with engine.begin() as conn:
        found = conn.execute(text("SELECT indexdef FROM pg_indexes ORDER BY 1")).all()
        counted = conn.execute(text(f"SELECT * FROM counts_{DAY} ORDER BY 1, 2, 3, 4")).all()
    return list(found), list(counted)


def test_calls_are_done_in_their_order_beside_the_caller(bulk: Engine) -> None:
    done: list[object] = []
    may_begin = Event()

    def first() -> None:
        assert may_begin.wait(10)
        done.append(1)

    with bulk.begin() as conn, behind(conn) as do:
        do(first)
        do(done.append, 2)
        done.append(0)
        may_begin.set()
    assert done == [0, 1, 2]


def test_what_a_call_raises_is_raised_at_the_end(bulk: Engine) -> None:
    def fail() -> None:
        raise ValueError("as told")

    with pytest.raises(ValueError, match="as told"), bulk.begin() as conn:
        with behind(conn) as do:
            do(change, conn, "CREATE TABLE gone (n int)")
            do(fail)
    with bulk.begin() as conn:
        assert not _said(conn, "SELECT count(*) FROM pg_class WHERE relname = 'gone'")
