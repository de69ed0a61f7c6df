"""What few deliveries have, as one JSON column."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from tracer.legs import Before, Placed


class More(msgspec.Struct, frozen=True, array_like=True):
    """The rest of a placed delivery, as a JSON array in this order; what is left out is as here.

    `next_queue_ids` None: the one that ends the reply (`… queued as 4F1D2C0A`), if one does.
    """

    command: str = ""
    first_us: int | None = None  # None: the same as last_us
    next_queue_ids: tuple[str, ...] | None = None
    before: Before | None = None


def in_before(name: str) -> str:
    """SQL for a field of `Before` inside the column."""
    place = More.__struct_fields__.index("before"), Before.__struct_fields__.index(name)
    return "json_extract(d.more, '$[{}][{}]')".format(*place)


BEFORE_SUBJECT = in_before("subject")
SUBJECT = f"coalesce(nullif(h.subject, ''), {BEFORE_SUBJECT}, '')"
"""SQL for the subject that a delivery is shown with."""
NOTHING = More()
_QUEUED_AS = "queued as "
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(More).decode


def more_of(placed: Placed) -> str | None:
    """The column's value."""
    delivery, before = placed.delivery, placed.before
    first_us = None if delivery.first_us == delivery.last_us else delivery.first_us
    ids = delivery.next_queue_ids
    told = None if ids == ending(delivery.reply) else ids
    if before is None and first_us is None and told is None and not delivery.command:
        return None
    more = [delivery.command, first_us, told, before]
    while more[-1] is None:
        more.pop()
    written = _encode(more).decode()
    return _without_nul(more) if "\\u0000" in written else written


def next_ids(more: More, reply: str) -> tuple[str, ...]:
    """The queue ids that a delivery got where it was handed to."""
    return ending(reply) if more.next_queue_ids is None else more.next_queue_ids


def ending(reply: str) -> tuple[str, ...]:
    """The queue id that ends a reply, `… queued as 4F1D2C0A`; none where none does."""
    _, mark, queue_id = reply.rpartition(_QUEUED_AS)
    return (queue_id,) if mark else ()


def _without_nul(more: Sequence[object]) -> str:
    """PostgreSQL reads no JSON that tells of NUL (its manual, 8.14)."""
    told = msgspec.to_builtins(more)
    return msgspec.json.encode(_replaced(told)).decode()


def _replaced(told: Any) -> Any:
    if isinstance(told, str):
        return told.replace("\0", "\N{REPLACEMENT CHARACTER}")
    return list(map(_replaced, told)) if isinstance(told, list | tuple) else told


def read_more(value: str | None) -> More:
    """What a column's value says."""
    return _decode(value) if value else NOTHING
