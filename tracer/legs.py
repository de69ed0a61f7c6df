"""Legs of one mail: a hop that handed its mail to another hop we know.

A content filter's round trip and a second host give one mail several queue ids. The
leg before is told by the queue id in the next server's reply ("queued as X"), or by the
queue id that came along (XFORWARD, requeue). The last leg is the delivery that people
see; it inherits what only the first one knows: who really sent it, when, to which address.
Pure: knows nothing of the store.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from tracer.direction import direction, is_ours
from tracer.model import SECOND_US, Delivery, Hop, Outcome

SKEW_US = 300 * SECOND_US
"""Two hosts' clocks may differ by up to 5 minutes."""

_HANDED_ON = frozenset({Outcome.RELAYED, Outcome.DELIVERED})
_REQUEUED_FROM = frozenset({Outcome.DEFERRED, Outcome.PENDING, Outcome.UNKNOWN, Outcome.REMOVED})


class Placed(msgspec.Struct, gc=False):
    """A delivery with its place in the chain of legs.

    `next_id` is the hop after this one (0: this is the last leg). `from_…` is inherited
    from the legs before; `None` when there is none.
    """

    delivery: Delivery
    next_id: int = 0
    from_received_us: int | None = None
    from_path: str | None = None
    from_client: str | None = None
    from_auth: str | None = None
    from_subject: str | None = None


class Stay(msgspec.Struct, gc=False):
    """A hop with its placed deliveries, as the store keeps it.

    `packed` may be absent; `is_stored` says that the store has rows under this hop_id.
    """

    hop: Hop
    placed: list[Placed]
    n_events: int = 0
    packed: bytes = b""
    is_stored: bool = False


def hands_over(before: Stay, after: Stay) -> bool:
    """Whether one stay can be the leg before another one.

    A queue id alone proves little: short ones repeat, and another site may use the same.
    Time, sender and Message-ID must agree too; a filter on the same host may change the latter.
    """
    a, b = before.hop, after.hop
    if a.hop_id == b.hop_id or not a.opened_us - SKEW_US <= b.opened_us <= a.last_us + SKEW_US:
        return False
    if a.message_id and b.message_id and a.message_id != b.message_id and a.host != b.host:
        return False
    return not (a.sender and b.sender) or a.sender.lower() == b.sender.lower()


def join(before: Stay, after: Stay) -> bool:
    """Make `after` the leg that follows `before`; whether anything changed."""
    came_along = before.hop.queue_id in after.hop.from_queue_ids
    if len(before.placed) == len(after.placed) == 1:
        return _join_one(before, before.placed[0], after, after.placed[0], came_along)
    followers: dict[str, list[Placed]] = {}
    for follower in after.placed:
        for address in _names(follower.delivery):
            followers.setdefault(address, []).append(follower)
    changed = False
    for placed in before.placed:
        if _went_there(placed.delivery, after.hop, came_along):
            for follower in followers.get(placed.delivery.recipient.lower(), ()):
                changed |= _follow(before.hop, placed, after.hop, follower)
    return changed


def _join_one(a: Stay, before: Placed, b: Stay, after: Placed, came_along: bool) -> bool:
    return (
        _went_there(before.delivery, b.hop, came_along)
        and before.delivery.recipient.lower() in _names(after.delivery)
        and _follow(a.hop, before, b.hop, after)
    )


def _names(delivery: Delivery) -> set[str]:
    return {delivery.recipient.lower(), delivery.original_recipient.lower()} - {""}


def _went_there(delivery: Delivery, after: Hop, came_along: bool) -> bool:
    if after.queue_id in delivery.next_queue_ids:
        return delivery.outcome in _HANDED_ON
    return came_along and (
        delivery.outcome in _REQUEUED_FROM
        or (delivery.outcome in _HANDED_ON and not delivery.next_queue_ids)
    )


def _follow(a: Hop, before: Placed, b: Hop, after: Placed) -> bool:
    path = f"{before.from_path} " if before.from_path else ""
    inherited = (
        b.hop_id,
        a.opened_us if before.from_received_us is None else before.from_received_us,
        f"{path}{a.host}/{a.queue_id}",
        before.from_client or a.client,
        before.from_auth or a.auth,
        before.from_subject or a.subject,
    )
    known = (
        before.next_id, after.from_received_us, after.from_path, after.from_client,
        after.from_auth, after.from_subject,
    )  # fmt: skip
    original = before.delivery.original_recipient
    if original and not after.delivery.original_recipient:
        after.delivery = msgspec.structs.replace(after.delivery, original_recipient=original)
    if inherited == known:
        return False
    (
        before.next_id, after.from_received_us, after.from_path, after.from_client,
        after.from_auth, after.from_subject,
    ) = inherited  # fmt: skip
    return True


def directions(stay: Stay) -> Iterator[str]:
    """`inbound outbound relayed internal` of each mail, judged at its last leg."""
    hop = stay.hop
    from_us = is_ours(hop.client, hop.auth)
    for placed in stay.placed:
        if placed.from_path is not None:
            from_us = is_ours(placed.from_client or "", placed.from_auth or "")
        yield direction(from_us, placed.delivery)
