"""Numbers about the store, in both databases; checkpoints too."""

from __future__ import annotations

from sqlalchemy import Connection, Engine

from tests.store.filling import LOGS, read
from tracer.model import DAY_US
from tracer.store import checkpoints, days, sources
from tracer.store.checkpoints import Checkpoint, Followed
from tracer.store.measures import measures, outcomes


def test_numbers_are_those_of_the_store(conn: Connection) -> None:
    found = measures(conn, 0)
    assert [one.name for one in found.sources] == ["mx1.log", "mx2.log"]
    assert found.octets > 10_000
    assert found.jobs == found.receipts == found.dead_letters == {}
    assert set(found.days) <= {"live", "loading"}


def test_outcomes_are_those_since_a_time(store: Engine) -> None:
    read(store, *LOGS)
    with store.connect() as conn:
        last_us = sources.freshness(conn)[0].complete_until_us or 0
        every = outcomes(conn, 0)
        assert sum(every.values()) > 5
        assert outcomes(conn, last_us + DAY_US) == {}
        late = outcomes(conn, days.start_of(days.day_of(last_us)))
        assert 0 < sum(late.values()) <= sum(every.values())


def test_checkpoints_are_kept_and_forgotten(store: Engine) -> None:
    one = Checkpoint("a", "mx1", "/log", "fd:1", 2**40, 1024, "x" * 64, None, 5, 100)
    other = Checkpoint("b", "mx2", "/log", "fd:1", seen_us=50)
    with store.begin() as conn:
        checkpoints.save(conn, [one, other])
        checkpoints.save(conn, [Checkpoint("a", "mx1", "/log.1", "fd:1", 7, seen_us=101)])
        (found,) = checkpoints.load(conn, "mx1")
        assert (found.path, found.offset) == ("/log.1", 7)
        assert checkpoints.forget(conn, "mx2", 50) == 0
        assert checkpoints.forget(conn, "mx2", 51) == 1
        checkpoints.note(conn, Followed("mx1", 5, 1, 2, 3, "why"))
        checkpoints.note(conn, Followed("mx1", 6, 1, 0, 4))
        assert checkpoints.every(conn) == {"mx1": Followed("mx1", 6, 1, 0, 7)}
