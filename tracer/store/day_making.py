"""How the tables of a UTC day come and go."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor

from sqlalchemy import Connection, Engine, Index
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
        if bulk:
            postgresql.leave_alone(conn, _names(day), a_while=True)
    citus.spread_day(conn, day)
    if not bulk:
        _index_words(conn, day)


def _names(day: str) -> list[str]:
    return [table.name for table in day_tables(day)]


def _is_for_writing(index: Index) -> bool:
    return index.columns.keys() == [NEEDED_WHILE_WRITING]


def _turn(conn: Connection, day: str, state: str) -> None:
    conn.execute(days.update().where(days.c.day == day).values(state=state))


def finish(conn: Connection, *, before: str = "99999999", is_committed: bool = False) -> None:
    """Give the days before this one the indexes and the counts they still lack.

    The newest of all is not put in order: as a rule there is more of it to come. With
    `is_committed`, which says that this transaction has not written to them, another connection
    does a part of it beside this one: SQLite's reads what is derived from them, PostgreSQL's
    builds the index of words.
    """
    loading = fetch(conn, _LOADING, (LOADING, before))
    if not loading:
        return
    ((newest,),) = fetch(conn, "SELECT max(day) FROM days", ())
    is_shared = is_committed and _may_share(conn)
    with ThreadPoolExecutor(max_workers=1) as beside:
        for (day,) in loading:
            other = beside.submit(_beside, conn.engine, day) if is_shared else None
            if day != newest:
                refilling.refill(conn, day)
            _index(conn, day)
            told, counted = _derived(conn, day, other)
            _index_words(conn, day, told)
            counts.put(conn, day, counted)
            _turn(conn, day, LIVE)


def _may_share(conn: Connection) -> bool:
    """Whether another connection may read the same store meanwhile."""
    if is_postgresql(conn):
        return not citus.is_there(conn)
    return conn.engine.url.database not in (None, "", ":memory:")


_Derived = tuple[words.Told, Rows]


def _beside(engine: Engine, day: str) -> _Derived | None:
    if engine.dialect.name == "postgresql":
        with engine.begin() as conn:  # who is kept waiting leaves the index to the other one
            partitions.done_at_once(conn, lambda: _index_words(conn, day))
        return None
    # The database as it is named: the whole address has it with marks for blanks.
    with reading_plainly(str(engine.url.database)) as plain:
        return _derive(plain, day)


def _derived(conn: Connection, day: str, other: Future[_Derived | None] | None) -> _Derived:
    """What is derived, once the other connection has done its part, if there is one."""
    if other is None:
        return _derive(conn, day)
    if is_postgresql(conn):
        found = _derive(conn, day)
        other.result()
        return found
    return other.result() or _derive(conn, day)


def _derive(conn: Connection, day: str) -> _Derived:
    """What the index of words and the counts are made of."""
    return words.told(conn, day), counts.walk(conn, day)


def index(conn: Connection, day: str) -> None:
    """Give a day the indexes that it still lacks."""
    _index(conn, day)
    _index_words(conn, day)


def _index(conn: Connection, day: str) -> None:
    for table in day_tables(day):
        for one in table.indexes:
            conn.execute(CreateIndex(one, if_not_exists=True))
    if is_postgresql(conn):
        postgresql.leave_alone(conn, _names(day), a_while=False)


def _index_words(conn: Connection, day: str, told: words.Told | None = None) -> None:
    if is_postgresql(conn) and postgresql.has_trigrams(conn):
        postgresql.index_words(conn, f"hops_{day}")
    else:
        words.create(conn, day, told)
