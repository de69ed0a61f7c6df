"""How complete the data is, in the words of the footer, the results line and the home page."""

from __future__ import annotations

from dataclasses import dataclass

from flask import g

from tracer.model import SECOND_US
from tracer.store import sources
from tracer.store.sources import SourceState
from webui.db import connection, store_time
from webui.i18n import site

TOGETHER_US = 60 * SECOND_US  # sources this near to the newest one are level with it
FOLLOWED_US = 300 * SECOND_US  # a source read more recently than this is being followed


@dataclass(frozen=True, slots=True)
class SourceLine:
    """A source and how it stands: `on_time`, `behind` by some seconds, or `read` some time ago."""

    source: SourceState
    state: str
    behind_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Freshness:
    """Every source; those that lag behind the newest; the time up to which all is here."""

    lines: tuple[SourceLine, ...]
    late: tuple[SourceState, ...]
    newest_us: int | None
    complete_until_us: int | None

    @property
    def level(self) -> int:
        """How many sources are level with the newest one."""
        return len(self.lines) - len(self.late)


def freshness() -> Freshness:
    """The freshness of this request's store, read once."""
    if "freshness" not in g:
        with store_time():
            states = sources.freshness(connection())
        g.freshness = freshness_of(states, site().now_us())
    held: Freshness = g.freshness
    return held


def freshness_of(states: tuple[SourceState, ...], now_us: int) -> Freshness:
    """What the states of sources amount to."""
    read = [state.complete_until_us for state in states if state.complete_until_us is not None]
    newest_us = max(read, default=None)
    late = tuple(state for state in states if _lags(state, newest_us))
    lines = tuple(_line(state, now_us) for state in states)
    return Freshness(lines, late, newest_us, min(read, default=None))


def _lags(state: SourceState, newest_us: int | None) -> bool:
    if newest_us is None or state.complete_until_us is None:
        return False
    return newest_us - state.complete_until_us > TOGETHER_US


def _line(state: SourceState, now_us: int) -> SourceLine:
    until_us, read_us = state.complete_until_us, state.read_at_us
    if until_us is None or read_us is None or now_us - read_us > FOLLOWED_US:
        return SourceLine(state, "read")
    if now_us - until_us <= TOGETHER_US:
        return SourceLine(state, "on_time")
    return SourceLine(state, "behind", (now_us - until_us) / SECOND_US)
