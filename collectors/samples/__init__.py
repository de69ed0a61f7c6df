"""The sample log: two days of a small firm's mail, dated to end just now.

The lines were written by a real Postfix; `README.md` beside them says how, and what
to look for. Their hours are moved as a block, so that all lie in the last 48 hours.
"""

from __future__ import annotations

import lzma
from collections.abc import Iterator
from datetime import datetime, timedelta
from importlib.resources import files

from tracer.model import SECOND_US, micros

FILE = "postfix.log.xz"
AGE_OF_NEWEST_US = 3 * 60 * SECOND_US
STAMP = len("2026-11-20T07:06:29.919960+00:00")


def sample_lines(now_us: int) -> Iterator[str]:
    """The sample's lines, oldest first, without line ends, the newest 3 minutes before `now_us`.

    Each begins with an ISO 8601 stamp in UTC with microseconds. The distances between
    lines are those of the file.
    """
    packed = files(__package__).joinpath(FILE).read_bytes()
    lines = lzma.decompress(packed).decode().splitlines()
    newest_us = micros(datetime.fromisoformat(lines[-1][:STAMP]))
    later = timedelta(microseconds=now_us - AGE_OF_NEWEST_US - newest_us)
    for line in lines:
        at = datetime.fromisoformat(line[:STAMP]) + later
        yield f"{at.isoformat(timespec='microseconds')}{line[STAMP:]}"
