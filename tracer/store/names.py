"""In which two seconds of a day mail came to an address that has a word.

An index by FTS5 (https://sqlite.org/fts5.html, tokenizer `ascii`) for searches for a recipient
by wildcard. All recipients of a slot, the original ones too, are one entry; a word is what
stands between the signs of an address: `anna`, `smith`, `corp` and `example` of
`anna.smith@corp.example`. It lives with the index of words and by its rules
(tracer/store/words.py): it only says where to look, nothing is taken back, and what was
written later waits among the fresh slots. A day of an older version has none and is walked.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from tracer.store.driver import change, change_many, fetch

if TYPE_CHECKING:
    from sqlalchemy import Connection

MAKE = (
    "CREATE VIRTUAL TABLE IF NOT EXISTS names_{day} USING fts5(recipients, content='', "
    "columnsize=0, detail=none, tokenize='ascii')"
)
_EMPTY = "INSERT INTO names_{day} (names_{day}) VALUES ('delete-all')"
_DROP = "DROP TABLE IF EXISTS names_{day}"
RECIPIENTS = "group_concat(d.recipient || ' ' || d.original_recipient, ' ')"
"""SQL for the text of an entry, of the deliveries `d` of a slot."""


def make(conn: Connection, day: str) -> None:
    """Give a day an index that holds nothing."""
    for statement in (MAKE, _EMPTY):
        change(conn, statement.format(day=day))


def drop(conn: Connection, day: str) -> None:
    """Drop the index of a day, if it has one."""
    change(conn, _DROP.format(day=day))


def add(conn: Connection, day: str, told: Iterable[tuple[int, str]]) -> None:
    """Enter slots with what RECIPIENTS gave of each, if the day has an index."""
    if has(conn, day):
        entries = [(slot, text.replace("\0", " ")) for slot, text in told]  # FTS5 stops at NUL
        change_many(conn, f"INSERT INTO names_{day} (rowid, recipients) VALUES (?, ?)", entries)


def has(conn: Connection, day: str) -> bool:
    """Whether a day, in SQLite, has an index."""
    return bool(fetch(conn, f"SELECT 1 FROM pragma_table_info('names_{day}') LIMIT 1", ()))
