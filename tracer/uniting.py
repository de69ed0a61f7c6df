"""What is stored of a queue id and what arrives of it, folded together.

The same line may be read twice, under two names of a source or from two places; lines of one stay
may come in two logs. Folded from all of them it is the same whatever came first. Pure: what is
stored has been loaded with its lines, and nothing is written here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from tracer import fold
from tracer.arrival import Arrival, arrival
from tracer.legs import Stay
from tracer.model import Hop
from tracer.store.packing import Packer


class United(msgspec.Struct, frozen=True, gc=False):
    """What takes the place of what: stays as they are stored, and stays to be written.

    `duplicates`: how many of the events that arrived were known, or told the same twice.
    """

    gone: list[Stay]
    fresh: list[Arrival]
    duplicates: int


def machine(hop: Hop) -> str:
    """The host without the instance, which only a later line may tell (`fold.instance_of`)."""
    return hop.host.partition("/")[0]


def near(stored: Iterable[Stay], arrivals: Sequence[Arrival]) -> list[Stay]:
    """Those of the stays with one queue id that the arrivals, all of one machine, may belong to."""
    where = machine(arrivals[0].hop)
    first_us = min(item.hop.opened_us for item in arrivals) - fold.LONGEST_US
    last_us = max(item.hop.last_us for item in arrivals) + fold.LONGEST_US
    return [
        stay
        for stay in stored
        if machine(stay.hop) == where
        and stay.hop.opened_us <= last_us
        and first_us <= stay.hop.last_us
    ]


def unite(
    packer: Packer, stored: list[Stay], arrivals: Sequence[Arrival], lines: Sequence[bytes]
) -> United:
    """Fold arrivals of one queue id, with the lines of each, together with what is stored of it."""
    known, arrived = (sum(one.n_events for one in some) for some in (stored, arrivals))
    if _is_bare(stored) and arrived < known:
        return United([], [], arrived)  # less than what the rows were made of
    events = [event for stay in stored for event in packer.events(stay.packed, stay.hop)]
    for item, of_item in zip(arrivals, lines, strict=True):
        events += packer.read(of_item, item.hop)
    host = packer.host(lines[0])
    fresh = [arrival(folded, host) for folded in fold.fold(events)]
    if [item.lines for item in fresh] == [stay.packed for stay in stored]:
        return United([], [], arrived)  # a part of what is stored
    return United(stored, fresh, known + arrived - sum(item.n_events for item in fresh))


def _is_bare(stored: Sequence[Stay]) -> bool:
    """Whether lines were deleted of what is stored: folded again it would tell less."""
    return any(stay.n_events and not stay.packed for stay in stored)
