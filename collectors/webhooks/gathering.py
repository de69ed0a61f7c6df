"""Which requests are stored together: the more, the less each of them costs.

A transaction costs some milliseconds, however much it stores. So a group is not taken as soon
as there is one request: those that were answered a moment ago are about to send their next,
and are waited for, as long as they keep coming and never long. One that comes by itself waits
for nobody.
"""

from __future__ import annotations

import queue
import time
from collections.abc import Callable

MOST_TOGETHER = 100
"""Requests in one transaction; larger groups save little more and make the slowest wait longer."""
LOOK_S, LONGEST_S = 0.001, 0.020
"""Between two looks at what has come, and in all."""
QUIET_LOOKS = 2
"""So many looks that find nothing new end the waiting."""


class Gathering:
    """Takes groups out of a queue, for one thread."""

    def __init__(
        self,
        waiting: queue.SimpleQueue[object],
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._waiting = waiting
        self._clock = clock
        self._sleep = sleep
        self._hoped = 0

    def take(self) -> list[object]:
        """What is to be stored together next; waits until there is something."""
        together = [self._waiting.get()]
        self._add_to(together)
        latest, quiet = self._clock() + LONGEST_S, 0
        while len(together) < min(self._hoped, MOST_TOGETHER) and quiet < QUIET_LOOKS:
            if self._clock() >= latest:
                break
            self._sleep(LOOK_S)
            quiet = 0 if self._add_to(together) else quiet + 1
        self._hoped = 0
        return together

    def stored(self, together: int) -> None:
        """So many are about to be answered: beside what waits already, they may come again."""
        self._hoped = together + self._waiting.qsize()

    def _add_to(self, together: list[object]) -> bool:
        """Add what has come; whether there was anything."""
        known = len(together)
        while len(together) < MOST_TOGETHER:
            try:
                together.append(self._waiting.get_nowait())
            except queue.Empty:
                break
        return len(together) > known
