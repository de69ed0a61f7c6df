"""The messages in the store that a pasted text is about."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection

from collectors.pasted import Pasted
from tracer.model import Row
from tracer.query import Match, MatchKind, Or, SearchQuery, Term
from tracer.store import deliveries

MOST_ROWS = 20


def known(conn: Connection, pasted: Pasted) -> tuple[Row, ...]:
    """The rows that its Message-ID or queue ids name, newest first, its recipients' if any.

    Queue ids are used again, so a row that only shares one must also share a recipient,
    where the text names recipients.
    """
    terms = _terms("msgid", pasted.message_ids) + _terms("qid", pasted.queue_ids)
    if not terms:
        return ()
    where = terms[0] if len(terms) == 1 else Or(tuple(terms))
    rows = deliveries.search(conn, SearchQuery(where, None, None, ""), limit=MOST_ROWS).rows
    named = {one.told.recipient.lower() for one in pasted.found if one.told.recipient}
    named |= {one.told.original_recipient.lower() for one in pasted.found} - {""}
    of_them = tuple(row for row in rows if _recipients(row) & named)
    return of_them or tuple(row for row in rows if not named or _is_of(row, pasted.message_ids))


def _terms(key: str, values: Collection[str]) -> list[Term]:
    return [Term(key, (Match(MatchKind.EXACT, value),)) for value in list(values)[:MOST_ROWS]]


def _recipients(row: Row) -> set[str]:
    return {row.recipient.lower(), row.original_recipient.lower()} - {""}


def _is_of(row: Row, message_ids: Collection[str]) -> bool:
    return row.message_id in message_ids
