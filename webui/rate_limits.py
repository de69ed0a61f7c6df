"""How often something may be done: a sliding window for each key, kept by this process."""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Callable

from tracer.errors import Phrase, TracerError

_KEYS = 10_000


class TooMany(TracerError):
    """Too much was asked; `retry_after_s` says when to ask again."""

    exit_code = 75
    http_status = 429

    def __init__(self, message: Phrase, retry_after_s: int) -> None:
        super().__init__(message)
        self.phrase = message
        self.retry_after_s = max(1, retry_after_s)


class RateLimit:
    """At most `most` times in `window_s` seconds for each key."""

    def __init__(self, most: int, window_s: float, clock: Callable[[], float]) -> None:
        self._most, self._window_s, self._clock = most, window_s, clock
        self._times: OrderedDict[str, deque[float]] = OrderedDict()
        self._lock = threading.Lock()

    def wait_s(self, key: str) -> float:
        """Count one more time for the key: 0 if it may be done, else seconds until it may."""
        now = self._clock()
        with self._lock:
            times = self._times.setdefault(key, deque())
            self._times.move_to_end(key)
            while times and times[0] <= now - self._window_s:
                times.popleft()
            if len(times) >= self._most:
                return times[0] + self._window_s - now
            times.append(now)
            if len(self._times) > _KEYS:
                self._times.popitem(last=False)
        return 0.0
