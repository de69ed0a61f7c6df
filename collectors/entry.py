"""Log entries written as JSON objects: the journal's export, Docker's json-file, shippers'.

Fields: systemd.journal-fields(7), `journalctl -o json`; Docker's json-file logging driver.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from tracer.model import SECOND_US

from .records import read_record
from .stamp import micros_of, read_stamp, utc_us

SECONDS_DIGITS = 10  # of a Unix time between 2001 and 2286


class Entry(NamedTuple):
    at_us: int
    host: str
    program: str
    pid: str
    text: str
    is_wrapped: bool  # a container's output: the text has a head of its own


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
        return None
    if isinstance(written.log, str):
        return _from_docker(written)
    return _from_journal(written) or _from_shipper(line)


def _from_journal(written: _Written) -> Entry | None:
    at_us = _number(written.at) or _number(written.source_at)
    text = _text(written.message)
    if at_us is None or not text:
        return None
    return Entry(
        at_us=at_us,
        host=_text(written.host),
        program=_text(written.identifier) or _text(written.command),
        pid=_text(written.pid) or _text(written.sender_pid),
        text=text,
        is_wrapped=written.container is not None,
    )


def _from_docker(written: _Written) -> Entry | None:
    stamp = read_stamp(_text(written.time))
    at_us = utc_us(stamp) if stamp else None
    text = _text(written.log)
    if at_us is None or not text:
        return None
    return Entry(at_us, "", "", "", text, is_wrapped=True)


def _from_shipper(line: str) -> Entry | None:
    record = read_record(line)
    at_us = _moment(record.stamp) if record else None
    if record is None or at_us is None:
        return None
    text = _text(record.text)
    return Entry(at_us, record.host, record.program, record.pid, text, not record.program)


def _moment(written: str) -> int | None:
    """Microseconds of an ISO 8601 stamp with a zone, or of seconds since 1970."""
    stamp = read_stamp(written)
    if stamp is not None:
        return utc_us(stamp)
    seconds, _, fraction = written.partition(".")
    if len(seconds) != SECONDS_DIGITS or not (seconds + fraction).isdecimal():
        return None
    return int(seconds) * SECOND_US + micros_of(fraction)


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
