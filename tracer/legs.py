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

from collections.abc import Collection

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
_WAITING = frozenset({Outcome.PENDING, Outcome.QUARANTINED})


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
    fate = _untried(after)
    named_more = fate is not None and _name(before, after, fate)
    if len(before.placed) == len(after.placed) == 1:
        return _join_one(before.hop, before.placed[0], after, came_along) or named_more
    followers: dict[str, list[Placed]] = {}
    for follower in after.placed:
        for address in _names(follower.delivery):
            followers.setdefault(address, []).append(follower)
    changed, followed, own = named_more, set[int](), (after.hop.hop_id,)
    for placed in before.placed:
        if _went_there(placed.delivery, after.hop, came_along):
            found = followers.get(placed.delivery.recipient.lower(), ())
            followed.update(map(id, found))
            for follower in found:
                changed |= _follow(before.hop, placed, after.hop, follower)
            changed |= not found and _let_go(placed, own)
    for follower in after.placed:
        if follower.before and id(follower) not in followed:
            changed |= _forsake(follower, before.hop)
    return changed


def _join_one(a: Hop, before: Placed, stay: Stay, came_along: bool) -> bool:
    b, after = stay.hop, stay.placed[0]
    if not _went_there(before.delivery, b, came_along):
        return _forsake(after, a)
    wanted = before.delivery.recipient
    if wanted != after.delivery.recipient and wanted.lower() not in _names(after.delivery):
        parted = _let_go(before, (b.hop_id,))
        return _forsake(after, a) or parted
    return _follow(a, before, b, after)


def leg_before(placed: Placed) -> str:
    """`host/queue_id` of the leg that a delivery follows; "" for none."""
    return placed.before.path.rpartition(" ")[2] if placed.before else ""


def _forsake(placed: Placed, a: Hop) -> bool:
    """Forget what a delivery inherited from a hop that it does not follow; whether it had any.

    A queue's word on recipients not named yet may be followed, and is gone when they are.
    """
    if leg_before(placed) != leg_name(a):
        return False
    placed.before = None
    return True


def _let_go(placed: Placed, gone: Collection[int]) -> bool:
    """Make a delivery the last leg again if one of these followed; whether it did."""
    if placed.next_id not in gone:
        return False
    placed.next_id = 0
    return True


def let_go(before: Stay, gone: Collection[int]) -> bool:
    """Forget legs that are there no more; whether any followed this one."""
    parted = [placed for placed in before.placed if _let_go(placed, gone)]
    return bool(parted)


def _untried(stay: Stay) -> Delivery | None:
    """What is known of the recipients of a stay whom nobody has tried; None if there are none.

    A queue names no recipients before the first attempt; a header check names one of them.
    What then befalls the message befalls all of them.
    """
    untried = [one.delivery for one in stay.placed if not one.delivery.attempts]
    if len(untried) == len(stay.placed):
        return untried[0] if untried else None
    return next((told for told in untried if told.outcome in _WAITING), None)


def _name(before: Stay, after: Stay, fate: Delivery) -> bool:
    """Name the untried recipients of a stay as the leg before names them; whether any was new.

    A filter that only passes our queue id on may have split the mail: the reply must tell.
    """
    known = set().union(*(_names(one.delivery) for one in after.placed))
    told_of = [p.delivery for p in before.placed if after.hop.queue_id in p.delivery.next_queue_ids]
    handed_on = [told for told in told_of if told.outcome in _HANDED_ON]
    missing = [told for told in handed_on if told.recipient.lower() not in known]
    if not missing:
        return False
    found = [one for one in after.placed if one.delivery.recipient]
    for told in missing:
        names = {"recipient": told.recipient, "original_recipient": told.original_recipient}
        found.append(Placed(msgspec.structs.replace(fate, **names)))
    after.placed = sorted(found, key=_by_name)
    return True


def _by_name(placed: Placed) -> tuple[str, str]:
    return placed.delivery.recipient, placed.delivery.original_recipient


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


def leg_name(hop: Hop) -> str:
    """A hop as a path names it."""
    return f"{hop.host}/{hop.queue_id}"


def inherited(a: Hop, known: Before | None) -> Before:
    """What the leg after hop `a` knows, `known` being what `a` knows from before."""
    own = leg_name(a)
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
