"""Mail that a filter gave back to us and that nobody has tried since: where it really is.

A queue names no recipients before the first attempt, so that its hop cannot be joined to the one
before it, recipient by recipient (tracer/legs.py): in the store the leg before is still the last.
Whoever opens the message is told where it waits. Pure: knows no store.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from tracer.legs import Stay
from tracer.model import Outcome, Row

_HANDED_ON = frozenset({Outcome.RELAYED, Outcome.DELIVERED})


def in_our_queue(rows: Iterable[Row], legs: Sequence[Stay]) -> tuple[Row, ...]:
    """The rows of a mail, those that wait in a later queue of ours as they stand there.

    The row of such a queue itself, which names nobody, is left out.
    """
    waiting = {stay.hop.queue_id: stay for stay in legs if _is_nameless(stay)}
    if not waiting:
        return tuple(rows)
    found = [(row, _gone_to(row, legs, waiting)) for row in rows]
    reached = {(stay.hop.host, stay.hop.queue_id) for _, stay in found if stay}
    return tuple(
        _standing_at(row, stay) if stay else row
        for row, stay in found
        if row.recipient or (row.host, row.queue_id) not in reached
    )


def _is_nameless(stay: Stay) -> bool:
    """Whether nobody has been tried here, and no line names who will be."""
    if len(stay.placed) != 1:
        return False
    delivery = stay.placed[0].delivery
    return not (delivery.recipient or delivery.attempts or stay.placed[0].next_id)


def _gone_to(row: Row, legs: Iterable[Stay], waiting: Mapping[str, Stay]) -> Stay | None:
    """The hop without names that took this row's mail."""
    for stay in legs:
        if (stay.hop.host, stay.hop.queue_id) == (row.host, row.queue_id):
            for placed in stay.placed:
                told = placed.delivery
                if told.recipient == row.recipient and told.outcome in _HANDED_ON:
                    return next(filter(None, map(waiting.get, told.next_queue_ids)), None)
    return None


def _standing_at(row: Row, stay: Stay) -> Row:
    hop, told = stay.hop, stay.placed[0].delivery
    return msgspec.structs.replace(
        row, status=told.outcome, cause=told.cause, reply=told.reply,
        enhanced_status=told.status, relay="", attempts=0, delay_s=None, host=hop.host,
        queue_id=hop.queue_id, queue_ids=(*row.queue_ids, f"{hop.host}/{hop.queue_id}"),
        updated_us=max(row.updated_us, hop.last_us), source=hop.source,
    )  # fmt: skip
