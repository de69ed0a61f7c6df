"""How complete the data is, in the words of the footer, the results line and the home page."""

from __future__ import annotations

from dataclasses import dataclass

from flask import g

from tracer.model import SECOND_US
from tracer.store import sources
from tracer.store.sources import SourceState
from webui.db import connection, store_time

TOGETHER_US = 60 * SECOND_US  # sources this near to the newest one are level with it


@dataclass(frozen=True, slots=True)
class Freshness:
    """Every source; those that lag behind the newest; the time up to which all is here."""

    states: tuple[SourceState, ...]
    late: tuple[SourceState, ...]
    newest_us: int | None
    complete_until_us: int | None

    @property
    def level(self) -> int:
        """How many sources are level with the newest one."""
        return len(self.states) - len(self.late)


def freshness() -> Freshness:
    """The freshness of this request's store, read once."""
    if "freshness" not in g:
        with store_time():
            states = sources.freshness(connection())
        g.freshness = freshness_of(states)
    held: Freshness = g.freshness
    return held


def freshness_of(states: tuple[SourceState, ...]) -> Freshness:
    """What the states of sources amount to."""
    read = [state.complete_until_us for state in states if state.complete_until_us is not None]
    newest_us = max(read, default=None)
    late = tuple(state for state in states if _lags(state, newest_us))
    return Freshness(states, late, newest_us, min(read, default=None))


def _lags(state: SourceState, newest_us: int | None) -> bool:
    if newest_us is None or state.complete_until_us is None:
        return False
    return newest_us - state.complete_until_us > TOGETHER_US
