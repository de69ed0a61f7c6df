"""What is read: inputs, what was wrong with them, and the order of rotated logs."""

from __future__ import annotations

import re
from datetime import date
from pathlib import PurePath

import msgspec

STDIN = "-"

_COMPRESSED = re.compile(r"\.(?:gz|bz2|xz|zst|zstd|lzma)$")
_DATED = re.compile(r"[-._](\d{4})-?(\d\d)-?(\d\d)(?:[-_.T]?\d{1,10})?$")
_NUMBERED = re.compile(r"\.(\d{1,5})$")


class LogInput(msgspec.Struct, frozen=True):
    """One log to read: a file, or standard input when `path` is "-"."""

    path: str
    size: int | None = None  # octets as stored, None when it cannot be known
    written_s: float | None = None  # when the file was last written, seconds since 1970


class InputProblem(msgspec.Struct, frozen=True):
    """What was wrong with one path, in words for the person who named it."""

    path: str
    message: str


class Rotation(msgspec.Struct, frozen=True, order=True):
    """Place of a file in the rotation of one log; sorts by series, the oldest first.

    "mail.log-20260101.gz", "mail.log.2.gz", "mail.log.1", "mail.log.processed"
    (Plesk) and "mail.log" are one series in this order.
    """

    series: str
    kind: int  # 0 dated, 1 numbered, 2 processed, 3 the live file
    place: int
    path: str = ""


def rotation_of(path: str) -> Rotation:
    """Where `path` stands in the rotation of its log."""
    folder, name = str(PurePath(path).parent), _COMPRESSED.sub("", PurePath(path).name)
    kind, place = 3, 0
    dated, numbered = _DATED.search(name), _NUMBERED.search(name)
    if dated:
        kind, place = 0, int("".join(dated.groups()))
        name = name[: dated.start()]
    elif numbered:
        kind, place = 1, -int(numbered[1])
        name = name[: numbered.start()]
    if name.endswith(".processed"):
        kind, name = min(kind, 2), name.removesuffix(".processed")
    return Rotation(f"{folder}/{name}", kind, place, path)


def rotated_on(path: str) -> date | None:
    """The day in the name of a dated log: "maillog-20260101.gz"."""
    found = _DATED.search(_COMPRESSED.sub("", path))
    try:
        return date(*map(int, found.groups())) if found else None
    except ValueError:
        return None


def in_order(inputs: list[LogInput]) -> list[list[LogInput]]:
    """The inputs by series, in the order the series were named; inside each the oldest first."""
    series: dict[str, list[LogInput]] = {}
    for log in inputs:
        series.setdefault(rotation_of(log.path).series, []).append(log)
    return [sorted(logs, key=lambda log: rotation_of(log.path)) for logs in series.values()]
