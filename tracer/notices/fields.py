"""Blocks of `Name: value` lines: message headers, delivery reports, feedback reports."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from tracer.model import micros
from tracer.notices.decode import header_text
from tracer.notices.limits import (
    MOST_FIELDS,
    MOST_HEADER_OCTETS,
    MOST_REPORT_FIELDS,
    MOST_REPORT_OCTETS,
)

_FIELD = re.compile(r"([!-9;-~]{1,80})[ \t]*:[ \t]*(.*)")
_PARAMETER = re.compile(r"\b([\w*-]{1,40})\s*=\s*(\"(?:[^\"\\]|\\.)*\"|[^\s;]+)")
_LOST_FOLD = re.compile(r"[\w*-]{1,40}\s*=\s*\S")  # a parameter on a line of its own, not indented
_MBOX = re.compile(r"(?:\s*>?From \S[^\n]*\n)+")
_MESSAGE_ID = re.compile(r"(?<![^<\s])([^<>\s@]{1,400}@[^<>\s]{1,500})")
_ADDRESS = re.compile(r"(?<![^\s<>\"(),;:\[\]])[^\s<>\"(),;:@\[\]]{1,256}@[^\s<>\"(),;:@]{1,256}")
_QUOTED = re.compile(r'"[^"]*"(?!@)')
_FIRST_YEAR, _LAST_YEAR = 1980, 2200


class Fields:
    """The fields of one block in their order; names are compared in lower case."""

    __slots__ = ("_values", "pairs")

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        self.pairs = pairs
        self._values: dict[str, str] = {}
        for name, value in pairs:
            self._values.setdefault(name, value)

    def __bool__(self) -> bool:
        return bool(self.pairs)

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def raw(self, name: str) -> str:
        """The first value of a name, unfolded, as it came; "" if there is none."""
        return self._values.get(name, "")

    def text(self, name: str) -> str:
        """The first value of a name for people to read."""
        return header_text(self.raw(name))

    def all(self, name: str) -> list[str]:
        """Every value of a name as it came."""
        return [value for held, value in self.pairs if held == name]

    def kind(self, name: str = "content-type") -> str:
        """The value without its parameters: "multipart/report"."""
        return self.raw(name).partition(";")[0].strip().lower()

    def parameter(self, wanted: str, name: str = "content-type") -> str:
        """One parameter of a structured value; "" if it is absent."""
        for found in _PARAMETER.finditer(self.raw(name)):
            if found[1].lower().partition("*")[0] == wanted:
                value = found[2]
                return re.sub(r"\\(.)", r"\1", value[1:-1]) if value[0] == '"' else value
        return ""


def split_message(text: str) -> tuple[Fields, str]:
    """Headers and body; a first "From " line (mbox) is left out.

    A text that does not begin with a header is all body.
    """
    start = _MBOX.match(text)
    at = start.end() if start else len(text) - len(text.lstrip("\n \t"))
    pairs: list[tuple[str, str]] = []
    for line, end in _lines(text, at):
        if not line.strip():
            return Fields(pairs), text[end:]
        if not _take(line, pairs):
            return Fields(pairs), text[at:]
        at = end
    return Fields(pairs), text[at:]


def read_fields(text: str) -> Fields:
    """Every field of a report; blank lines and lines that are no field are passed over."""
    pairs: list[tuple[str, str]] = []
    for line, _ in _lines(text, 0, MOST_REPORT_OCTETS):
        _take(line, pairs, MOST_REPORT_FIELDS)
    return Fields(pairs)


def _lines(text: str, at: int, most: int = MOST_HEADER_OCTETS) -> Iterator[tuple[str, int]]:
    stop = min(len(text), at + most)
    while at < stop:
        end = text.find("\n", at)
        end = len(text) if end < 0 else end
        yield text[at:end], end + 1
        at = end + 1


def _take(line: str, pairs: list[tuple[str, str]], most: int = MOST_FIELDS) -> bool:
    """Add one line to the fields; False when it is neither a field nor the rest of one."""
    if len(pairs) > most:
        return True
    is_rest = pairs and (line[0] in " \t" or _is_lost_fold(line, pairs[-1][1])) if line else False
    if is_rest:
        name, value = pairs[-1]
        pairs[-1] = (name, f"{value} {line.strip()}".strip())
        return True
    found = _FIELD.match(line)
    if found is None:
        return False
    pairs.append((found[1].lower(), found[2].strip()))
    return True


def _is_lost_fold(line: str, before: str) -> bool:
    return before.endswith(";") and bool(_LOST_FOLD.match(line))


def time_us(written: str) -> int | None:
    """The time of a date (RFC 5322, 3.3), in microseconds; None if it cannot be read.

    A zone that is not named counts as UTC.
    """
    try:
        at = parsedate_to_datetime(written.strip())
        at = at.replace(tzinfo=UTC) if at.tzinfo is None else at
        return micros(at.astimezone(UTC)) if _FIRST_YEAR <= at.year <= _LAST_YEAR else None
    except (ValueError, TypeError, OverflowError, IndexError):
        return _iso_us(written.strip())


def _iso_us(written: str) -> int | None:
    try:
        at = datetime.fromisoformat(written)
    except ValueError:
        return None
    return micros(at.replace(tzinfo=at.tzinfo or UTC).astimezone(UTC))


def addresses(value: str) -> tuple[str, ...]:
    """The addresses of a From or To, one character per octet."""
    unquoted = _QUOTED.sub(" ", value[:MOST_HEADER_OCTETS])  # a name may look like an address
    return tuple(dict.fromkeys(header_text(each) for each in _ADDRESS.findall(unquoted)))


def message_id(value: str) -> str:
    """A Message-ID without < >; "" when there is none."""
    found = _MESSAGE_ID.search(value)
    return header_text(found[1]) if found else ""
