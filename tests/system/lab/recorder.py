"""Writes down when each log line appeared, to the microsecond.

Postfix's own log file has whole seconds; a line's stamp here is the moment it was
seen, at most a few milliseconds after it was written.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

POLL_S = 0.002
HEAD = len("Nov 22 15:18:47 ")


@dataclass(frozen=True)
class Seen:
    """One line: when it was seen (seconds since 1970), the host, and the rest of it."""

    at: float
    host: str
    text: str


class Recorder:
    """Follows the logs from `with` on; `lines` are in the order they were seen."""

    def __init__(self, logs: Mapping[str, Path]):
        self.lines: list[Seen] = []
        self._logs = {host: path.open("rb") for host, path in logs.items()}
        self._rest = dict.fromkeys(logs, b"")
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()
        for log in self._logs.values():
            log.close()

    def _follow(self) -> None:
        while not self._done.wait(POLL_S):
            for host in self._logs:
                self._read(host)

    def _read(self, host: str) -> None:
        read = self._logs[host].read()
        if not read:
            return
        at = time.time()
        *whole, self._rest[host] = (self._rest[host] + read).split(b"\n")
        for number, line in enumerate(whole):
            said = line.decode("utf-8", "replace")[HEAD:].partition(" ")[2]
            self.lines.append(Seen(at + number * 1e-5, host, said))
