"""Rows as NDJSON: one JSON object a line, the values exact."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from tracer.exports.columns import Column, Type
from tracer.exports.format import Format, Out, Style
from tracer.exports.times_text import rfc3339

_encode_lines = msgspec.json.Encoder().encode_lines


class _Ndjson:
    """A file of JSON lines in the making."""

    def __init__(self, out: Out, columns: Sequence[Column], _style: Style) -> None:
        self._out = out
        self._names = [column.name for column in columns]
        self._types = [column.type for column in columns]

    def add(self, columns: Sequence[Sequence[Any]]) -> None:
        told = map(_told, self._types, columns)
        names = self._names
        rows = [dict(zip(names, row, strict=True)) for row in zip(*told, strict=True)]
        self._out.write(_encode_lines(rows))

    def close(self) -> None:
        """Nothing comes last."""


def _told(kind: Type, values: Sequence[Any]) -> Sequence[Any]:
    if kind is Type.TIME:
        return [text or None for text in rfc3339(values)]
    return list(map(str.split, values)) if kind is Type.LIST else values


NDJSON = Format(
    "ndjson", "NDJSON", ".ndjson", "application/x-ndjson", _Ndjson, 60_000, is_text=True
)
