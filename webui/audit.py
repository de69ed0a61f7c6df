"""Who looked at what: one JSON object a line in `audit.log` of the home folder.

Only added to, readable by its owner alone, opened anew for each line, so that it may be moved at
any time. Not in the store: looking at a page must not wait for whoever writes there.
"""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path

from tracer.exports.as_json import time_text
from tracer.model import DAY_US
from tracer.store.days import day_of

log = logging.getLogger(__name__)

NAME = "audit.log"
_MOVED = "audit-{}.log"


class Audit:
    """Adds lines to the file; a disk that takes none is told in the log, not to the visitor."""

    def __init__(self, home: Path) -> None:
        self._file = home / NAME

    def add(self, at_us: int, who: str, address: str, did: str, what: str) -> None:
        """Write down that `who` did this; `what` is the address asked for, its query included."""
        told = {"at": time_text(at_us), "who": who, "from": address, "did": did, "what": what}
        line = json.dumps(told, ensure_ascii=False) + "\n"
        try:
            handle = os.open(self._file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            with open(handle, "a", encoding="utf-8", errors="backslashreplace") as file:
                file.write(line)
        except OSError as error:
            log.error("no audit line could be written to %s: %s", self._file, error.strerror)

    def let_go(self, now_us: int, keep_days: int) -> None:
        """Once a day: move the file aside as `audit-20261122.log`, and delete those that are older
        than `keep_days`. A line that is being written meanwhile lands in the one that was moved."""
        moved = self._file.with_name(_MOVED.format(day_of(now_us)))
        oldest = _MOVED.format(day_of(now_us - keep_days * DAY_US))
        try:
            if self._file.exists() and not moved.exists():
                self._file.rename(moved)
            for file in self._file.parent.glob(_MOVED.format("[0-9]" * 8)):
                if file.name < oldest:
                    file.unlink(missing_ok=True)
        except OSError as error:
            log.error("old lines of %s could not be deleted: %s", self._file, error.strerror)
