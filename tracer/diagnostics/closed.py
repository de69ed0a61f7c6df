"""The world when nothing may leave this machine: `[diagnostics] outbound = false`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NoReturn

from tracer.diagnostics.lookup import Lookup


class OutboundOff(Exception):
    """A check asked the network although the settings forbid it; `diagnose` tells so."""


class ClosedLookup(Lookup):
    """Answers no question: the check that asks one does not apply here."""

    def __init__(self) -> None:
        """Needs no name server."""

    def ask(self, name: str, rdtype: str) -> NoReturn:
        raise OutboundOff(f"{name} {rdtype}")

    def ask_all(self, questions: Iterable[tuple[str, str]]) -> NoReturn:
        raise OutboundOff(str(list(questions)))
