"""Rows as PostgreSQL's COPY reads them (its manual, "COPY", "Text Format").

What must be looked for in every text is first looked for in all at once, and most rows are
written as Python prints them; which takes a quarter of the time that the driver takes for one
value after the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from operator import itemgetter
from typing import Any

NUL, INSTEAD = "\0", "\N{REPLACEMENT CHARACTER}"
"""PostgreSQL's text cannot hold NUL (its manual, 8.3); what stands for it there."""

AT_ONCE = 500
"""Rows of a piece: the server reads one while the next is written."""

NULL = "None"
"""What stands for no value: what Python prints. A text of these letters is escaped."""
_TEXT_OF_NULL = f"\\{NULL}"
_ESCAPED = {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", NUL: INSTEAD}
_TABLE = str.maketrans(_ESCAPED)
_MARKS, _NULL = "".join(_ESCAPED).encode(), NULL.encode()


def pieces(rows: Sequence[Sequence[Any]], lacking: Sequence[int] | None = None) -> Iterator[bytes]:
    """The rows as octets; each column holds texts, numbers or octets, and None.

    `lacking`: places of the columns that may hold None, where it is known that none holds octets.
    """
    for start in range(0, len(rows), AT_ONCE):
        some = rows[start : start + AT_ONCE]
        told = None if lacking is None else _printed(some, lacking)
        yield told or _by_column(some).encode()


def _printed(rows: Sequence[Sequence[Any]], lacking: Sequence[int]) -> bytes | None:
    """Rows as Python prints them; None where a text among them must be escaped."""
    columns = len(rows[0])
    line = "\t".join(["%s"] * columns) + "\n"
    told = "".join(map(line.__mod__, map(tuple, rows))).encode()
    if len(told) - len(told.translate(None, _MARKS)) != len(rows) * columns:
        return None
    nothings = sum(list(map(itemgetter(place), rows)).count(None) for place in lacking)
    if told.count(_NULL) == nothings:
        return told
    begun = (b"\n" + told).count(b"\n" + _NULL) + told.count(b"\t" + _NULL)
    return told if begun == nothings else None


def _by_column(rows: Sequence[Sequence[Any]]) -> str:
    cells = map(_cells, zip(*rows, strict=True))
    return "\n".join(map("\t".join, zip(*cells, strict=True))) + "\n"


def _cells(values: Sequence[Any]) -> Sequence[str]:
    if None not in values:
        return _told(values)
    told = iter(_told([value for value in values if value is not None]))
    return [NULL if value is None else next(told) for value in values]


def _told(values: Sequence[Any]) -> Sequence[str]:
    kinds = set(map(type, values))
    if not kinds & {bytes, memoryview}:
        if not all(issubclass(kind, str) for kind in kinds):
            values = list(map(str, values))
        return _texts(values)
    return [f"\\\\x{value.hex()}" for value in values]


def _texts(values: Sequence[str]) -> Sequence[str]:
    together = "".join(values)
    if any(mark in together for mark in _ESCAPED):
        values = [value.translate(_TABLE) for value in values]
    if NULL in values:
        return [_TEXT_OF_NULL if value == NULL else value for value in values]
    return values
