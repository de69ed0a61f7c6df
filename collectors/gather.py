"""Events gathered by queue id until their stay can be folded.

The open stays in memory are a cache of what is stored, never more: killing the process
loses nothing, since `tracer.ingest` unites a stay with what the store knows of it.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Final

from tracer.arrival import Arrival, arrival
from tracer.fold import AT_THE_DOOR, fold
from tracer.folded import Folded
from tracer.model import Event, EventKind

MOST_EVENTS: Final = 15_000
"""Events kept of stays that are still open; the longest untouched leave first."""

_Key = tuple[str, str]
_NEVER: Final = (0, 0)
_REMOVED: Final = EventKind.REMOVED


class Gatherer:
    """Takes events in, gives back stays.

    `fresh` are the events since the last call by (host, queue id), and `hosts` tells how lines
    name the host of an event. `add` fills them; so does who has no time for a call an event.
    """

    def __init__(self, most_events: int = MOST_EVENTS) -> None:
        self._most = most_events
        self.fresh: defaultdict[_Key, list[Event]] = defaultdict(list)
        self._open: dict[_Key, list[Event]] = {}  # told events of stays that are not over
        self._untold: dict[_Key, list[Event]] = {}  # held back since the last call
        self.hosts: dict[str, str] = {}
        self._known: dict[_Key, tuple[int, int]] = {}

    def add(self, event: Event, host: str) -> None:
        """Take in one event that has a queue id, from a line that names `host`."""
        self.fresh[event.host, event.queue_id].append(event)
        self.hosts[event.host] = host

    def take(self) -> list[Arrival]:
        """The stays that got events since the last call, whole as far as this process knows."""
        return self._take(self._together())

    def take_settled(self) -> list[Arrival]:
        """The same without the stays that are going on.

        A stay is held back while it is open and gets events between two calls: most are
        over soon, and are then written once. `take` gives the rest.
        """
        events = self._together()
        for key, fresh in self.fresh.items():
            if not _is_over(key[1], fresh):
                self._untold[key] = events.pop(key)
        return self._take(events)

    def _together(self) -> dict[_Key, list[Event]]:
        """Events to be told: those held back, then the fresh ones."""
        events, self._untold = self._untold, {}
        for key, fresh in self.fresh.items():
            held = events.pop(key, None) or self._open.pop(key, None)
            events[key] = held + fresh if held else fresh
        return events

    def _take(self, events: dict[_Key, list[Event]]) -> list[Arrival]:
        arrivals: list[Arrival] = []
        for key, told in events.items():
            folded = fold(told)
            host = self.hosts[key[0]]
            arrivals.append(arrival(folded[0], host, self._known.pop(key, _NEVER)))
            arrivals.extend(arrival(later, host) for later in folded[1:])
            self._keep(key, folded[-1])
        self.fresh.clear()
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


def _is_over(queue_id: str, fresh: list[Event]) -> bool:
    if fresh[-1].kind is _REMOVED or queue_id.startswith(AT_THE_DOOR):
        return True
    return any(event.kind is _REMOVED for event in fresh)
