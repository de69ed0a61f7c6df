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
from collections.abc import Collection, Iterator
from functools import cache
from typing import TYPE_CHECKING

from tracer.query import Match, MatchKind
from tracer.store import days
from tracer.store.conditions import SUBJECT
from tracer.store.driver import Rows, change, change_many, fetch, is_postgresql
from tracer.store.states import ID_BITS

if TYPE_CHECKING:
    from sqlalchemy import Connection

SLOT_MS = 2000  # a day is a whole number of slots
MOST_FRESH = 2000
"""Slots that a search may have to look into for want of entries."""
MOST_FOUND = 4000
"""Where a day has more slots than this, a walk over the day fills a page sooner."""
_IDS = SLOT_MS << ID_BITS  # hop_ids of a slot
_OLDEST = (3, 34, 0)  # has the tokenizer: https://sqlite.org/releaselog/3_34_0.html
MAKE = (
    "CREATE VIRTUAL TABLE IF NOT EXISTS words_{day} USING fts5(subject, content='', columnsize=0, "
    "detail=none, tokenize='trigram case_sensitive 1')",
    "CREATE TABLE IF NOT EXISTS fresh_{day} (slot INTEGER PRIMARY KEY)",
)
_DROP = ("DROP TABLE IF EXISTS words_{day}", "DROP TABLE IF EXISTS fresh_{day}")
_EMPTY = ("INSERT INTO words_{day} (words_{day}) VALUES ('delete-all')", "DELETE FROM fresh_{day}")
_SUBJECTS = f"""SELECT slot, group_concat(subject, char(10)) FROM
 (SELECT DISTINCT d.hop_id / {_IDS} - :base AS slot, {SUBJECT} AS subject FROM {{these}}
 CROSS JOIN hops_{{day}} h ON h.hop_id = d.hop_id WHERE d.next_id = 0)
 WHERE subject <> '' GROUP BY slot ORDER BY slot"""
_ALL = "deliveries_{day} d"
_FRESH = f"""fresh_{{day}} f CROSS JOIN deliveries_{{day}} d
 ON d.hop_id BETWEEN (f.slot + :base) * {_IDS} AND (f.slot + :base + 1) * {_IDS} - 1"""
_FIND = """SELECT rowid FROM words_{day} WHERE words_{day} MATCH :wanted
 AND rowid BETWEEN :low AND :high LIMIT :most"""
_FIND_FRESH = "SELECT slot FROM fresh_{day} WHERE slot BETWEEN :low AND :high"


def create(conn: Connection, day: str) -> None:
    """Give a day its index, made of all that the day holds.

    Does nothing where the database cannot keep one.
    """
    if not _can_keep(conn):
        return
    for statement in (*MAKE, *_EMPTY):
        change(conn, statement.format(day=day))
    _add(conn, day, _subjects(conn, day, _ALL))


def drop(conn: Connection, day: str) -> None:
    """Drop the index of a day, if it has one."""
    if _can_keep(conn):
        for statement in _DROP:
            change(conn, statement.format(day=day))


def touch(conn: Connection, day: str, hop_ids: Collection[int]) -> None:
    """Note what was written to a day that has an index; once there is much of it, enter it."""
    if not _has(conn, day):
        return
    base = _base(day)
    slots = {hop_id // _IDS - base for hop_id in hop_ids}
    statement = f"INSERT OR IGNORE INTO fresh_{day} (slot) VALUES (?)"
    change_many(conn, statement, [(slot,) for slot in sorted(slots)])
    waiting = fetch(conn, f"SELECT count(*) FROM fresh_{day}", ())[0][0]
    if waiting > MOST_FRESH and _knows_trigrams():
        _add(conn, day, _subjects(conn, day, _FRESH))
        change(conn, f"DELETE FROM fresh_{day}")


def find(conn: Connection, day: str, value: Match, low_id: int, high_id: int) -> list[int] | None:
    """Where in a day to look for a subject: the first hop_id of each slot, in no order.

    None: walk over the day, because it has no index, the text has no three letters in a row,
    or too many slots have them. `low_id` and `high_id` are the ends of what is asked for.
    """
    asked_for = wanted(value)
    if not asked_for or not _has(conn, day) or not _knows_trigrams():
        return None
    base = _base(day)
    low, high = low_id // _IDS - base, high_id // _IDS - base
    asked = {"wanted": asked_for, "low": low, "high": high, "most": MOST_FOUND + 1}
    found = fetch(conn, _FIND.format(day=day), asked)
    if len(found) > MOST_FOUND:
        return None
    slots = {*found, *fetch(conn, _FIND_FRESH.format(day=day), asked)}
    return [(slot + base) * _IDS for (slot,) in slots]


def within_slot(start: str) -> str:
    """SQL for the hop_ids of the slot that begins with `start`, after BETWEEN."""
    return f"{start} AND {start} + {_IDS - 1}"


def _base(day: str) -> int:
    """The number of a day's first slot."""
    return days.first_id(days.start_of(day)) // _IDS


def _subjects(conn: Connection, day: str, these: str) -> Rows:
    statement = _SUBJECTS.format(day=day, these=these.format(day=day))
    return fetch(conn, statement, {"base": _base(day)})


def _add(conn: Connection, day: str, subjects: Rows) -> None:
    entries = [(slot, entry(text)) for slot, text in subjects]
    change_many(conn, f"INSERT INTO words_{day} (rowid, subject) VALUES (?, ?)", entries)


def entry(text: str) -> str:
    """The text of an entry, in the letters that `wanted` asks for; FTS5 stops reading at NUL."""
    return text.replace("\0", "\n").lower()


def _has(conn: Connection, day: str) -> bool:
    if is_postgresql(conn):
        return False
    return bool(fetch(conn, f"SELECT 1 FROM pragma_table_info('fresh_{day}') LIMIT 1", ()))


def _can_keep(conn: Connection) -> bool:
    return not is_postgresql(conn) and _knows_trigrams()


@cache
def _knows_trigrams() -> bool:
    conn = sqlite3.connect(":memory:")
    (has_fts5,) = conn.execute("SELECT sqlite_compileoption_used('ENABLE_FTS5')").fetchone()
    conn.close()
    return bool(has_fts5) and sqlite3.sqlite_version_info >= _OLDEST


def wanted(value: Match) -> str:
    """What FTS5 is asked for: all the three letters of a text, none left out; `""` for none."""
    text = value.text.lower()
    if "\0" in text:
        return ""
    if value.kind is MatchKind.PREFIX:
        text = text.removesuffix("@")  # stands for `+…@` too (Conditions.text)
    parts = text.split("*") if value.kind is MatchKind.WILDCARD else [text]
    threes = dict.fromkeys(three for part in parts for three in _threes(part))
    return " ".join('"{}"'.format(three.replace('"', '""')) for three in threes)


def _threes(text: str) -> Iterator[str]:
    """Enough of the three letters in a row to hold every letter."""
    for start in range(0, len(text) - 2, 3):
        yield text[start : start + 3]
    if len(text) % 3 and len(text) > 3:
        yield text[-3:]
