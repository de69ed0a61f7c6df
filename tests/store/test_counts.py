"""Counts stand beside the rows they count, and answer as the rows would."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, text

from collectors.batches import steps
from collectors.files import expand
from collectors.formats import parse_line
from collectors.plan import Plan
from tests.store.filling import ALL, LOGS, asked, found, read, read_lines
from tracer.ingest import finish, finish_full, ingest
from tracer.model import SECOND_US
from tracer.query import parse_query
from tracer.store import days, deliveries
from tracer.store.counts import SLOT_US, WHOLE_DAY, add_sums, recount, slots
from tracer.store.summary import can_answer


def counts(conn: Connection) -> list[Any]:
    return [
        (day, *values)
        for day in days.live(conn)
        for values in conn.execute(text(f"SELECT * FROM counts_{day} ORDER BY 1, 2, 3, 4"))
    ]


def recounted(engine: Engine) -> list[Any]:
    with engine.begin() as conn:
        for day in days.live(conn):
            recount(conn, day)
        return counts(conn)


def test_counts_kept_while_reading_are_those_of_the_rows(store: Engine) -> None:
    for log in LOGS:
        read(store, log)
    with store.connect() as conn:
        kept = counts(conn)
        every = len(found(conn, ""))
        assert sum(values[5] for values in kept if values[1] != WHOLE_DAY) == every
        assert sum(values[5] for values in kept if values[1] == WHOLE_DAY) == every
    assert kept == recounted(store)


def test_counts_follow_a_delivery_that_changes(store: Engine, tmp_path: Path) -> None:
    lines = LOGS[0].read_text("utf-8").splitlines()
    for number, line in enumerate(lines):
        read_lines(store, tmp_path, [line], f"{number}.log")
    with store.connect() as conn:
        kept = counts(conn)
    assert all(values[5] > 0 for values in kept)
    assert kept == recounted(store)


def test_bulk_counts_a_day_when_it_is_full(store: Engine) -> None:
    plan = Plan(tuple(expand([str(log) for log in LOGS])[0]), zone="UTC")
    for step in steps(plan):
        ingest(store, step.batch, parse_line, bulk=True)
        finish_full(store, step.batch)
    with store.connect() as conn:
        newest = days.live(conn)[0]
        assert newest not in {day for day, *_ in counts(conn)}
        walked = deliveries.summary(conn, ALL, buckets=12)
    finish(store)
    with store.connect() as conn:
        assert deliveries.summary(conn, ALL, buckets=12) == walked
        kept = counts(conn)
    assert newest in {day for day, *_ in kept}
    assert kept == recounted(store)


RANGES: Iterable[str] = (
    "",
    "since:2026-11-21 until:2026-11-23",
    "since:2026-11-22T08:07:03 until:2026-11-22T09:33:59",
    "since:2026-11-22T09:01 until:2026-11-22T09:02",
    "since:2026-11-20T10:20 until:2026-11-22T08:30",
)


@pytest.mark.parametrize("when", RANGES)
@pytest.mark.parametrize("what", ["", "status:failed", "-status:delivered", "cause:*"])
def test_what_is_counted_beforehand_is_what_a_walk_finds(
    conn: Connection, when: str, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = asked(f"{what} {when}")
    counted = deliveries.summary(conn, query, buckets=12)
    total = deliveries.count(conn, query)
    monkeypatch.setattr("tracer.store.summary.can_answer", lambda _where: False)
    assert counted == deliveries.summary(conn, query, buckets=12)
    assert counted.total == total == len(found(conn, f"{what} {when}"))


@pytest.mark.parametrize(
    ("query", "can"),
    [
        ("", True),
        ("status:failed", True),
        ("status:failed -cause:mailbox_full", True),
        ("(status:bounced OR cause:greylisted)", True),
        ("status:failed to:anna@corp.example", False),
        ("relay:mx.example", False),
        ("word", False),
    ],
)
def test_counts_answer_for_outcomes_and_causes_only(query: str, can: bool) -> None:
    where = parse_query(query, now_us=0).where
    assert can_answer(where) is can


def test_only_whole_slots_of_the_day_are_taken() -> None:
    noon = 144 * SLOT_US // 2
    assert slots(0, None, None) == (0, 144)
    assert slots(0, noon + 1, noon + 3 * SLOT_US) == (73, 75)
    assert slots(0, noon + SECOND_US, noon + 2 * SECOND_US) is None
    assert slots(0, -SLOT_US, 999 * SLOT_US) == (0, 144)


def test_days_without_counts_get_them_by_the_next_reading(store: Engine) -> None:
    read(store, *LOGS)
    with store.begin() as conn:
        kept = counts(conn)
        for day in days.live(conn):
            conn.execute(text(f"DELETE FROM counts_{day}"))
            conn.execute(text(f"DROP INDEX ix_deliveries_{day}_cause"))
        conn.execute(text("UPDATE days SET state = 'loading'"))  # as migration 0005 leaves them
    with store.connect() as conn:
        assert counts(conn) == []
        assert deliveries.count(conn, ALL) == len(found(conn, ""))
    finish(store)
    with store.connect() as conn:
        assert counts(conn) == kept


def test_sums_of_days_can_be_added_to_counts_that_lack_them(store: Engine) -> None:
    read(store, *LOGS)
    with store.begin() as conn:
        kept = counts(conn)
        for day in days.live(conn):
            conn.execute(text(f"DELETE FROM counts_{day} WHERE slot = {WHOLE_DAY}"))
            add_sums(conn, day)
        assert counts(conn) == kept
