"""Log entries written as JSON objects: the journal's export and Docker's json-file.

Fields: systemd.journal-fields(7), `journalctl -o json`; Docker's json-file logging driver.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from .stamp import read_stamp, utc_us


class Entry(NamedTuple):
    at_us: int
    host: str
    program: str
    pid: str
    text: str
    is_wrapped: bool  # a container's output: the text has a head of its own


def read_entry(line: str) -> Entry | None:
    """The entry that `line` is; None when it is not JSON, or names no time or message."""
    try:
        fields = msgspec.json.decode(line.encode("utf-8", "replace"))
    except (msgspec.DecodeError, RecursionError):
        return None
    if not isinstance(fields, dict):
        return None
    return _from_docker(fields) if "log" in fields else _from_journal(fields)


def _from_journal(fields: dict[str, Any]) -> Entry | None:
    at_us = _number(fields.get("__REALTIME_TIMESTAMP")) or _number(
        fields.get("_SOURCE_REALTIME_TIMESTAMP")
    )
    text = _text(fields.get("MESSAGE"))
    if at_us is None or not text:
        return None
    return Entry(
        at_us=at_us,
        host=_text(fields.get("_HOSTNAME")),
        program=_text(fields.get("SYSLOG_IDENTIFIER")) or _text(fields.get("_COMM")),
        pid=_text(fields.get("SYSLOG_PID")) or _text(fields.get("_PID")),
        text=text,
        is_wrapped="CONTAINER_NAME" in fields,
    )


def _from_docker(fields: dict[str, Any]) -> Entry | None:
    stamp = read_stamp(_text(fields.get("time")))
    at_us = utc_us(stamp) if stamp else None
    text = _text(fields.get("log"))
    if at_us is None or not text:
        return None
    return Entry(at_us, "", "", "", text, is_wrapped=True)


def _text(value: object) -> str:
    """A field's text: a string, a number, an array of bytes, or the last of several values."""
    if isinstance(value, str):
        return value.rstrip("\n").replace("\n", " ")
    if isinstance(value, int):
        return str(value)
    if not isinstance(value, list) or not value:
        return ""
    if all(isinstance(item, int) and 0 <= item < 256 for item in value):
        return _text(bytes(value).decode("utf-8", "surrogateescape"))
    last = value[-1]
    return last if isinstance(last, str) else ""


def _number(value: object) -> int | None:
    text = _text(value)
    return int(text) if text.isdecimal() and len(text) < 18 else None
