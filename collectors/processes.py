"""Lines that belong to a message by process, not by queue id.

An MTA process says "TLS connection established" before it knows the queue id of the
message that follows. Such an event comes without a queue id; what it tells is laid on the
next events of the same process that have one.
"""

from __future__ import annotations

from typing import Final

import msgspec

from tracer.model import Event, EventKind

_MOST: Final = 5_000
TAKES_TLS: Final = frozenset({EventKind.RECEIVED, EventKind.ATTEMPT, EventKind.REJECTED})


class Processes:
    """Remembers the latest connection of each process of each host."""

    def __init__(self) -> None:
        self._tls: dict[tuple[str, str, str], Event] = {}

    @property
    def are_known(self) -> bool:
        """Whether any process has told anything."""
        return bool(self._tls)

    def remember(self, event: Event) -> None:
        """Keep what an event without a queue id tells of its process."""
        if len(self._tls) >= _MOST:
            self._tls.pop(next(iter(self._tls)))
        self._tls[event.host, event.program, event.pid] = event

    def complete(self, event: Event) -> Event:
        """An event of a kind in TAKES_TLS with the TLS version of its process's connection."""
        if event.tls:
            return event
        told = self._tls.get((event.host, event.program, event.pid))
        if told is None or not _same_peer(told, event):
            return event
        return msgspec.structs.replace(event, tls=told.tls)


def _same_peer(told: Event, event: Event) -> bool:
    if event.kind is EventKind.ATTEMPT:
        return bool(told.relay) and told.relay == event.relay
    return told.client in ("", event.client)
