"""A store copied into another one, on the same kind of database or the other.

Copied are parts: each small table, and each day with all its tables, a transaction each.
A part that is there already and equal is passed over, so that a copy which was cut off goes
on where it was, and one that was made while mail arrived is completed by running it again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from sqlalchemy import (
    Column,
    Connection,
    Engine,
    MetaData,
    String,
    Table,
    delete,
    func,
    select,
    text,
)

from tracer.errors import StoreUnavailable
from tracer.store import day_making, days
from tracer.store.copy_text import INSTEAD, NUL
from tracer.store.driver import add_rows, is_postgresql
from tracer.store.engine import StoreUnusable, one_writer, reading
from tracer.store.receipt_tables import receipts
from tracer.store.revision import UNFINISHED, has_table
from tracer.store.schema import day_tables
from tracer.store.schema import days as _days
from tracer.store.states import LOADING, SEALED

TOGETHER = 5000
_LIMIT = 1 << 128
_NOTE = Table(UNFINISHED, MetaData(), Column("origin", String, primary_key=True))
_METADATA = receipts.metadata  # one for all modules that describe tables
_SMALL = tuple(table for table in _METADATA.sorted_tables if table is not _days)


class TargetNotEmpty(StoreUnusable):
    """The target holds something that is not a copy of this store."""


class CopyDiffers(StoreUnavailable):
    """At the end a part of the copy was not what the store holds."""


class Part(msgspec.Struct, frozen=True):
    """A small table, or a day: its tables and what is noted of it."""

    name: str
    rows: int
    was_there: bool


def copy(source: Engine, target: Engine, origin: str) -> Iterator[Part]:
    """Copy everything; both have the newest schema. Each part is given when it is done.

    `origin` names the source: only its own half-done copy may be in the target. Raises
    TargetNotEmpty before anything is written, CopyDiffers at the end.
    """
    _begin(target, origin)
    with reading(source).connect() as conn:
        names = _parts(conn)
        yield from (_copied(conn, target, name) for name in names)
        _remove_days(target, names)
        for name in names:
            with reading(target).connect() as there:
                if _content(conn, name) != _content(there, name):
                    raise CopyDiffers(f"{name} is not the same in both stores; copy again")
    with target.begin() as conn:
        _NOTE.drop(conn)


def tables() -> list[Table]:
    """The tables that are copied besides those of the days."""
    return [*_SMALL, _days]


def is_unfinished(conn: Connection) -> bool:
    """Whether a store holds a copy that was cut off."""
    return has_table(conn, UNFINISHED)


def count(source: Engine) -> int:
    """How many parts there are to copy."""
    with source.connect() as conn:
        return len(_parts(conn))


def _parts(conn: Connection) -> list[str]:
    listed = conn.execute(select(_days.c.day).order_by(_days.c.day.desc())).scalars()
    return [*(table.name for table in _SMALL), *listed]


def _begin(target: Engine, origin: str) -> None:
    with target.begin() as conn:
        one_writer(conn)
        if is_unfinished(conn):
            known = conn.execute(select(_NOTE.c.origin)).scalar()
            if known == origin:
                return
            raise TargetNotEmpty(
                f"the target holds a half-done copy of {known}. "
                "Finish that one, or empty the target."
            )
        for table in tables():
            if conn.execute(select(1).select_from(table).limit(1)).first():
                raise TargetNotEmpty(
                    f"the target is not empty ({table.name}). "
                    "Name an empty database; nothing was changed."
                )
        _NOTE.create(conn)
        conn.execute(_NOTE.insert().values(origin=origin))


def _copied(source: Connection, target: Engine, name: str) -> Part:
    with target.begin() as conn:
        one_writer(conn)
        content = _content(source, name)
        if _content(conn, name) == content:
            return Part(name, content[0], was_there=True)
        if name.isdigit():
            _copy_day(source, conn, name)
        else:
            _copy_table(source, conn, _METADATA.tables[name])
    return Part(name, content[0], was_there=False)


def _copy_table(source: Connection, target: Connection, table: Table) -> None:
    target.execute(delete(table))
    for rows in _rows(source, table):
        add_rows(target, table, rows)
    key = table.autoincrement_column
    if key is not None and is_postgresql(target):
        highest = target.execute(select(func.max(key))).scalar()
        target.execute(
            text("SELECT setval(pg_get_serial_sequence(:table, :key), :next, false)"),
            {"table": table.name, "key": key.name, "next": (highest or 0) + 1},
        )


def _copy_day(source: Connection, target: Connection, day: str) -> None:
    """Fill the day's tables, then index them: what is filled first is smaller."""
    day_making.drop(target, day)
    target.execute(delete(_days).where(_days.c.day == day))
    note = dict(source.execute(select(_days).where(_days.c.day == day)).mappings().one())
    if note["state"] != SEALED:
        day_making.ensure(target, day, bulk=True)
        for table in day_tables(day):
            for rows in _rows(source, table):
                add_rows(target, table, rows)
        if note["state"] != LOADING:
            day_making.index(target, day)
        target.execute(delete(_days).where(_days.c.day == day))
    target.execute(_days.insert().values(note))


def _remove_days(target: Engine, names: Sequence[str]) -> None:
    """Days that a first attempt copied and that the source has dropped since."""
    with target.begin() as conn:
        for day in conn.execute(select(_days.c.day)).scalars().all():
            if day not in names:
                day_making.drop(conn, day)
                conn.execute(delete(_days).where(_days.c.day == day))


def _rows(conn: Connection, table: Table) -> Iterator[list[tuple[Any, ...]]]:
    """All rows in the order of the key, some at a time, in constant memory."""
    wanted = select(table).order_by(*table.primary_key.columns)
    found = conn.execute(wanted.execution_options(stream_results=True, yield_per=TOGETHER))
    for rows in found.partitions():
        yield [tuple(row) for row in rows]


def _content(conn: Connection, name: str) -> tuple[int, int]:
    """How many rows a part has, and a checksum of all they hold; their order does not matter,
    for databases sort texts by the rules of different languages."""
    count, total = 0, 0
    for table in _tables(conn, name):
        for rows in _rows(conn, table):
            count += len(rows)
            total += sum(_checksum(table.name, row) for row in rows)
    return count, (total + _noted(conn, name)) % _LIMIT


def _tables(conn: Connection, name: str) -> Sequence[Table]:
    if not name.isdigit():
        return (_METADATA.tables[name],)
    return day_tables(name) if name in days.live(conn) else ()


def _noted(conn: Connection, name: str) -> int:
    if not name.isdigit():
        return 0
    row = conn.execute(select(_days).where(_days.c.day == name)).first()
    return _checksum("", tuple(row)) if row else 0


def _checksum(name: str, row: Sequence[Any]) -> int:
    told = msgspec.msgpack.encode([str(name), *map(_plain, row)])
    return int.from_bytes(hashlib.blake2b(told, digest_size=16).digest())


def _plain(value: Any) -> Any:
    """A value as both databases can hold it."""
    if isinstance(value, str):
        return value.replace(NUL, INSTEAD) if NUL in value else value
    return bytes(value) if isinstance(value, memoryview) else value
