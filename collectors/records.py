"""Log records as shippers write them: one JSON object, under names of each maker's own.

Names seen: rsyslog's `json` templates (`timestamp host syslog-tag message`), Vector's syslog
source (`timestamp hostname appname procid message`), Fluent Bit and Fluentd (`time host ident
pid message`, `log`), Filebeat and Elastic's schema (`@timestamp host.name process.name message`),
Logstash (`logsource program`), syslog-ng (`HOST PROGRAM PID MESSAGE`), Graylog's GELF
(`timestamp host short_message`) and its CSV, Loki (`timestamp line`), Google's log entries
(`timestamp textPayload jsonPayload`), Splunk (`result._raw`), Azure's Syslog table.
Owns the names only.
"""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

import msgspec

_STAMPS = (
    "@timestamp", "timestamp", "time", "timereported", "timegenerated", "date", "ISODATE",
    "R_ISODATE", "S_ISODATE", "DATE", "_time", "TIMESTAMP", "datetime", "receiveTimestamp",
    "eventtime",
)  # fmt: skip
_TEXTS = (
    "message", "msg", "short_message", "MESSAGE", "log", "line", "textPayload", "_raw", "@message",
    "syslogmessage", "content",
)  # fmt: skip
_HOSTS = (
    "hostname", "host", "HOST", "logsource", "fromhost", "computer", "source",
)  # fmt: skip
_PROGRAMS = (
    "appname", "app_name", "app-name", "programname", "program", "PROGRAM", "ident",
    "syslog_identifier", "_programname", "_application_name", "application_name", "processname",
    "pname",
)  # fmt: skip
_TAGS = ("syslog-tag", "syslogtag", "tag")
_PIDS = ("procid", "pid", "PID", "process_id", "_process_id", "processid")
_NESTED_HOSTS = ("host.name", "host.hostname", "log.syslog.hostname")
_NESTED_PROGRAMS = ("process.name", "log.syslog.appname")
_NESTED_PIDS = ("process.pid", "log.syslog.procid", "proc.id")
_ENVELOPES = ("jsonPayload", "result", "_source")
COOKIE = "@cee:"

# Fluent Bit's standard output: `[0] tag: [1795350735.123, {"key"=>"value"}]`, its newer
# `[[1795350735.123, {}], {"key"=>"value"}]`, and the file output's without the number.
_FLUENT = re.compile(
    r"(?:\[\d+\] )?[\w.*-]{1,200}: \[\[?(?P<stamp>\d{10}\.\d{1,9})(?:, \{[^{}]*\}\])?"
    r", (?P<map>\{.*\})\]$"
)
_STRING_OR_ARROW = re.compile(r'"(?:[^"\\]|\\.)*"|=>')


class Record(NamedTuple):
    stamp: str  # as written; digits for a time since 1970; "": it names none
    host: str
    program: str  # "": the text has a head of its own
    pid: str
    text: str


def read_record(line: str) -> Record | None:
    """The record that `line` is; None when it is no object, or names no text."""
    written = _object(line)
    if written is None:
        return None
    for name in _ENVELOPES:
        inner = written.get(name)
        if isinstance(inner, dict):
            written = {**written, **inner}
    text = _first(written, _TEXTS).strip()
    if not text:
        return None
    program, pid = _program(written)
    host = _first(written, _HOSTS, _NESTED_HOSTS)
    return Record(_first(written, _STAMPS), "" if "/" in host else host, program, pid, text)


def _object(line: str) -> dict[str, Any] | None:
    try:
        return msgspec.json.decode(line.encode("utf-8", "replace"), type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError):
        pass
    try:  # half of a surrogate pair, a bare tab: some writers do so
        written = json.loads(line, strict=False)
    except (ValueError, RecursionError):
        return None
    return written if isinstance(written, dict) else None


def is_record_of(names: set[str]) -> bool:
    """Whether a table with columns so named holds log records: a time and a text."""
    return not names.isdisjoint(_STAMPS) and not names.isdisjoint(_TEXTS)


def read_fluent(line: str) -> Record | None:
    """A record of Fluent Bit's standard output, in its own spelling; None for another line."""
    found = _FLUENT.fullmatch(line) if line.endswith("}]") else None
    if found is None:
        return None
    told = _STRING_OR_ARROW.sub(lambda met: ":" if met[0] == "=>" else met[0], found["map"])
    record = read_record(told)
    return record._replace(stamp=found["stamp"]) if record else None


def _first(written: dict[str, Any], names: tuple[str, ...], nested: tuple[str, ...] = ()) -> str:
    """The first of these fields that says something."""
    for name in names:
        value = written.get(name)
        if value is not None and isinstance(value, str | int | float) and value != "":
            return str(value)
    for name in nested:
        found = _dotted(written, name)
        if found:
            return found
    return ""


def _dotted(written: dict[str, Any], name: str) -> str:
    """The field `a.b`, which may be written as nested objects."""
    told = _first(written, (name,))
    outer, met, inner = name.partition(".")
    within = written.get(outer)
    return told or (_dotted(within, inner) if met and isinstance(within, dict) else "")


def _program(written: dict[str, Any]) -> tuple[str, str]:
    """Program and process id; rsyslog's `programname` ends at the first slash, its tag does not."""
    program = _first(written, _PROGRAMS, _NESTED_PROGRAMS)
    pid = _first(written, _PIDS, _NESTED_PIDS).replace(",", "")
    tagged, tag_pid = _of_tag(_first(written, _TAGS), pid)
    if not program or tagged.startswith(f"{program}/"):
        program = tagged
    return program, tag_pid if pid in ("", "-") else pid


def _of_tag(tag: str, pid: str) -> tuple[str, str]:
    """`postfix/smtp[2101]:` in its two parts; a tag of routing (`mail.info`) is none."""
    program, met, rest = tag.rstrip(":").partition("[")
    return (program, rest.rstrip("]")) if met else ("", pid)
