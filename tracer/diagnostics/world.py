"""The doors through which checks reach the world in one run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from tracer.diagnostics.lookup import Lookup


class Smtp(Protocol):
    """Conversations with mail hosts: one per address and run."""


class Https(Protocol):
    """Pages of MTA-STS policies and client set-up."""


class OwnTraces(Protocol):
    """What our own store knows about a pair of addresses."""


@dataclass(frozen=True, slots=True)
class World:
    """What a run may use; a fake of each is enough to test a check. None: switched off."""

    dns: Lookup
    smtp: Smtp | None = None
    https: Https | None = None
    traces: OwnTraces | None = None
    now_us: int = 0
    options: dict[str, str] = field(default_factory=dict)
