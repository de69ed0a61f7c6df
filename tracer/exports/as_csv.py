"""Rows as CSV (RFC 4180), safe to open in a spreadsheet.

A cell that a spreadsheet would take for a formula gets an apostrophe before it (OWASP
ASVS 5.0, 1.2.10): subjects and addresses are written by strangers.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator

from tracer.exports.as_json import FIELDS
from tracer.exports.as_json import row as as_row
from tracer.model import Row

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_AT_ONCE = 500


def write_rows(rows: Iterable[Row]) -> Iterator[str]:
    """The header, then the rows, in pieces of some hundred lines."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(FIELDS)
    for number, row in enumerate(rows, 1):
        writer.writerow([_cell(value) for value in as_row(row).values()])
        if number % _AT_ONCE == 0:
            yield _taken(buffer)
    yield _taken(buffer)


def _taken(buffer: io.StringIO) -> str:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text


def _cell(value: object) -> object:
    if isinstance(value, tuple):
        value = " ".join(value)
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return "" if value is None else value
