"""The doors through which checks reach the world in one run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from tracer.diagnostics.https import Page
from tracer.diagnostics.lookup import Lookup
from tracer.diagnostics.outbound import Outbound
from tracer.diagnostics.smtp import Call, Conversation
from tracer.diagnostics.traces import History


class Smtp(Protocol):
    """Conversations with mail hosts: one per address and run."""

    def talk(self, calls: Sequence[Call]) -> tuple[Conversation, ...]:
        """What each address said, in the order of the calls; all are held at once.

        An address that was called before in this run is not called again.
        """
        ...


class Https(Protocol):
    """Pages of MTA-STS policies."""

    def fetch(self, host: str, addresses: Sequence[str], path: str) -> Page:
        """`https://host/path` from the first of these addresses that answers."""
        ...


class OwnTraces(Protocol):
    """What our own store knows about a pair of addresses."""

    def between(self, sender: str, recipient: str) -> History:
        """Mail between two addresses or domains; either may be "".

        Raises StoreUnavailable.
        """
        ...


@dataclass(frozen=True, slots=True)
class World:
    """What a run may use; a fake of each is enough to test a check. None: switched off."""

    dns: Lookup
    smtp: Smtp | None = None
    https: Https | None = None
    traces: OwnTraces | None = None
    now_us: int = 0
    options: dict[str, str] = field(default_factory=dict)
    outbound: Outbound = field(default_factory=Outbound)
