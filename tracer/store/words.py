"""In which two seconds of a day a mail came whose subject has three letters in a row.

An index by FTS5 (https://sqlite.org/fts5.html, tokenizer `trigram`) for searches for a part of
a subject. All subjects that came within a slot of two seconds are one entry, so that entries
are few and short and a slot's number is all that is kept. The index only says where to look:
what is there is compared as in a walk. So an entry that says too much does no harm, and none
is taken back.

Entries come when a day is full. A slot that is written to after that is noted as fresh, in the
same transaction, and every search looks into it, until there are enough for new entries.
PostgreSQL has an index of its own for this (pg_trgm); an SQLite without FTS5 walks.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from functools import cache
from typing import TYPE_CHECKING

from tracer.store import days, names
from tracer.store.driver import Rows, change, change_many, fetch, is_postgresql
from tracer.store.more import SUBJECT
from tracer.store.states import ID_BITS

if TYPE_CHECKING:
    from sqlalchemy import Connection

Told = Rows
"""Of each slot: its number, its subjects, its recipients."""
SLOT_MS = 2000  # a day is a whole number of slots
MOST_FRESH = 100
"""Slots that a search may have to look into for want of entries."""
SLOT_IDS = SLOT_MS << ID_BITS
"""How many hop_ids a slot has."""
_OLDEST = (3, 34, 0)  # has the tokenizer: https://sqlite.org/releaselog/3_34_0.html
MAKE = (
    "CREATE VIRTUAL TABLE IF NOT EXISTS words_{day} USING fts5(subject, content='', columnsize=0, "
    "detail=none, tokenize='trigram case_sensitive 1')",
    "CREATE TABLE IF NOT EXISTS fresh_{day} (slot INTEGER PRIMARY KEY)",
)
_DROP = ("DROP TABLE IF EXISTS words_{day}", "DROP TABLE IF EXISTS fresh_{day}")
_EMPTY = ("INSERT INTO words_{day} (words_{day}) VALUES ('delete-all')", "DELETE FROM fresh_{day}")
_TOLD = f"""SELECT d.hop_id / {SLOT_IDS} - :base AS slot, group_concat(DISTINCT {SUBJECT}),
 {names.RECIPIENTS} FROM {{these}} CROSS JOIN hops_{{day}} h ON h.hop_id = d.hop_id
 WHERE d.next_id = 0 GROUP BY slot ORDER BY slot"""
_ALL = "deliveries_{day} d"
_FRESH = f"""fresh_{{day}} f CROSS JOIN deliveries_{{day}} d
 ON d.hop_id BETWEEN (f.slot + :base) * {SLOT_IDS} AND (f.slot + :base + 1) * {SLOT_IDS} - 1"""


def create(conn: Connection, day: str, what: Told | None = None) -> None:
    """Give a day its index, made of all that the day holds: of what `told` gave, if it is given.

    Does nothing where the database cannot keep one.
    """
    if not _can_keep(conn):
        return
    for statement in (*MAKE, *_EMPTY):
        change(conn, statement.format(day=day))
    names.make(conn, day)
    _enter(conn, day, told(conn, day) if what is None else what)


def told(conn: Connection, day: str) -> Told:
    """All that the entries of a day are made of; nothing where the database cannot keep them."""
    return _told(conn, day, _ALL) if _can_keep(conn) else []


def drop(conn: Connection, day: str) -> None:
    """Drop the index of a day, if it has one."""
    if _can_keep(conn):
        for statement in _DROP:
            change(conn, statement.format(day=day))
        names.drop(conn, day)


def touch(conn: Connection, day: str, hop_ids: Collection[int]) -> None:
    """Note what was written to a day that has an index; once there is much of it, enter it."""
    if not has(conn, day):
        return
    base = base_of(day)
    slots = {hop_id // SLOT_IDS - base for hop_id in hop_ids}
    statement = f"INSERT OR IGNORE INTO fresh_{day} (slot) VALUES (?)"
    change_many(conn, statement, [(slot,) for slot in sorted(slots)])
    waiting = fetch(conn, f"SELECT count(*) FROM fresh_{day}", ())[0][0]
    if waiting > MOST_FRESH and knows_trigrams():
        _enter(conn, day, _told(conn, day, _FRESH))
        change(conn, f"DELETE FROM fresh_{day}")


def base_of(day: str) -> int:
    """The number of a day's first slot."""
    return days.first_id(days.start_of(day)) // SLOT_IDS


def _told(conn: Connection, day: str, these: str) -> Told:
    statement = _TOLD.format(day=day, these=these.format(day=day))
    return fetch(conn, statement, {"base": base_of(day)})


def _enter(conn: Connection, day: str, what: Told) -> None:
    """Make entries of what some deliveries tell, here and in the index of names."""
    entries = [(slot, entry(subjects)) for slot, subjects, _ in what if subjects]
    change_many(conn, f"INSERT INTO words_{day} (rowid, subject) VALUES (?, ?)", entries)
    names.add(conn, day, ((slot, recipients) for slot, _, recipients in what))


def entry(text: str) -> str:
    """The text of an entry, in the letters that are asked for (word_search.wanted).

    FTS5 stops reading at NUL.
    """
    return text.replace("\0", "\n").lower()


def has(conn: Connection, day: str) -> bool:
    """Whether a day has an index."""
    if is_postgresql(conn):
        return False
    return bool(fetch(conn, f"SELECT 1 FROM pragma_table_info('fresh_{day}') LIMIT 1", ()))


def _can_keep(conn: Connection) -> bool:
    return not is_postgresql(conn) and knows_trigrams()


@cache
def knows_trigrams() -> bool:
    """Whether this SQLite can make and read one."""
    conn = sqlite3.connect(":memory:")
    (has_fts5,) = conn.execute("SELECT sqlite_compileoption_used('ENABLE_FTS5')").fetchone()
    conn.close()
    return bool(has_fts5) and sqlite3.sqlite_version_info >= _OLDEST
