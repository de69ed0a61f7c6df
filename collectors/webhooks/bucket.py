"""A limit to how many requests a second one source may bring."""

from __future__ import annotations

import threading

BURST_S = 2.0
"""So many seconds' worth may come at once after a quiet time."""
NOTED_EVERY_S = 60.0


class Bucket:
    """Fills by `rate` a second; a request takes one out, or must come again."""

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self._lock = threading.Lock()
        self._left = rate * BURST_S
        self._at_s = self._noted_s = float("-inf")

    def wait_s(self, now_s: float) -> float:
        """0 if a request may come in now, else seconds until one may; `now_s` never goes back."""
        with self._lock:
            filled = self._left + (now_s - self._at_s) * self.rate
            self._left, self._at_s = min(filled, self.rate * BURST_S), now_s
            if self._left < 1:
                return (1 - self._left) / self.rate
            self._left -= 1
            return 0.0

    def is_worth_noting(self, now_s: float) -> bool:
        """Whether people should be told of a request that must come again: once a minute."""
        with self._lock:
            is_due = now_s - self._noted_s >= NOTED_EVERY_S
            if is_due:
                self._noted_s = now_s
            return is_due
