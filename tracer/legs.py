"""Legs of one mail: a hop that handed its mail to another hop we know.

A content filter's round trip and a second host give one mail several queue ids. The
leg before is told by the queue id in the next server's reply ("queued as X"), or by the
queue id that came along (XFORWARD, requeue). A *foreign* hop, of which we read no log but
only reports (a provider's webhooks, a notice), is also told by the Message-ID; those are
joined in tracer/foreign.py. The last leg is the delivery that people see; it inherits what
only the first one knows: who really sent it, when, to which address.
Pure: knows nothing of the store.
"""

from __future__ import annotations

import msgspec

from tracer.direction import direction, is_ours
from tracer.model import DAY_US, SECOND_US, Delivery, Hop, Outcome
from tracer.piped import is_tie

SKEW_US = 300 * SECOND_US
"""Two hosts' clocks may differ by up to 5 minutes."""

FOREIGN_US = 31 * DAY_US
"""The first report of a foreign hop may come this long after its mail was handed over, and so
may one that comes after a long silence, as complaints do: it then begins a hop of its own."""
UNTOLD = "<>"
"""Among `from_queue_ids` of a foreign hop: nobody told the Message-ID."""

_HANDED_ON = frozenset({Outcome.RELAYED, Outcome.DELIVERED})
_REQUEUED_FROM = frozenset({Outcome.DEFERRED, Outcome.PENDING, Outcome.UNKNOWN, Outcome.REMOVED})


class Before(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What a leg knows from the legs before it."""

    received_us: int  # when the first leg opened
    path: str  # "host/queue_id" of the legs before, space between
    client: str = ""
    auth: str = ""
    subject: str = ""


class Placed(msgspec.Struct, gc=False):
    """A delivery with its place in the chain of legs; `next_id` 0: this is the last leg."""

    delivery: Delivery
    next_id: int = 0
    before: Before | None = None


class Stay(msgspec.Struct, gc=False):
    """A hop with its placed deliveries, as the store keeps it.

    `packed` may be absent; what has just arrived may have its lines at `place` of a `block` that
    came along instead. `is_stored` says that the store has rows under this hop_id.
    """

    hop: Hop
    placed: list[Placed]
    n_events: int = 0
    packed: bytes = b""
    is_stored: bool = False
    block: int = -1
    place: int = 0

    @property
    def brings_lines(self) -> bool:
        """Whether it has lines to be stored, or those that it was loaded with."""
        return bool(self.packed) or self.block >= 0


def named(message_id: str) -> str:
    """The name by which a Message-ID ties hops: `<id>`; "" for none. No queue id looks like it."""
    return f"<{message_id}>" if message_id else ""


def is_foreign(hop: Hop) -> bool:
    """Whether a hop is known from reports only."""
    for name in hop.from_queue_ids:  # any() costs more, and nearly every hop has none
        if name.startswith("<"):
            return True
    return False


def hands_over(before: Stay, after: Stay) -> bool:
    """Whether one stay can be the leg before another one.

    A queue id alone proves little: short ones repeat, and another site may use the same.
    Time, sender and Message-ID must agree too; a filter on the same host may change the latter.
    """
    a, b = before.hop, after.hop
    if b.from_queue_ids and is_foreign(b):
        return a.hop_id != b.hop_id and -SKEW_US <= b.opened_us - a.opened_us <= FOREIGN_US
    if a.from_queue_ids and is_foreign(a):
        return a.opened_us - FOREIGN_US <= b.opened_us <= a.last_us + SKEW_US
    if a.hop_id == b.hop_id or not a.opened_us - SKEW_US <= b.opened_us <= a.last_us + SKEW_US:
        return False
    if a.message_id and b.message_id and a.message_id != b.message_id and a.host != b.host:
        return False
    return (
        a.sender == b.sender
        or not (a.sender and b.sender)
        or (a.sender.lower() == b.sender.lower())
    )


def _is_piped(delivery: Delivery, after: Hop) -> bool:
    return any(is_tie(name) and name in after.from_queue_ids for name in delivery.next_queue_ids)


def join(before: Stay, after: Stay) -> bool:
    """Make `after` the leg that follows `before`; whether anything changed."""
    came_along = before.hop.queue_id in after.hop.from_queue_ids
    changed = _join(before, after, came_along)
    if changed and before.hop.sender and not after.hop.sender:  # a filter that names none
        after.hop = msgspec.structs.replace(after.hop, sender=before.hop.sender)
    return changed


def _join(before: Stay, after: Stay, came_along: bool) -> bool:
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
    if not _went_there(before.delivery, b.hop, came_along):
        return False
    wanted = before.delivery.recipient
    if wanted != after.delivery.recipient and wanted.lower() not in _names(after.delivery):
        return False
    return _follow(a.hop, before, b.hop, after)


def _names(delivery: Delivery) -> set[str]:
    return {delivery.recipient.lower(), delivery.original_recipient.lower()} - {""}


def _went_there(delivery: Delivery, after: Hop, came_along: bool) -> bool:
    if after.queue_id in delivery.next_queue_ids:
        return delivery.outcome in _HANDED_ON
    if named(after.message_id) in delivery.next_queue_ids:
        return delivery.outcome in _HANDED_ON
    if delivery.next_queue_ids and after.from_queue_ids and _is_piped(delivery, after):
        return delivery.outcome in _HANDED_ON
    return came_along and (
        delivery.outcome in _REQUEUED_FROM
        or (delivery.outcome in _HANDED_ON and not delivery.next_queue_ids)
    )


def _follow(a: Hop, before: Placed, b: Hop, after: Placed) -> bool:
    wanted = inherited(a, before.before)
    original = before.delivery.original_recipient
    if original and not after.delivery.original_recipient:
        after.delivery = msgspec.structs.replace(after.delivery, original_recipient=original)
    if before.next_id == b.hop_id and after.before == wanted:
        return False
    before.next_id, after.before = b.hop_id, wanted
    return True


def inherited(a: Hop, known: Before | None) -> Before:
    """What the leg after hop `a` knows, `known` being what `a` knows from before."""
    own = f"{a.host}/{a.queue_id}"
    if known is None:
        return Before(a.opened_us, own, a.client, a.auth, a.subject)
    return Before(
        known.received_us,
        f"{known.path} {own}",
        known.client or a.client,
        known.auth or a.auth,
        known.subject or a.subject,
    )


def directions(stay: Stay) -> list[str]:
    """`inbound outbound relayed internal` of each mail, judged at its last leg."""
    hop = stay.hop
    from_us = is_ours(hop.client, hop.auth)
    goes_out = bool(hop.from_queue_ids) and is_foreign(hop)
    found: list[str] = []
    for placed in stay.placed:
        known = placed.before
        whose = is_ours(known.client, known.auth) if known else from_us
        if goes_out:
            found.append("outbound" if whose else "relayed")
        else:
            found.append(direction(whose, placed.delivery))
    return found
