"""Letting go of what webhooks brought: what is old, and what tells of one recipient.

Everything here takes `engine` and works in many short transactions: a writer that waits
beside it never waits long. Doing it again after it was cut off finishes it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from urllib.parse import quote

import msgspec
from sqlalchemy import Connection, Engine

from tracer.model import DAY_US
from tracer.store import days, sealed
from tracer.store.driver import Rows, change, change_many, fetch
from tracer.store.engine import reading
from tracer.store.receipts import first_id, unpacked

AT_A_TIME = 500
"""Rows that are looked at, or deleted, in one transaction."""
_OF_A_RECEIPT = ("receipt_events", "dead_letters")


class Forgotten(msgspec.Struct):
    """How much was let go of."""

    receipts: int = 0
    events: int = 0


def expire(engine: Engine, before_us: int, *, at_a_time: int = AT_A_TIME) -> int:
    """Delete receipts that came before, with all that hangs on them; how many. Those that came
    on a day that is held stay.

    What they told stays in the traces. That it was told is forgotten too: the same report
    sent once more is then read as a new receipt, and changes nothing in its trace.
    """
    gone = 0
    while True:
        with engine.begin() as conn:
            ids = _old(conn, before_us, at_a_time)
            for table in _OF_A_RECEIPT:
                change_many(conn, f"DELETE FROM {table} WHERE receipt_id = ?", ids)
            change_many(conn, "DELETE FROM receipts WHERE id = ?", ids)
        gone += len(ids)
        if len(ids) < at_a_time:
            break
    facts = "SELECT source, key, told_us FROM told_facts WHERE (source, key) > (?, ?) "
    for rows in _pages(engine, facts + "ORDER BY source, key LIMIT ?", at_a_time, 2):
        keys = [(source, key) for source, key, told_us in rows if told_us < before_us]
        if keys:
            with engine.begin() as conn:
                change_many(conn, "DELETE FROM told_facts WHERE source = ? AND key = ?", keys)
    return gone


def _old(conn: Connection, before_us: int, at_most: int) -> list[tuple[str]]:
    held = [days.start_of(day) for day in sealed.held(conn)]
    but = " AND NOT (id >= ? AND id < ?)" * len(held)
    spans = [first_id(at_us) for start_us in held for at_us in (start_us, start_us + DAY_US)]
    old = f"SELECT id FROM receipts WHERE id < ?{but} ORDER BY id LIMIT ?"
    return [(id,) for (id,) in fetch(conn, old, (first_id(before_us), *spans, at_most))]


def erase(engine: Engine, address: str, *, at_a_time: int = AT_A_TIME) -> Forgotten:
    """Delete what receipts say of one recipient: the events, and every body that names them.

    The other events of such a receipt stay; the receipt itself too, so that the same request
    is still known when it comes again.
    """
    told = Forgotten()
    events = "SELECT receipt_id, n, record FROM receipt_events WHERE (receipt_id, n) > (?, ?) "
    wanted = _spellings(address)
    for rows in _pages(engine, events + "ORDER BY receipt_id, n LIMIT ?", at_a_time, 2, ("", -1)):
        mine = [(id, n) for id, n, record in rows if _names(record, wanted)]
        if mine:
            with engine.begin() as conn:
                _erase_events(conn, mine)
                told.events += len(mine)
                told.receipts += _blank(conn, sorted({id for id, _ in mine}))
    bodies = "SELECT id, packed FROM receipts WHERE id > ? ORDER BY id LIMIT ?"
    for rows in _pages(engine, bodies, at_a_time, 1):
        ids = [id for id, body in rows if _names(unpacked(body).decode("latin-1"), wanted)]
        if ids:
            with engine.begin() as conn:
                told.receipts += _blank(conn, ids)
    return told


def _pages(
    engine: Engine, statement: str, size: int, keys: int, start: tuple[object, ...] = ("", "")
) -> Iterator[Rows]:
    """Pages of a table in the order of its first `keys` columns, each read by itself."""
    last = start[:keys]
    while True:
        with reading(engine).connect() as conn:
            rows = fetch(conn, statement, (*last, size))
        if rows:
            yield rows
        if len(rows) < size:
            return
        last = rows[-1][:keys]


def _spellings(address: str) -> tuple[str, ...]:
    """The address as bodies write it: plain, in forms, in JSON that escapes."""
    plain = address.strip().lower()
    return plain, quote(plain, safe="").lower(), plain.replace("@", "\\u0040")


def _names(text: str, wanted: Sequence[str]) -> bool:
    lower = text.lower()
    return any(spelling in lower for spelling in wanted)


def _erase_events(conn: Connection, mine: Sequence[tuple[str, int]]) -> None:
    change_many(conn, "DELETE FROM receipt_events WHERE receipt_id = ? AND n = ?", mine)


def _blank(conn: Connection, ids: Sequence[str]) -> int:
    """Empty the bodies of receipts and the items kept of them; how many had one."""
    full = 0
    for id in ids:
        found = fetch(conn, "SELECT 1 FROM receipts WHERE id = ? AND length(packed) > 0", (id,))
        full += len(found)
        change(conn, "UPDATE receipts SET packed = ?, request = '' WHERE id = ?", (b"", id))
        change(conn, "UPDATE dead_letters SET item = '' WHERE receipt_id = ?", (id,))
    return full
