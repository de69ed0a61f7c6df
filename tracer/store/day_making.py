"""How the tables of a UTC day come and go."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import Connection, Index
from sqlalchemy.schema import CreateIndex, CreateTable, DropIndex, DropTable

from tracer.store import citus, counts, partitions, postgresql, refilling, words
from tracer.store.driver import Rows, fetch, is_postgresql
from tracer.store.plain import reading_plainly
from tracer.store.schema import day_tables, days
from tracer.store.states import LATE, LIVE, LOADING, SEALED

NEEDED_WHILE_WRITING = "queue_id"
_LOADING = "SELECT day FROM days WHERE state = ? AND day < ? ORDER BY day"


def ensure(conn: Connection, day: str, *, bulk: bool = False) -> None:
    """Create the tables of a day, unless they exist; of one that is sealed, for what came late.

    With `bulk` the indexes that only searches need come when the day is full (`finish`):
    building them at once takes a third of the time that growing them takes, and they
    come out smaller. Searches work meanwhile, by walking the day.
    """
    found = fetch(conn, "SELECT state FROM days WHERE day = ?", (day,))  # once a batch
    state = found[0][0] if found else None
    if state is None:
        _create(conn, day, bulk=bulk)
        conn.execute(days.insert().values(day=day, state=LOADING if bulk else LIVE))
    elif state == SEALED:
        _create(conn, day)
        _turn(conn, day, LATE)


def revive(conn: Connection, day: str) -> None:
    """Give a sealed day empty tables, to be filled as by a bulk; what came late is in them no more.

    PostgreSQL's are emptied where there are any: they are filled in the same transaction, which
    is long, and dropping them would keep all who read the parents waiting until its end.
    """
    found = fetch(conn, "SELECT state FROM days WHERE day = ?", (day,))
    if is_postgresql(conn) and found == [(LATE,)]:
        partitions.patiently(conn, day, lambda: _empty(conn, day))
    else:
        drop(conn, day)
        _create(conn, day, bulk=True)
    _turn(conn, day, LOADING)


def drop(conn: Connection, day: str) -> None:
    """Drop the tables of a day, if it has any.

    Raises StoreUnavailable where others keep reading them (PostgreSQL).
    """
    if is_postgresql(conn):
        partitions.patiently(conn, day, lambda: _drop(conn, day))
    else:
        words.drop(conn, day)
        _drop(conn, day)


def _drop(conn: Connection, day: str) -> None:
    for table in day_tables(day):
        conn.execute(DropTable(table, if_exists=True))


def _empty(conn: Connection, day: str) -> None:
    """Leave of a day in PostgreSQL what a bulk begins with."""
    tables = day_tables(day)
    conn.exec_driver_sql(f"TRUNCATE {', '.join(table.name for table in tables)}")
    conn.exec_driver_sql(f"DROP INDEX IF EXISTS {postgresql.index_of_words(tables.hops.name)}")
    for table in tables:
        for index in table.indexes:
            if not _is_for_writing(index):
                conn.execute(DropIndex(index, if_exists=True))


def _create(conn: Connection, day: str, *, bulk: bool = False) -> None:
    for table in day_tables(day):
        conn.execute(CreateTable(table))
        for index in table.indexes:
            if not bulk or _is_for_writing(index):
                index.create(conn)
    if is_postgresql(conn):
        postgresql.keep_as_it_is(conn, f"lines_{day}", "packed")
        partitions.attach(conn, day)
    citus.spread_day(conn, day)
    if not bulk:
        _index_words(conn, day)


def _is_for_writing(index: Index) -> bool:
    return index.columns.keys() == [NEEDED_WHILE_WRITING]


def _turn(conn: Connection, day: str, state: str) -> None:
    conn.execute(days.update().where(days.c.day == day).values(state=state))


def finish(conn: Connection, *, before: str = "99999999", is_committed: bool = False) -> None:
    """Give the days before this one the indexes and the counts they still lack.

    The newest of all is not put in order: as a rule there is more of it to come. With
    `is_committed`, which says that this transaction has not written to them, an SQLite file is
    counted by another connection while their indexes are built.
    """
    ((newest,),) = fetch(conn, "SELECT max(day) FROM days", ())
    path = _file_of(conn) if is_committed else ""
    with ThreadPoolExecutor(max_workers=1) as beside:
        for (day,) in fetch(conn, _LOADING, (LOADING, before)):
            counting = beside.submit(_count, path, day) if path else None
            if day != newest:
                refilling.refill(conn, day)
            index(conn, day)
            counts.put(conn, day, counting.result() if counting else counts.walk(conn, day))
            _turn(conn, day, LIVE)


def _file_of(conn: Connection) -> str:
    """The SQLite file that `conn` writes to; "" where there is none."""
    database = conn.engine.url.database or ""  # the whole address has it with marks for blanks
    return "" if is_postgresql(conn) or database == ":memory:" else database


def _count(path: str, day: str) -> Rows:
    with reading_plainly(path) as conn:
        return counts.walk(conn, day)


def index(conn: Connection, day: str) -> None:
    """Give a day the indexes that it still lacks."""
    for table in day_tables(day):
        for one in table.indexes:
            conn.execute(CreateIndex(one, if_not_exists=True))
    _index_words(conn, day)


def _index_words(conn: Connection, day: str) -> None:
    if is_postgresql(conn) and postgresql.has_trigrams(conn):
        postgresql.index_words(conn, f"hops_{day}")
    else:
        words.create(conn, day)
