"""Objects that take several lines, or stand in an array or an answer: each to a line of its own.

`journalctl -o json-pretty`, `aws logs get-log-events`, CloudWatch's subscriptions
(`logEvents`), `gcloud logging read --format=json`, Elasticsearch's `hits`, Loki's `values`.
The innermost object that names a time and a text is the entry, whatever is around it.
"""

from __future__ import annotations

import json
import re

import msgspec

from .entry import read_entry

LONGEST = 1_000_000  # characters of one object
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"?|[{}\[\]]')
_ARRAY = re.compile(r"\s*\[\s*(?:[\[{]|$)")
_PUNCTUATION = " \t,]}"
_NANOSECONDS = 19  # digits


def is_spread_json(line: str) -> bool:
    """Whether a document that begins with this line is JSON, but not an entry a line."""
    if line.lstrip().startswith("{"):
        return read_entry(line.strip()) is None
    return _ARRAY.match(line) is not None


class _Open:
    """An object or an array whose end has not come."""

    __slots__ = ("is_told", "start")

    def __init__(self, start: int) -> None:
        self.start = start
        self.is_told = False  # an entry was found in it: it is what stands around entries


class SpreadJson:
    """Gives each entry as one line; other lines are passed on as they are."""

    def __init__(self) -> None:
        self._text = ""
        self._open: list[_Open] = []

    def joined(self, lines: list[str]) -> list[str]:
        """The entries that ended in these lines."""
        found: list[str] = []
        for line in lines:
            if self._open or line.lstrip()[:1] in ("{", "["):
                found += self._read(line)
            elif line.strip(_PUNCTUATION):
                found.append(line)
        return found

    def rest(self) -> list[str]:
        """What was cut off, unless it only stood around entries."""
        text, opened = self._text, self._open
        self._text, self._open = "", []
        return [_one_line(text)] if opened and not opened[0].is_told else []

    def _read(self, line: str) -> list[str]:
        found: list[str] = []
        base = len(self._text)
        self._text += line + "\n"
        for token in _TOKEN.finditer(line):
            if token[0] in "{[":
                self._open.append(_Open(base + token.start()))
            elif token[0] in "}]" and self._open:
                found += self._close(base + token.end())
        if len(self._text) > LONGEST:
            found += self.rest()
        elif all(one.is_told for one in self._open):
            self._text = ""
        return found

    def _close(self, end: int) -> list[str]:
        closed = self._open.pop()
        found: list[str] = []
        if not closed.is_told:
            found = _entry(self._text[closed.start : end], is_outermost=not self._open)
        if self._open and (closed.is_told or found):
            self._open[-1].is_told = True
        return found


def _entry(piece: str, *, is_outermost: bool) -> list[str]:
    """The piece on one line if it is an entry, or if nothing is around it."""
    if piece.startswith("["):
        return _of_loki(piece)
    line = _one_line(piece)
    return [line] if is_outermost or read_entry(line) else []


def _of_loki(piece: str) -> list[str]:
    """`["1795350735123456789", "the line"]`."""
    try:
        pair = msgspec.json.decode(piece.encode("utf-8", "replace"), type=tuple[str, str])
    except (msgspec.DecodeError, RecursionError):
        return []
    if len(pair[0]) != _NANOSECONDS or not pair[0].isdecimal():
        return []
    return [json.dumps({"timestamp": pair[0], "line": pair[1]}, ensure_ascii=False)]


def _one_line(text: str) -> str:
    return text.replace("\n", " ").strip()
