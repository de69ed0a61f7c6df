"""A stay as the rows of a day's tables, and back.

Columns stand in the order of tracer/store/schema.py. The path of every message: one call a
stay makes all its rows of a table. Pure: knows no database.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tracer.direction import DIRECTIONS
from tracer.legs import UNTOLD, Placed, Stay, directions
from tracer.model import Delivery, Hop, Outcome
from tracer.store import days
from tracer.store.more import more_of, next_ids, read_more
from tracer.store.states import ID_BITS, MILLISECOND_US
from tracer.store.terms import (
    WHOLE_HOP,
    AddressKeys,
    Role,
    Tie,
    address_keys,
    client_key,
    client_of,
    key_of,
)

Values = tuple[Any, ...]
# As the database gets them: an attribute of an Enum costs more than a row's other columns.
_SENDER, _RECIPIENT, _CLIENT = map(int, (Role.SENDER, Role.RECIPIENT, Role.CLIENT))
_NEXT, _FROM, _PATH, _NOTICE = map(int, (Tie.NEXT, Tie.FROM, Tie.PATH, Tie.NOTICE))


def hop_values(stay: Stay, source_id: int) -> Values:
    """The row of `hops`, without the place of its lines."""
    hop, own, domain = stay.hop, None, None
    if _shows(stay.placed):
        own, domain, _ = address_keys(hop.sender) if hop.sender else _NOBODY
    return (
        hop.hop_id, hop.host, hop.queue_id, hop.opened_us - _in_id(hop.hop_id),
        hop.last_us - hop.opened_us,
        hop.message_id, hop.subject, hop.sender, hop.helo, hop.auth, hop.tls, hop.size, source_id,
        " ".join(hop.from_queue_ids) if hop.from_queue_ids else "",
        " ".join(hop.notice_queue_ids) if hop.notice_queue_ids else "", own, domain,
        key_of(hop.message_id) if hop.message_id else None, client_key(hop.client) or None,
    )  # fmt: skip


def _shows(placed: list[Placed]) -> bool:
    """Whether a search may show the hop by itself: it is the last leg for a recipient."""
    for one in placed:
        if one.next_id == 0:
            return True
    return False


def _in_id(hop_id: int) -> int:
    """When a hop was opened, as its id tells: to the millisecond."""
    return (hop_id >> ID_BITS) * MILLISECOND_US


def read_hop(values: Sequence[Any], sources: Mapping[int, str]) -> Hop:
    """The hop of what `hop_values` gave; `sources` are their names by id."""
    (
        hop_id, host, queue_id, over_us, stay_us, message_id, subject, sender, helo, auth,
        tls, size, source_id, before, notices, _sender, _domain, _message, client,
    ) = values  # fmt: skip
    opened_us = _in_id(hop_id) + over_us
    return Hop(
        hop_id, host, queue_id, opened_us, opened_us + stay_us, message_id=message_id,
        subject=subject, sender=sender, client=client_of(client), helo=helo, auth=auth, tls=tls,
        size=size, source=sources[source_id],
        from_queue_ids=tuple(before.split()), notice_queue_ids=tuple(notices.split()),
    )  # fmt: skip


def delivery_values(stay: Stay) -> list[Values]:
    """The rows of `deliveries`."""
    hop_id, opened_us = stay.hop.hop_id, stay.hop.opened_us
    found: list[Values] = []
    for n, way in enumerate(directions(stay)):
        placed = stay.placed[n]
        d, own, domain = placed.delivery, None, None
        if placed.next_id == 0:
            own, domain, _ = address_keys(d.recipient) if d.recipient else _NOBODY
        found.append(
            (
                hop_id, n, d.recipient, d.original_recipient, d.outcome._value_, d.cause, d.status,
                d.reply, d.relay, d.tls, d.program, _NUMBERS[way], d.attempts, d.delay_s,
                d.last_us - opened_us, placed.next_id, more_of(placed), own, domain,
            )
        )  # fmt: skip
    return found


_NUMBERS = {way: number for number, way in enumerate(DIRECTIONS)}


def read_placed(values: Values, opened_us: int) -> Placed:
    """The delivery of one of these rows; `opened_us` is its hop's."""
    (
        _hop_id, _n, recipient, original, outcome, cause, status, reply, relay, tls, agent,
        _direction, attempts, delay_s, after_us, next_id, more, _key, _domain_key,
    ) = values  # fmt: skip
    rest, last_us = read_more(more), opened_us + after_us
    delivery = Delivery(
        recipient, original, Outcome(outcome), rest.first_us or last_us, last_us, cause, status,
        reply, relay, rest.command, tls, agent, attempts, delay_s, next_ids(rest, reply),
    )  # fmt: skip
    return Placed(delivery, next_id, rest.before)


_NOBODY: AddressKeys = (0, 0, ())


def term_values(stay: Stay) -> list[Values]:
    """The rows of `terms`: what the stay is found by beside the keys in its other rows."""
    hop = stay.hop
    found: list[Values] = []
    if hop.sender and (others := address_keys(hop.sender)[2]):
        found += [(str(key), _SENDER, hop.hop_id, WHOLE_HOP) for key in others]
    for n, placed in enumerate(stay.placed):
        delivery = placed.delivery
        if delivery.original_recipient:
            keys: Iterable[int] = _of_original(delivery)
        else:  # nearly always nothing
            keys = address_keys(delivery.recipient)[2] if delivery.recipient else ()
        if keys:
            found += [(str(key), _RECIPIENT, hop.hop_id, n) for key in keys]
        if placed.before and (client := client_key(placed.before.client)):
            found.append((client, _CLIENT, hop.hop_id, n))
    return found


def _of_original(delivery: Delivery) -> Iterable[int]:
    """Keys of the address that a mail was first sent to, and of what either address stands for."""
    others = address_keys(delivery.recipient)[2] if delivery.recipient else ()
    own, domain, more = address_keys(delivery.original_recipient)
    return dict.fromkeys((own, domain, *more, *others))


def tie_values(stay: Stay, day: str) -> list[tuple[str, Values]]:
    """Each tie with the day it is looked for in: that of the attempt for ids got there."""
    hop = stay.hop
    found: list[tuple[str, Values]] = []
    for queue_id in hop.from_queue_ids:
        if queue_id != UNTOLD or len(hop.from_queue_ids) == 1:
            found.append((day, (queue_id, _FROM, hop.hop_id)))
    for queue_id in hop.notice_queue_ids:
        found.append((days.day_of(hop.last_us), (queue_id, _NOTICE, hop.hop_id)))
    seen: set[str] = set()
    for placed in stay.placed:
        if placed.before:
            for leg in placed.before.path.split():
                found.append((day, (leg.rpartition("/")[2], _PATH, hop.hop_id)))
        for queue_id in placed.delivery.next_queue_ids:
            if queue_id not in seen:
                seen.add(queue_id)
                attempt_day = days.day_of(placed.delivery.last_us)
                found.append((attempt_day, (queue_id, _NEXT, hop.hop_id)))
    return found
