"""Searching deliveries: pages, counts and streams.

A search walks the days newest first and stops when its page is full. The cursor is the
last row's (hop_id, n): both are computed from the facts, so a page stays where it was
while new mail arrives.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from tracer.direction import DIRECTIONS
from tracer.errors import InvalidQuery
from tracer.model import Outcome, Page, Row
from tracer.query import SearchQuery
from tracer.store import days
from tracer.store.driver import fetch
from tracer.store.more import read_more
from tracer.store.row_ids import hop_of_row_id, row_id
from tracer.store.selection import Selection, Selector
from tracer.store.states import OPENED_US
from tracer.store.summary import Bucket, Summary, count, summary
from tracer.store.terms import client_of

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = [
    "Bucket", "Summary", "count", "hop_of_row_id", "of_hops", "row_id", "row_of", "rows", "search",
    "summary",
]  # fmt: skip

_COLUMNS = f"""d.hop_id, d.n, {OPENED_US}, d.after_us, d.outcome, d.cause, h.sender, d.recipient,
 d.original_recipient, h.subject, h.message_id, d.direction, h.host, h.queue_id, d.more,
 h.client_key, d.relay, h.size, d.attempts, d.delay_s, d.reply, d.status,
 (SELECT name FROM sources WHERE id = h.source_id)"""


def search(conn: Connection, query: SearchQuery, *, limit: int = 50, after: str = "") -> Page:
    """The newest `limit` rows after the cursor."""
    cursor = _cursor(after) if after else None
    rows: list[Sequence[Any]] = []
    listed = days.within(conn, query.since_us, query.until_us)
    if cursor:
        listed = [day for day in listed if day <= days.day_of_hop(cursor[0])]
    for selection in Selector(conn, query, cursor).for_page(listed, limit + 1):
        rows += _search_day(conn, selection, limit + 1 - len(rows))
        if len(rows) > limit:
            break
    shown = tuple(row_of(values) for values in rows[:limit])
    following = f"{rows[limit - 1][0]:x}.{rows[limit - 1][1]}" if len(rows) > limit else ""
    return Page(shown, following)


def _cursor(after: str) -> tuple[int, int]:
    hop_id, _, n = after.partition(".")
    try:
        return int(hop_id, 16), int(n)
    except ValueError as error:
        raise InvalidQuery("this page link is not whole; start from the first page") from error


def _search_day(conn: Connection, selection: Selection, limit: int) -> list[Sequence[Any]]:
    found: dict[tuple[int, int], Sequence[Any]] = {}
    for parameters in selection.steps(limit):
        for part in selection.parts:
            for values in fetch(conn, f"SELECT {_COLUMNS} {part} LIMIT :limit", parameters):
                found[values[0], values[1]] = values
        if len(found) >= limit:
            break
    return [found[key] for key in sorted(found, reverse=True)[:limit]]


def rows(conn: Connection, query: SearchQuery, *, chunk: int = 5000) -> Iterator[Row]:
    """Every row, newest first, in constant memory."""
    after = ""
    while True:
        page = search(conn, query, limit=chunk, after=after)
        yield from page.rows
        after = page.next
        if not after:
            return


def of_hops(conn: Connection, hop_ids: Sequence[int], *, last_legs: bool = True) -> list[Row]:
    """The rows of these hops, oldest first; `last_legs` leaves out legs that were followed."""
    found: list[Row] = []
    live = set(days.live(conn))
    visible = "AND d.next_id = 0" if last_legs else ""
    for hop_id in sorted(set(hop_ids)):
        day = days.day_of_hop(hop_id)
        if day in live:
            statement = (
                f"SELECT {_COLUMNS} FROM deliveries_{day} d JOIN hops_{day} h "
                f"ON h.hop_id = d.hop_id WHERE d.hop_id = :hop {visible} ORDER BY d.n"
            )
            found += [row_of(values) for values in fetch(conn, statement, {"hop": hop_id})]
    return found


def row_of(values: Sequence[Any]) -> Row:
    """A delivery row from the columns of a search."""
    (
        hop_id, _n, opened_us, after_us, outcome, cause, sender, recipient, original, subject,
        message_id, direction, host, queue_id, more, client, relay, size, attempts, delay_s,
        reply, status, source,
    ) = values  # fmt: skip
    queue_ids: tuple[str, ...] = (f"{host}/{queue_id}",)
    received_us, client = opened_us, client_of(client)
    if more and (before := read_more(more).before):
        queue_ids = (*before.path.split(), *queue_ids)
        received_us, client = before.received_us, before.client or client
        subject = subject or before.subject
    return Row(
        row_id(hop_id, recipient, original), received_us, opened_us + after_us,
        _OUTCOMES[outcome], cause, sender, recipient, original, subject,
        message_id, DIRECTIONS[direction], host, queue_id, queue_ids,
        client, relay, size, attempts, delay_s, reply, status, source,
    )  # fmt: skip


_OUTCOMES = {outcome.value: outcome for outcome in Outcome}  # a third of the time of Outcome(…)
