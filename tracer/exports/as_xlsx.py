"""Rows as an Excel workbook, in constant memory; more rows than a sheet holds go on the next.

Text is written as text, so that nothing in it is taken for a formula.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from tracer.exports.columns import Column, Type
from tracer.exports.format import Format, Out, Style

if TYPE_CHECKING:
    from xlsxwriter.worksheet import Worksheet

SHEET_ROWS = 1_048_576
"""Rows of one sheet, the header among them (Excel specifications and limits)."""
CELL_LETTERS = 32_767
_EPOCH = datetime(1970, 1, 1)
_WIDTHS = {
    Type.TEXT: 24,
    Type.WORD: 16,
    Type.TIME: 19,
    Type.INTEGER: 10,
    Type.NUMBER: 10,
    Type.LIST: 24,
}
_UNFIT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")  # not in XML 1.0


class _Forwards:
    """What zipfile must not turn back in: the octets are hashed as they go by."""

    def __init__(self, out: Out) -> None:
        self.write = out.write

    def flush(self) -> None:
        """Octets are out as soon as they are written."""


class _Xlsx:
    """A workbook in the making."""

    def __init__(self, out: Out, columns: Sequence[Column], style: Style) -> None:
        from xlsxwriter import Workbook  # needed by few commands, and slow to import

        self._columns = columns
        options: dict[str, Any] = {"constant_memory": True, "tmpdir": style.folder}
        self._book = Workbook(_Forwards(out), options)
        self._time = self._book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        self._head = self._book.add_format({"bold": True})
        self._sheet = self._next_sheet()
        self._row = 1

    def add(self, columns: Sequence[Sequence[Any]]) -> None:
        writers = [self._writer(column.type) for column in self._columns]
        for row in zip(*columns, strict=True):
            if self._row == SHEET_ROWS:
                self._sheet, self._row = self._next_sheet(), 1
            for place, (write, value) in enumerate(zip(writers, row, strict=True)):
                if value not in ("", None):
                    write(place, value)
            self._row += 1

    def close(self) -> None:
        self._book.close()

    def _next_sheet(self) -> Worksheet:
        sheet: Worksheet = self._book.add_worksheet()
        for place, column in enumerate(self._columns):
            sheet.set_column(place, place, _WIDTHS[column.type])
        sheet.freeze_panes(1, 0)
        for place, column in enumerate(self._columns):
            sheet.write_string(0, place, column.name, self._head)
        return sheet

    def _writer(self, kind: Type) -> Any:
        return {
            Type.TEXT: self._text,
            Type.WORD: self._text,
            Type.LIST: self._text,
            Type.TIME: self._moment,
            Type.INTEGER: self._number,
            Type.NUMBER: self._number,
        }[kind]

    def _text(self, place: int, value: str) -> None:
        self._sheet.write_string(self._row, place, _UNFIT.sub("\ufffd", value)[:CELL_LETTERS])

    def _number(self, place: int, value: float) -> None:
        self._sheet.write_number(self._row, place, value)

    def _moment(self, place: int, value: int) -> None:
        at = _EPOCH + timedelta(microseconds=value)
        self._sheet.write_datetime(self._row, place, at, self._time)


XLSX = Format(
    "xlsx", "XLSX", ".xlsx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", _Xlsx, 8_000,
)  # fmt: skip
