"""Which DKIM keys the newest mail of a domain was signed with, as our own log tells."""

from __future__ import annotations

from itertools import islice

import msgspec
from sqlalchemy import Connection

from tracer.diagnostics.signatures import signatures
from tracer.model import DAY_US, Event, LogLine, Row
from tracer.query import parse_query, with_term
from tracer.store import days, deliveries, stays
from tracer.store.packing import Packer

_ROWS, _MAILS = 60, 24
_MOST = 8
_TOGETHER_US = 7 * DAY_US
"""A key that has been replaced stays in DNS for a week or so; older signatures prove nothing."""


class SignedBy(msgspec.Struct, frozen=True):
    """Selectors of one domain, the newest first, and the row that told the first of them."""

    selectors: tuple[str, ...]
    row_id: str


def signed_by(conn: Connection, sender_domain: str, domain: str, now_us: int) -> SignedBy | None:
    """How mail from addresses in `sender_domain` is signed for `domain`; None if nobody tells.

    Both are A-labels in lower case. Reads the lines of the newest mails alone; counts are those
    of the week before the newest that tells.
    """
    found: dict[str, Row] = {}
    for row, lines in _newest(conn, sender_domain, now_us):
        for one in signatures(lines):
            if one.domain == domain:
                found.setdefault(one.selector, row)
    if not found:
        return None
    newest = next(iter(found.values()))
    since_us = newest.received_us - _TOGETHER_US
    recent = (name for name, row in found.items() if row.received_us >= since_us)
    return SignedBy(tuple(islice(recent, _MOST)), newest.id)


def _newest(
    conn: Connection, sender_domain: str, now_us: int
) -> list[tuple[Row, list[tuple[str, str]]]]:
    """The newest mails of a domain, newest first, with program and text of all their lines."""
    mails = _mails(conn, sender_domain, now_us)
    told: dict[str, list[tuple[str, str]]] = {}
    packer = Packer(_no_events)
    for stay in stays.load(conn, _hops(conn, mails), packed=True):
        if stay.packed:
            _, lines = packer.said(stay.packed, stay.hop.queue_id)
            name = f"{stay.hop.host}/{stay.hop.queue_id}"
            told.setdefault(name, []).extend((line.program, line.text) for line in lines)
    return [(row, [one for leg in row.queue_ids for one in told.get(leg, ())]) for row in mails]


def _mails(conn: Connection, sender_domain: str, now_us: int) -> list[Row]:
    """A row for each of the newest mails, however many recipients they have."""
    if not sender_domain.strip():
        return []
    asked = with_term("", "fromdomain", sender_domain)
    query = parse_query(asked, now_us=now_us, since="all")
    found: dict[tuple[str, ...], Row] = {}
    for row in deliveries.search(conn, query, limit=_ROWS).rows:
        found.setdefault(row.queue_ids, row)
    return list(found.values())[:_MAILS]


def _hops(conn: Connection, mails: list[Row]) -> set[int]:
    """The hops of these mails, legs before the last included."""
    found = {deliveries.hop_of_row_id(row.id) or 0 for row in mails}
    earlier: dict[str, set[str]] = {}
    live = set(days.live(conn))
    for row in mails:
        for day in days.span(row.received_us, row.updated_us) if row.queue_ids[1:] else ():
            if day in live:
                names = {leg.rpartition("/")[2] for leg in row.queue_ids[:-1]}
                earlier.setdefault(day, set()).update(names)
    for day, names in earlier.items():
        found.update(hop_id for _, hop_id in stays.find(conn, day, names))
    return found - {0}


def _no_events(_line: LogLine) -> list[Event]:
    return []
