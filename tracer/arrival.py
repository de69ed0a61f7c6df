"""Folded stays on their way to the store, perhaps from another process.

Knows the store's packing but loads no database: the reading process stays small.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from tracer.model import Delivery, Hop, Progress
from tracer.store.packing import encoded

if TYPE_CHECKING:
    from tracer.fold import Folded


class Arrival(msgspec.Struct, gc=False, array_like=True):
    """A folded stay on its way to the store.

    `lines` are its log lines (tracer.store.packing.encoded). `known_id` and `known_events` say
    under which hop_id, with how many events, the same reader stored it before (0: never).
    """

    hop: Hop
    deliveries: tuple[Delivery, ...]
    n_events: int
    lines: bytes
    known_id: int = 0
    known_events: int = 0


class Batch(msgspec.Struct, gc=False):
    """What one transaction stores: stays, and how far their source has been read, if further."""

    arrivals: list[Arrival]
    progress: Progress | None


def arrival(folded: Folded, host: str, known: tuple[int, int] = (0, 0)) -> Arrival:
    """A folded stay, ready to be handed to the store, perhaps in another process.

    `host` is what its lines call the host; the hop's may also name an instance.
    """
    lines = encoded(host, folded.events)
    return Arrival(folded.hop, folded.deliveries, len(folded.events), lines, *known)
