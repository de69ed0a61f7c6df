"""Entries of several lines, or of one row, to one line each, before their heads are read.

`journalctl -o verbose` and `-o export` (systemd's JOURNAL_EXPORT_FORMATS), rsyslog's
RSYSLOG_DebugFormat, and tables with a header row, as Graylog, Kibana, Splunk, CloudWatch and
Azure export them.  Objects spread over lines are in `collectors.spread_json`.  A document is
known by its first line; each joiner gives out lines that `HeadReader` reads.
"""

from __future__ import annotations

import csv
import json
import re
from typing import Protocol

from .odd_stamps import read_any_stamp
from .records import is_record_of
from .spread_json import SpreadJson, is_spread_json

_ABOUT = "-- "  # "-- Journal begins at …" stands above what journalctl writes
_CURSOR = re.compile(r" \[s=[0-9a-f]+;")
_EXPORTED = ("__CURSOR=", "__REALTIME_TIMESTAMP=")
_DEBUG = "Debug line with all properties:"
_NAMES = {
    "_HOSTNAME": "host", "SYSLOG_IDENTIFIER": "program", "SYSLOG_PID": "pid", "_PID": "_PID",
    "_COMM": "_COMM", "MESSAGE": "message",
}  # fmt: skip
_IN_UTC = " [utc]"
_AWS = {"@timestamp", "@message"}  # of CloudWatch's Insights, whose times are UTC and do not say so
LONGEST_ROW = 1_000_000  # characters, before an open quote is taken for a stray one


class Joiner(Protocol):
    """Makes one line of each entry."""

    def joined(self, lines: list[str]) -> list[str]:
        """The entries that are whole now; the beginning of another one waits."""

    def rest(self) -> list[str]:
        """What still waited when the document ended."""


def first_line(lines: list[str]) -> str:
    """The first line that can tell what a document is; "" when none of these can."""
    told = (line for line in lines if line.strip() and not line.startswith(_ABOUT))
    return next(told, "").removeprefix("\ufeff")


def joiner_of(line: str) -> Joiner | None:
    """What joins the document that begins with this line; None for a log of lines."""
    if line.startswith(_EXPORTED):
        return Exported()
    if line.startswith(_DEBUG):
        return Debugged()
    if is_spread_json(line):
        return SpreadJson()
    if _CURSOR.search(line, 0, 80) and read_any_stamp(line):
        return Verbose()
    return Rows.headed(line)


class Exported:
    """`journalctl -o export`: `NAME=value` lines, an empty line after each entry."""

    def __init__(self) -> None:
        self._fields: dict[str, str] = {}
        self._is_value = False

    def joined(self, lines: list[str]) -> list[str]:
        found: list[str] = []
        for line in lines:
            if not line:
                found += self.rest()
            elif self._is_value:
                self._is_value = False  # octets behind their length: what they say is not read
            else:
                name, met, value = line.partition("=")
                self._is_value = not met
                self._fields[name] = value
        return found

    def rest(self) -> list[str]:
        fields, self._fields, self._is_value = self._fields, {}, False
        return [json.dumps(fields, ensure_ascii=False)] if fields else []


class Verbose:
    """`journalctl -o verbose`: a stamp with a cursor, then indented `NAME=value` lines."""

    def __init__(self) -> None:
        self._fields: dict[str, str] = {}

    def joined(self, lines: list[str]) -> list[str]:
        found: list[str] = []
        for line in lines:
            cursor = None if line.startswith(" ") else _CURSOR.search(line, 0, 80)
            if cursor:
                found += self.rest()
                self._fields["timestamp"] = line[: cursor.start()]
                continue
            name, met, value = line.strip().partition("=")
            if met and name in _NAMES:
                self._fields.setdefault(_NAMES[name], value)
        return found

    def rest(self) -> list[str]:
        fields, self._fields = self._fields, {}
        if not fields:
            return []
        fields.setdefault("program", fields.get("_COMM", ""))
        fields.setdefault("pid", fields.get("_PID", ""))
        return [json.dumps(fields, ensure_ascii=False)]


class Debugged:
    """rsyslog's RSYSLOG_DebugFormat: the properties of a message, in quotes, over some lines."""

    _PROPERTIES = re.compile(
        r"(?:^|, )(HOSTNAME: |syslogtag |TIMESTAMP: )'((?:[^']|'(?!,))*)'"  # the text is last
    )

    def __init__(self) -> None:
        self._found: dict[str, str] = {}

    def joined(self, lines: list[str]) -> list[str]:
        found: list[str] = []
        for line in lines:
            if line.startswith(_DEBUG):
                found += self.rest()
            elif line.startswith("msg: '"):
                self._found["msg"] = line[6:].removesuffix("'")
            elif "msg" not in self._found:
                self._found.update(self._PROPERTIES.findall(line))
        return found

    def rest(self) -> list[str]:
        told, self._found = self._found, {}
        if not told:
            return []
        names = ("TIMESTAMP: ", "HOSTNAME: ", "syslogtag ")
        stamp, host, tag = (told.get(name, "") for name in names)
        return [f"{stamp} {host} {tag}{told.get('msg', '')}"]


class Rows:
    """A table with a header row that names a time and a text: each row becomes a record."""

    def __init__(self, header: list[str], delimiter: str) -> None:
        self._delimiter = delimiter
        self._names = [name.removesuffix(_IN_UTC) for name in header]
        is_aws = set(header) >= _AWS
        self._in_utc = {
            name
            for name, told in zip(self._names, header, strict=True)
            if told.endswith(_IN_UTC) or (is_aws and name == "@timestamp")
        }
        self._waiting = ""
        self._is_header = True

    @classmethod
    def headed(cls, line: str) -> Rows | None:
        """What reads the table under this header row; None if it is none."""
        for delimiter in ",;\t":
            header = [name.strip().lower() for name in _cells(line, delimiter)]
            if len(header) > 1 and is_record_of({name.removesuffix(_IN_UTC) for name in header}):
                return cls(header, delimiter)
        return None

    def joined(self, lines: list[str]) -> list[str]:
        found: list[str] = []
        for line in lines:
            whole = f"{self._waiting}\n{line}" if self._waiting else line
            if whole.count('"') % 2 and len(whole) < LONGEST_ROW:
                self._waiting = whole  # a cell in quotes may hold line ends
                continue
            self._waiting = ""
            if self._is_header and whole.strip() and not whole.startswith(_ABOUT):
                self._is_header = False
            elif whole.strip():
                found.append(self._record(whole))
        return found

    def rest(self) -> list[str]:
        waiting, self._waiting = self._waiting, ""
        return [waiting] if waiting else []

    def _record(self, row: str) -> str:
        cells = _cells(row, self._delimiter)
        record = dict(zip(self._names, cells, strict=False))
        for name in self._in_utc.intersection(record):
            record[name] = f"{record[name].strip()} UTC"
        return json.dumps(record, ensure_ascii=False) if len(cells) > 1 else row


def _cells(row: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([row], delimiter=delimiter), [])
    except csv.Error:
        return []
