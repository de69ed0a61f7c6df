"""What receipts tell, on its way into the traces: only what was not told before goes there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from collectors.formats import parse_line
from collectors.gather import Gatherer
from collectors.webhooks.parcel import ToldHere
from tracer.arrival import Batch
from tracer.ingest import ingest_within
from tracer.store import receipts
from tracer.store.receipts import Receipt, ToldEvent

Telling = tuple[Receipt, Sequence[ToldHere], int]
"""A receipt, events of it, and the number of the first of them in the receipt."""


@dataclass(frozen=True, slots=True)
class Noted:
    """What is to be stored beside the traces; `known` counts by receipt id."""

    events: list[tuple[str, int, ToldEvent]]
    facts: set[tuple[str, str]]
    known: dict[str, int]


def tell(conn: Connection, told: Sequence[Telling]) -> Noted:
    """Fold the events into their traces; the same fact told again changes nothing there."""
    asked = {(receipt.source, key) for receipt, here, _ in told for one in here for key in one.keys}
    before = receipts.known_facts(conn, asked)
    noted, gatherer = Noted([], set(), {}), Gatherer()
    for receipt, here, start in told:
        repeated = 0
        for n, one in enumerate(here, start):
            mine = {(receipt.source, key) for key in one.keys}
            is_known = not mine.isdisjoint(before)
            repeated += is_known
            noted.events.append((receipt.id, n, ToldEvent(one.pointer, is_known, one.record)))
            noted.facts.update(mine - before)
            before |= mine
            if not is_known:
                gatherer.add(one.event, one.event.host)
        noted.known[receipt.id] = repeated
    if arrivals := gatherer.take():
        ingest_within(conn, Batch(arrivals, None), parse_line)
    return noted
