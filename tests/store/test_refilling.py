"""A day whose rows are written once more holds the same, and is searched as before."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine

from tests.store.filling import LOGS, empty, found, read, tables
from tracer.store import days, words
from tracer.store.driver import change, fetch
from tracer.store.refilling import refill

REFILLED = ("deliveries", "hops")


@pytest.fixture
def full(tmp_path: Path) -> Iterator[Engine]:
    """A store with days that hold mail and have their indexes."""
    engine = empty(tmp_path)
    read(engine, *LOGS)
    yield engine
    engine.dispose()


def roots(conn: Connection) -> dict[str, int]:
    return dict(fetch(conn, "SELECT name, rootpage FROM sqlite_master WHERE rootpage > 0", ()))


def test_rows_and_indexes_are_as_before_in_other_pages(full: Engine) -> None:
    before = tables(full)
    with full.begin() as conn:
        old, listed = roots(conn), days.live(conn)
        for day in listed:
            refill(conn, day)
        new = roots(conn)
    moved = {name for name in old if old[name] != new[name]}
    assert moved == {f"{name}_{day}" for name in REFILLED for day in listed}
    assert set(new) == set(old)
    assert tables(full) == before
    with full.connect() as conn:
        assert fetch(conn, "PRAGMA integrity_check", ()) == [("ok",)]
        assert fetch(conn, "PRAGMA writable_schema", ()) == [(0,)]


def test_another_connection_that_knew_the_old_pages_reads_the_new_ones(full: Engine) -> None:
    with full.connect() as other, full.begin() as conn:
        rows = found(other, "")
        other.rollback()
        for day in days.live(conn):
            refill(conn, day)
        assert found(other, "") == rows  # nothing is seen before it is committed
        other.rollback()
        conn.commit()
        assert found(other, "") == rows


def test_what_is_not_committed_leaves_everything_where_it_was(full: Engine) -> None:
    before = tables(full)
    with full.connect() as conn:
        old = roots(conn)
        with pytest.raises(_Cut), conn.begin():
            for day in days.live(conn):
                refill(conn, day)
            raise _Cut
        assert roots(conn) == old
    assert tables(full) == before
    assert read(full, *LOGS) > 0  # written to as before
    assert tables(full) == before
    with full.connect() as conn:
        assert fetch(conn, "PRAGMA integrity_check", ()) == [("ok",)]


def test_index_of_words_keeps_what_the_same_transaction_told_it(full: Engine) -> None:
    with full.begin() as conn:
        day, *_ = days.live(conn)
        words.create(conn, day)
        known = subjects(conn, day)
        assert known
        enter(conn, day, 1, "before it")
        refill(conn, day)
        enter(conn, day, 2, "after that")
    with full.connect() as conn:
        assert subjects(conn, day) == known
        for slot, text in ((1, "bef"), (2, "aft")):
            asked = f"SELECT rowid FROM words_{day} WHERE words_{day} MATCH ?"
            assert fetch(conn, asked, (f'"{text}"',)) == [(slot,)]


def enter(conn: Connection, day: str, slot: int, text: str) -> None:
    change(conn, f"INSERT INTO words_{day} (rowid, subject) VALUES (?, ?)", (slot, text))


def subjects(conn: Connection, day: str) -> list[Any]:
    found = f"SELECT rowid FROM words_{day} WHERE words_{day} MATCH 'rep' ORDER BY rowid"
    return fetch(conn, found, ())


def test_where_sqlite_guards_its_list_the_day_stays_as_it_is(full: Engine) -> None:
    before = tables(full)
    with full.begin() as conn:
        old = roots(conn)
        for day in days.live(conn):
            guarded(conn, partial(refill, conn, day))
        assert roots(conn) == old
    assert tables(full) == before


def guarded(conn: Connection, work: Callable[[], object]) -> None:
    """Do something while the pragma does nothing, as under SQLITE_DBCONFIG_DEFENSIVE."""
    driver: Any = conn.connection.driver_connection

    def refuse(action: int, one: str | None, other: str | None, *_: object) -> int:
        is_switch = action == sqlite3.SQLITE_PRAGMA and one == "writable_schema" and other == "ON"
        return sqlite3.SQLITE_IGNORE if is_switch else sqlite3.SQLITE_OK

    driver.set_authorizer(refuse)
    try:
        work()
    finally:
        driver.set_authorizer(None)


class _Cut(Exception):
    pass
