"""Log entries written as JSON objects: the journal's export, Docker's json-file, shippers'.

Fields: systemd.journal-fields(7), `journalctl -o json`; Docker's json-file logging driver.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from .odd_stamps import read_any_stamp
from .records import Record, read_record
from .stamp import Stamp, utc_us


class Entry(NamedTuple):
    at_us: int | None  # None: the stamp names no zone, or no year
    stamp: Stamp | None
    host: str
    program: str
    pid: str
    text: str
    is_wrapped: bool  # a container's output: the text has a head of its own
    head_of: str = ""  # in which a program is named that begins so; another's is what somebody said


class _Written(
    msgspec.Struct,
    gc=False,
    rename={
        "at": "__REALTIME_TIMESTAMP", "source_at": "_SOURCE_REALTIME_TIMESTAMP",
        "message": "MESSAGE", "host": "_HOSTNAME", "identifier": "SYSLOG_IDENTIFIER",
        "command": "_COMM", "pid": "SYSLOG_PID", "sender_pid": "_PID",
        "container": "CONTAINER_NAME", "log": "log", "time": "time",
    },
):  # fmt: skip
    """The fields that matter; a field may be a string, octets, or a list of values."""

    at: Any = None
    source_at: Any = None
    message: Any = None
    host: Any = None
    identifier: Any = None
    command: Any = None
    pid: Any = None
    sender_pid: Any = None
    container: Any = None
    log: Any = None
    time: Any = None


_DECODER = msgspec.json.Decoder(_Written)


def read_entry(line: str) -> Entry | None:
    """The entry that `line` is; None when it is not JSON, or names no time or message."""
    try:
        written = _DECODER.decode(line.encode("utf-8", "replace"))
    except (msgspec.DecodeError, RecursionError):
        return _from_shipper(line)
    if isinstance(written.log, str):
        return _from_docker(written) or _from_shipper(line)
    return _from_journal(written) or _from_shipper(line)


def _from_journal(written: _Written) -> Entry | None:
    at_us = _number(written.at) or _number(written.source_at)
    text = _text(written.message)
    if at_us is None or not text:
        return None
    return Entry(
        at_us=at_us,
        stamp=None,
        host=_text(written.host),
        program=_text(written.identifier) or _text(written.command),
        pid=_text(written.pid) or _text(written.sender_pid),
        text=text,
        is_wrapped=written.container is not None,
    )


def _from_docker(written: _Written) -> Entry | None:
    stamp = read_any_stamp(_text(written.time))
    at_us = utc_us(stamp) if stamp else None
    text = _text(written.log)
    if at_us is None or not text:
        return None
    return Entry(at_us, stamp, "", "", "", text, is_wrapped=True)


def _from_shipper(line: str) -> Entry | None:
    record = read_record(line)
    return entry_of(record) if record else None


def entry_of(record: Record) -> Entry | None:
    """The entry that a record is; None when it names no time."""
    stamp = read_any_stamp(record.stamp)
    if stamp is None:
        return None
    text = _text(record.text)
    return Entry(
        utc_us(stamp), stamp, record.host, record.program, record.pid, text,
        is_wrapped=not record.program or _has_head(text), head_of=record.program,
    )  # fmt: skip


def _has_head(text: str) -> bool:
    """Whether a text begins with a priority or a stamp: the whole line that was shipped."""
    is_stamp_like = text[3:4] == " " or text[4:5] == "-"
    return text[:1] == "<" or (is_stamp_like and read_any_stamp(text) is not None)


def _text(value: object) -> str:
    """A field's text: a string, a number, an array of bytes, or the last of several values."""
    if isinstance(value, str):
        text = value.rstrip("\n").replace("\n", " ").replace("\0", "")
        return text.encode("utf-8", "backslashreplace").decode()  # JSON can spell lone surrogates
    if isinstance(value, int):
        return str(value)
    if not isinstance(value, list) or not value:
        return ""
    if all(isinstance(item, int) and 0 <= item < 256 for item in value):
        return _text(bytes(value).decode("utf-8", "backslashreplace"))
    return _text(value[-1]) if isinstance(value[-1], str) else ""


def _number(value: object) -> int | None:
    text = _text(value)
    return int(text) if text.isdecimal() and len(text) < 18 else None
