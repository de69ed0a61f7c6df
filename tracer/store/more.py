"""What few deliveries have, as one JSON column."""

from __future__ import annotations

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
    return _encode(More(delivery.command, first_us, delivery.next_queue_ids, before)).decode()


def read_more(value: str | None) -> More:
    """What a column's value says."""
    return _decode(value) if value else NOTHING
