"""What a check is."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from tracer.diagnostics.model import Finding, Target
from tracer.diagnostics.world import World


@dataclass(frozen=True, slots=True)
class Check:
    """A question to the world about a target; `run` is called in a thread of its own.

    `concerns` tells whether there is anything to ask for this target; a check that does not
    concern it is left out of the report. `run` reaches the world only through `world`, and
    never raises for what the world says: trouble is a finding with the verdict UNKNOWN.
    One that is `on_request` is no part of an ordinary run: it is run when it is named.
    """

    name: str
    run: Callable[[Target, World], Iterable[Finding]]
    concerns: Callable[[Target], bool]
    on_request: bool = False
