"""What few deliveries have, as one JSON column."""

from __future__ import annotations

from typing import Any

import msgspec

from tracer.legs import Before, Placed


class More(msgspec.Struct, frozen=True, array_like=True):
    """The rest of a placed delivery, as a JSON array in this order."""

    command: str = ""
    first_us: int | None = None  # None: the same as last_us
    next_queue_ids: tuple[str, ...] = ()
    before: Before | None = None


NOTHING = More()
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(More).decode


def more_of(placed: Placed) -> str | None:
    """The column's value."""
    delivery, before = placed.delivery, placed.before
    first_us = None if delivery.first_us == delivery.last_us else delivery.first_us
    if before is None and first_us is None and not (delivery.command or delivery.next_queue_ids):
        return None
    more = More(delivery.command, first_us, delivery.next_queue_ids, before)
    written = _encode(more).decode()
    return _without_nul(more) if "\\u0000" in written else written


def _without_nul(more: More) -> str:
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
