"""Joining a mail that a program behind pipe(8) handed back to the stay it was taken from.

No line tells which stay that was, so all that bear one tie (tracer/piped.py) are looked at
together: a pair is one only where both sides have no other choice.  Two alike mails within
seconds of each other stay apart.  What was joined before is parted again when another
candidate turns up later, so that the order in which logs are read does not matter.
Pure: knows nothing of the store.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tracer.legs import Placed, Stay, leg_before, leg_name
from tracer.model import SECOND_US
from tracer.piped import is_tie

LATE_US = 10 * SECOND_US
"""pickup(8) is woken at once; lines may be stamped a little late on a busy host."""

_Pair = tuple[Stay, Stay]


def ties_of(stay: Stay) -> list[str]:
    """The ties of a mail that a program may have taken or handed back; asked for every stay."""
    before = stay.hop.from_queue_ids
    told = [name for name in before if is_tie(name)] if before else []
    for placed in stay.placed:
        names = placed.delivery.next_queue_ids
        if names and is_tie(names[0]) and names[0] not in told:
            told.append(names[0])
    return told


def pairs(tie: str, group: Iterable[Stay]) -> list[_Pair]:
    """Of all stays with a tie, those that are legs of one mail: taken, handed back."""
    found = list(_candidates(tie, list(group)))
    before = [(a.hop.hop_id, recipient) for a, _, recipient in found]
    after = [(b.hop.hop_id, recipient) for _, b, recipient in found]
    doubtful = {
        (a.hop.hop_id, b.hop.hop_id)
        for (a, b, _), one, other in zip(found, before, after, strict=True)
        if before.count(one) > 1 or after.count(other) > 1
    }
    certain = {(a.hop.hop_id, b.hop.hop_id): (a, b) for a, b, _ in found}
    return [pair for key, pair in certain.items() if key not in doubtful]


def part(tie: str, group: Iterable[Stay]) -> list[Stay]:
    """Undo joins within a group that are none any more; the stays that changed.

    Either side may tell of one alone: the other was folded again since.
    """
    stays = list(group)
    kept = {(a.hop.hop_id, b.hop.hop_id) for a, b in pairs(tie, stays)}
    parted = [stay for stay in stays if _leads_nowhere(tie, stay, kept)]
    return parted + [b for b in stays if _came_from_elsewhere(b, stays, kept)]


def _candidates(tie: str, group: list[Stay]) -> Iterator[tuple[Stay, Stay, str]]:
    """Each pair that may be one, with the recipient it may be one for."""
    taken = [stay for stay in group if tie in stay.hop.from_queue_ids]
    for a in group:
        for placed in a.placed:
            if tie in placed.delivery.next_queue_ids:
                wanted = placed.delivery.recipient.lower()
                for b in taken:
                    if wanted in _recipients(b) and _fits(a, placed, b):
                        yield a, b, wanted


def _fits(a: Stay, placed: Placed, b: Stay) -> bool:
    one, other = a.hop, b.hop
    return (
        one.hop_id != other.hop_id
        and (one.host, one.message_id) == (other.host, other.message_id)
        and one.sender.lower() == other.sender.lower()
        and one.opened_us - SECOND_US <= other.opened_us <= placed.delivery.last_us + LATE_US
    )


def _recipients(stay: Stay) -> set[str]:
    told = (placed.delivery for placed in stay.placed)
    return {name.lower() for one in told for name in (one.recipient, one.original_recipient)}


def _leads_nowhere(tie: str, a: Stay, kept: set[tuple[int, int]]) -> bool:
    """Whether a delivery of this stay led to one that it has nothing to do with; now it is last."""
    wrong = [
        placed
        for placed in a.placed
        if placed.next_id
        and tie in placed.delivery.next_queue_ids
        and (a.hop.hop_id, placed.next_id) not in kept
    ]
    for placed in wrong:
        placed.next_id = 0
    return bool(wrong)


def _came_from_elsewhere(b: Stay, stays: list[Stay], kept: set[tuple[int, int]]) -> bool:
    """Whether this stay inherited from one of these that it has nothing to do with."""
    others = {leg_name(a.hop) for a in stays if (a.hop.hop_id, b.hop.hop_id) not in kept}
    wrong = [placed for placed in b.placed if leg_before(placed) in others]
    for placed in wrong:
        placed.before = None
    return bool(wrong)
