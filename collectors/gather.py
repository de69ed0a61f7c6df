"""Events gathered by queue id until their stay can be folded.

The open stays in memory are a cache of what is stored, never more: killing the process
loses nothing, since `tracer.ingest` unites a stay with what the store knows of it.
"""

from __future__ import annotations

from tracer.fold import Folded, fold
from tracer.ingest import Arrival, arrival
from tracer.model import Event

MOST_EVENTS = 60_000
"""Events kept of stays that are still open; the longest untouched leave first."""

_Key = tuple[str, str]


class Gatherer:
    """Takes events in, gives back the stays that they touched."""

    def __init__(self, most_events: int = MOST_EVENTS) -> None:
        self._most = most_events
        self._open: dict[_Key, list[Event]] = {}
        self._known: dict[_Key, tuple[int, int]] = {}
        self._touched: dict[_Key, None] = {}

    def add(self, event: Event) -> None:
        """Take one event in; one without a queue id says nothing of a message."""
        key = (event.host, event.queue_id)
        events = self._open.get(key)
        if events is None:
            self._open[key] = [event]
        else:
            events.append(event)
        self._touched[key] = None

    def take(self) -> list[Arrival]:
        """The stays touched since the last call, whole as far as this process knows them."""
        arrivals: list[Arrival] = []
        for key in self._touched:
            folded = fold(self._open.pop(key))
            known = self._known.pop(key, (0, 0))
            arrivals.append(arrival(folded[0], known))
            arrivals.extend(arrival(later) for later in folded[1:])
            self._keep(key, folded[-1])
        self._touched.clear()
        self._forget()
        return arrivals

    def _keep(self, key: _Key, last: Folded) -> None:
        if last.hop.closed_us is None:
            self._open[key] = list(last.events)
            self._known[key] = (last.hop.hop_id, len(last.events))

    def _forget(self) -> None:
        excess = sum(map(len, self._open.values())) - self._most
        while excess > 0:
            key = next(iter(self._open))
            excess -= len(self._open.pop(key))
            self._known.pop(key, None)
