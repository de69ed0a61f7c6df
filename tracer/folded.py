"""What folding gives (tracer/fold.py)."""

from __future__ import annotations

import msgspec

from tracer.model import Delivery, Event, Hop


class Folded(msgspec.Struct, frozen=True, gc=False):
    """One stay in a queue: the hop, its deliveries in order of appearance, its events in time."""

    hop: Hop
    deliveries: tuple[Delivery, ...]
    events: tuple[Event, ...]
