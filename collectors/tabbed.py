"""Lines whose fields stand between tabs: the archives of Papertrail.

Fields: id, generated at, received at, source id, host, its address, facility, severity,
program, message. Source: Papertrail's "Permanent log archives".
"""

from __future__ import annotations

from .entry import Entry
from .odd_stamps import read_any_stamp
from .stamp import utc_us

_FIELDS = 10
_LONGEST_ID = 20  # digits


def read_tabbed(line: str) -> Entry | None:
    """The entry that a line is; None for another line. Never raises."""
    number, met, _ = line[: _LONGEST_ID + 1].partition("\t")
    if not met or not number.isdecimal():
        return None
    fields = line.split("\t", _FIELDS - 1)
    stamp = read_any_stamp(fields[1]) if len(fields) == _FIELDS else None
    at_us = utc_us(stamp) if stamp and stamp.zone is not None else None
    if stamp is None or at_us is None:
        return None
    program, _, pid = fields[8].partition("[")
    return Entry(at_us, stamp, fields[4], program, pid.rstrip("]"), fields[9], is_wrapped=False)
