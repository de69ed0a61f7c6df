"""How complete the data is, in the words of the footer, the results line and the home page."""

from __future__ import annotations

from dataclasses import dataclass

from flask import g

from tracer.model import SECOND_US
from tracer.store import checkpoints, sources
from tracer.store.checkpoints import Followed
from tracer.store.sources import SourceState
from webui.db import connection, store_time
from webui.i18n import site

TOGETHER_US = 60 * SECOND_US  # sources this near to the newest one are level with it
UNSEEN_US = 120 * SECOND_US  # a followed log that nobody has looked at for so long


@dataclass(frozen=True, slots=True)
class Freshness:
    """Every source; those that lag behind the newest; the time up to which all is here.

    `stuck` are logs that somebody follows and cannot read just now; `followed` are all that
    somebody ever followed, by name.
    """

    states: tuple[SourceState, ...]
    late: tuple[SourceState, ...]
    newest_us: int | None
    complete_until_us: int | None
    followed: dict[str, Followed]
    stuck: tuple[Followed, ...]

    @property
    def level(self) -> int:
        """How many sources are level with the newest one."""
        return len(self.states) - len(self.late)

    @property
    def every(self) -> int:
        """How many sources there are, those that nothing could be read of among them."""
        return len({state.name for state in self.states} | {one.source for one in self.stuck})

    @property
    def behind(self) -> int:
        """How many of them lack something."""
        return len({state.name for state in self.late} | {one.source for one in self.stuck})


def freshness() -> Freshness:
    """The freshness of this request's store, read once."""
    if "freshness" not in g:
        with store_time():
            followed = checkpoints.every(connection())
            states = tuple(
                state
                for state in sources.freshness(connection())
                if state.name in followed or not _is_no_log(state)
            )
        g.freshness = freshness_of(states, followed)
    held: Freshness = g.freshness
    return held


def freshness_of(states: tuple[SourceState, ...], followed: dict[str, Followed]) -> Freshness:
    """What the states of sources amount to."""
    read = [state.complete_until_us for state in states if state.complete_until_us is not None]
    newest_us = max(read, default=None)
    late = tuple(state for state in states if _lags(state, newest_us))
    stuck = tuple(one for one in followed.values() if one.problem and not is_unwatched(one))
    return Freshness(states, late, newest_us, min(read, default=None), followed, stuck)


def _is_no_log(state: SourceState) -> bool:
    """Whether a file was given to be read once and no line of a log was in it."""
    return state.kind == "file" and not (state.lines or state.events)


def is_unwatched(one: Followed) -> bool:
    """Whether nobody follows this log any more."""
    return site().now_us() - one.seen_us > UNSEEN_US


def _lags(state: SourceState, newest_us: int | None) -> bool:
    if newest_us is None or state.complete_until_us is None:
        return False
    return newest_us - state.complete_until_us > TOGETHER_US
