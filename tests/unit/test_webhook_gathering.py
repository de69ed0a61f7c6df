"""Which webhooks are stored together."""

from __future__ import annotations

import queue
from collections.abc import Callable

from collectors.webhooks.gathering import (
    LONGEST_S,
    LOOK_S,
    MOST_TOGETHER,
    QUIET_LOOKS,
    Gathering,
)


class Clock:
    """Time that passes when somebody sleeps; `meanwhile` is what happens then."""

    def __init__(self, meanwhile: Callable[[], object] = lambda: None) -> None:
        self.now_s = 0.0
        self._meanwhile = meanwhile

    def sleep(self, seconds: float) -> None:
        self.now_s += seconds
        self._meanwhile()


def gathering_of(waiting: queue.SimpleQueue[object], clock: Clock) -> Gathering:
    return Gathering(waiting, lambda: clock.now_s, clock.sleep)


def filled(count: int) -> queue.SimpleQueue[object]:
    waiting: queue.SimpleQueue[object] = queue.SimpleQueue()
    for number in range(count):
        waiting.put(number)
    return waiting


def test_what_comes_alone_waits_for_nobody() -> None:
    waiting, clock = filled(1), Clock()
    gathering = gathering_of(waiting, clock)
    for number in (1, 2, 3):
        assert len(gathering.take()) == 1
        gathering.stored(1)
        waiting.put(number)
    assert clock.now_s == 0


def test_those_just_answered_are_waited_for_and_no_longer() -> None:
    waiting = filled(4)
    clock = Clock(lambda: waiting.put("again"))
    gathering = gathering_of(waiting, clock)
    assert gathering.take() == [0, 1, 2, 3]
    waiting.put("came meanwhile")
    gathering.stored(4)
    assert gathering.take() == ["came meanwhile", *["again"] * 4]
    assert clock.now_s == 4 * LOOK_S


def test_who_does_not_come_again_is_not_waited_for() -> None:
    waiting, clock = filled(1), Clock()
    gathering = gathering_of(waiting, clock)
    gathering.stored(30)
    assert gathering.take() == [0]
    assert clock.now_s == QUIET_LOOKS * LOOK_S


def test_nobody_waits_long_though_others_keep_coming() -> None:
    waiting = filled(1)
    clock = Clock(lambda: waiting.put("more"))
    gathering = gathering_of(waiting, clock)
    gathering.stored(MOST_TOGETHER)
    gathering.take()
    assert LONGEST_S <= clock.now_s < LONGEST_S + 2 * LOOK_S


def test_a_group_has_an_end_and_the_rest_follows() -> None:
    gathering = gathering_of(filled(MOST_TOGETHER + 5), Clock())
    assert len(gathering.take()) == MOST_TOGETHER
    gathering.stored(MOST_TOGETHER)
    assert len(gathering.take()) == 5
