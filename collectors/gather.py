"""Events gathered by queue id until their stay can be folded.

The open stays in memory are a cache of what is stored, never more: killing the process
loses nothing, since `tracer.ingest` unites a stay with what the store knows of it.
"""

from __future__ import annotations

from collections import defaultdict

from tracer.fold import Folded, fold
from tracer.ingest import Arrival, arrival
from tracer.model import Event

MOST_EVENTS = 60_000
"""Events kept of stays that are still open; the longest untouched leave first."""

_Key = tuple[str, str]
_NEVER = (0, 0)


class Gatherer:
    """Takes events in, gives back the stays that they touched."""

    def __init__(self, most_events: int = MOST_EVENTS) -> None:
        self._most = most_events
        self._fresh: defaultdict[_Key, list[Event]] = defaultdict(list)
        self._open: dict[_Key, list[Event]] = {}
        self._hosts: dict[str, str] = {}  # host of a hop -> as its lines name it
        self._known: dict[_Key, tuple[int, int]] = {}

    def add(self, event: Event, host: str) -> None:
        """Take in one event that has a queue id, from a line that names `host`."""
        self._fresh[event.host, event.queue_id].append(event)
        self._hosts[event.host] = host

    def take(self) -> list[Arrival]:
        """The stays touched since the last call, whole as far as this process knows them."""
        arrivals: list[Arrival] = []
        for key, fresh in self._fresh.items():
            earlier = self._open.pop(key, None)
            folded = fold(earlier + fresh if earlier else fresh)
            host = self._hosts[key[0]]
            arrivals.append(arrival(folded[0], host, self._known.pop(key, _NEVER)))
            arrivals.extend(arrival(later, host) for later in folded[1:])
            self._keep(key, folded[-1])
        self._fresh.clear()
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
