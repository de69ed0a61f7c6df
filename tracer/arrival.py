"""Folded stays on their way to the store, perhaps from another process.

Knows the store's packing but loads no database: the reading process stays small.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import islice
from typing import TYPE_CHECKING

import msgspec

from tracer.model import DAY_US, Delivery, Hop, Progress
from tracer.store.line_blocks import Block, Pack, cut
from tracer.store.packing import encoded
from tracer.store.states import ID_BITS, MILLISECOND_US

if TYPE_CHECKING:
    from tracer.folded import Folded


_IDS_A_DAY = DAY_US // MILLISECOND_US << ID_BITS


class Arrival(msgspec.Struct, gc=False, array_like=True):
    """A folded stay on its way to the store.

    `lines` are its log lines (tracer.store.packing.encoded); those that came from another process
    stand at `place` of that `block` of the batch instead. `known_id` and `known_events` say
    under which hop_id, with how many events, the same reader stored it before (0: never).
    """

    hop: Hop
    deliveries: tuple[Delivery, ...]
    n_events: int
    lines: bytes
    known_id: int = 0
    known_events: int = 0
    block: int = -1
    place: int = 0


class Batch(msgspec.Struct, gc=False):
    """What one transaction stores: stays, and how far their source has been read, if further."""

    arrivals: list[Arrival]
    progress: Progress | None
    blocks: list[Block] = []

    def pack(self) -> None:
        """Put the lines into blocks, for the way to another process."""
        by_day: dict[int, list[Arrival]] = defaultdict(list)
        for item in self.arrivals:
            by_day[_hop_id(item) // _IDS_A_DAY].append(item)
        packed = Pack()
        for of_day in by_day.values():
            of_day.sort(key=_hop_id)
            rest = iter(of_day)
            for block in cut([item.lines for item in of_day]):
                for place, item in enumerate(islice(rest, len(block))):
                    item.lines, item.block, item.place = b"", len(self.blocks), place
                self.blocks.append(Block(packed(block), len(block)))


def _hop_id(item: Arrival) -> int:
    return item.hop.hop_id


def arrival(folded: Folded, host: str, known: tuple[int, int] = (0, 0)) -> Arrival:
    """A folded stay, ready to be handed to the store, perhaps in another process.

    `host` is what its lines call the host; the hop's may also name an instance.
    """
    lines = encoded(host, folded.events)
    return Arrival(folded.hop, folded.deliveries, len(folded.events), lines, *known)
