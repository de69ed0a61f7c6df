"""Rows as CSV (RFC 4180), safe to open in a spreadsheet unless it must be exact.

A cell that a spreadsheet would take for a formula gets an apostrophe before it (OWASP
ASVS 5.0, 1.2.10): subjects and addresses are written by strangers. So does what would
become such a cell where the file is read with another separator than ours.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from tracer.exports.as_json import FIELDS
from tracer.exports.as_json import row as as_row
from tracer.exports.columns import Column, Type
from tracer.exports.format import Format, Out, Sheet, Style
from tracer.exports.times_text import for_sheets, rfc3339
from tracer.model import Row

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_STARTS = frozenset(_FORMULA)
_SEPARATORS = (";", "\t", ",", "\r", "\n")
_AFTER_SEPARATOR = re.compile(r"([;,\t\r\n]\"*)(?=[=+@-])")
_END = "\r\n"
_AT_ONCE = 500
_TEXTS = (Type.TEXT, Type.LIST)
_COMMA_COUNTRIES = frozenset({"ru"})  # write 0,5 and part lists with a semicolon


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
    if isinstance(value, str):
        return safe(value)
    return "" if value is None else value


def safe(text: str) -> str:
    """The text with an apostrophe where a spreadsheet would begin a formula."""
    told = f"'{text}" if text.startswith(_FORMULA) else text
    return _AFTER_SEPARATOR.sub(r"\1'", told)


class _Csv:
    """A CSV file in the making.

    Written by column as far as it goes, which is four times as fast as `csv.writer` and
    gives the same: what must be looked for in every cell is first looked for in all at once.
    """

    def __init__(
        self, out: Out, columns: Sequence[Column], style: Style, *, for_excel: bool = False
    ) -> None:
        self._out = out
        self._types = [column.type for column in columns]
        self._exact = style.exact
        self._for_excel = for_excel
        self._has_commas = for_excel and style.lang in _COMMA_COUNTRIES
        self._separator = ";" if self._has_commas else ","
        head = self._separator.join(column.name for column in columns)
        self._send(("\ufeff" if for_excel else "") + head + _END)

    def add(self, columns: Sequence[Sequence[Any]]) -> None:
        cells = map(self._cells, self._types, columns)
        lines = map(self._separator.join, zip(*cells, strict=True))
        self._send(_END.join(lines) + _END)

    def close(self) -> None:
        """Nothing comes last."""

    def _cells(self, kind: Type, values: Sequence[Any]) -> Sequence[str]:
        if kind in _TEXTS:
            return self._texts(values)
        if kind is Type.WORD:
            return values
        if kind is Type.TIME:
            return for_sheets(values) if self._for_excel else rfc3339(values)
        told = ["" if value is None else str(value) for value in values]
        if kind is Type.NUMBER and self._has_commas:
            return [value.replace(".", ",") for value in told]
        return told

    def _texts(self, values: Sequence[str]) -> Sequence[str]:
        together = "\0".join(values)
        if not self._exact and _is_risky(values, together):
            values = list(map(safe, values))
            together = "\0".join(values)
        return _quoted(values, together, self._separator)

    def _send(self, text: str) -> None:
        self._out.write(text.encode("utf-8", "backslashreplace"))


def _is_risky(values: Sequence[str], together: str) -> bool:
    """Whether a spreadsheet could take one of the values for a formula; `together` is all."""
    if not _STARTS.isdisjoint({value[:1] for value in values}):
        return True
    if not any(mark in together for mark in _SEPARATORS):
        return False
    return bool(_AFTER_SEPARATOR.search(together))


def _quoted(values: Sequence[str], together: str, separator: str) -> Sequence[str]:
    """The texts with quotes around those that need them; `together` is all, NUL between them."""
    if "\r" in together or "\n" in together:
        must = re.compile(f'[{separator}"\r\n]').search
        return [_in_quotes(value) if must(value) else value for value in values]
    if '"' in together:
        return [
            _in_quotes(value) if '"' in value or separator in value else value for value in values
        ]
    if separator in together:
        return [f'"{value}"' if separator in value else value for value in values]
    return values


def _in_quotes(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _excel(out: Out, columns: Sequence[Column], style: Style) -> Sheet:
    """With a byte-order mark, and as a Russian Excel reads it where the style is Russian."""
    return _Csv(out, columns, style, for_excel=True)


CSV = Format("csv", "CSV", ".csv", "text/csv", _Csv, 60_000, is_text=True)
EXCEL = Format("excel", "CSV for Excel", ".csv", "text/csv", _excel, 60_000, is_text=True)
