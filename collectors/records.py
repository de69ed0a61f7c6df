"""Log records as shippers write them: one JSON object, under names of each maker's own.

Names seen: rsyslog's `json` templates (`timestamp host syslog-tag message`), Vector's syslog
source (`timestamp hostname appname procid message`), Fluent Bit and Fluentd (`time host ident
pid message`), Filebeat and Elastic's schema (`@timestamp host.name process.name message`),
Graylog's GELF (`timestamp host short_message`).  Owns the names only.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

_STAMPS = ("@timestamp", "timestamp", "time", "timereported", "date")
_TEXTS = ("message", "msg", "short_message", "MESSAGE")
_HOSTS = ("hostname", "host", "HOST", "fromhost", "host.name", "log.syslog.hostname")
_PROGRAMS = (
    "appname", "app_name", "app-name", "programname", "program", "PROGRAM", "ident",
    "syslog_identifier", "_programname", "process.name", "log.syslog.appname",
)  # fmt: skip
_TAGS = ("syslog-tag", "syslogtag", "tag")
_PIDS = ("procid", "pid", "PID", "process_id", "process.pid", "log.syslog.procid")


class Record(NamedTuple):
    stamp: str  # as written; digits for seconds since 1970
    host: str
    program: str  # "": the text has a head of its own
    pid: str
    text: str


def read_record(line: str) -> Record | None:
    """The record that `line` is; None when it is no object, or names no time or text."""
    try:
        written = msgspec.json.decode(line.encode("utf-8", "replace"), type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError):
        return None
    stamp, text = _first(written, _STAMPS), _first(written, _TEXTS)
    if not stamp or not text:
        return None
    program, pid = _first(written, _PROGRAMS), _first(written, _PIDS)
    if not program:
        program, pid = _of_tag(_first(written, _TAGS), pid)
    return Record(stamp, _first(written, _HOSTS), program, pid, text.strip())


def _first(written: dict[str, Any], names: tuple[str, ...]) -> str:
    """The first of these fields that says something; `a.b` may be written as nested objects."""
    for name in names:
        value = written.get(name)
        outer, met, inner = name.partition(".")
        if value is None and met:
            nested = written.get(outer)
            value = _first(nested, (inner,)) if isinstance(nested, dict) else None
        if isinstance(value, str | int | float) and value != "":
            return str(value)
    return ""


def _of_tag(tag: str, pid: str) -> tuple[str, str]:
    """`postfix/smtp[2101]:` in its two parts; a tag of routing (`mail.info`) is none."""
    program, met, rest = tag.rstrip(":").partition("[")
    return (program, rest.rstrip("]")) if met else ("", pid)
