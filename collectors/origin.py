"""Who wrote a line: host, program and process id, between its stamp and its text."""

from __future__ import annotations

import re
from sys import intern
from typing import NamedTuple

MAX_ORIGIN = 600  # characters; a host name has 253 at the most

_LEVEL = (
    r"(?:(?:DEBUG|INFO|NOTICE|WARN(?:ING)?|ERR(?:OR)?|CRIT(?:ICAL)?|ALERT|EMERG|PANIC|FATAL) +)?"
)
_FACILITY = (
    r"(?:[<\[]?(?:kern|user|mail|daemon|auth|syslog|lpr|news|uucp|cron|authpriv|ftp|local[0-7]|\d+)"
    r"[.:](?:debug|info|notice|warn(?:ing)?|err(?:or)?|crit|alert|emerg|panic|\d+)[>\]]?[ \t]+)?"
)
_PID = r"\[(?P<pid>[^\]\s]*)\]"
_TAG = (  # macOS names the level in it
    rf"(?P<program>[^\s:\[\]<>\"{{}}]+)(?:{_PID})?(?: <[A-Z][a-z]+>)?"
    r":(?:[ \t]|$|(?<=\]:)(?=\S))"
)
_HOST = r"(?P<host>(?:[^\s:]|:(?!\s))+)[ \t]+"
_FORWARDED = r"(?:Message forwarded from \S{1,255}: )?"  # AIX
_ORIGIN = re.compile(
    rf"[ \t]+{_FACILITY}{_LEVEL}(?:{_HOST})??{_FACILITY}{_LEVEL}{_FORWARDED}{_TAG}"
)
# A log host put its peer's name before the name in the line: so far only Postfix is read there.
_TWO_HOSTS = re.compile(
    rf"[ \t]+[\w.:@-]{{1,255}}[ \t]+{_HOST}"
    r"(?P<program>postfix[\w.-]*/[\w./-]+)\[(?P<pid>\d+)\]:(?:[ \t]|$)"
)
_STAMP_LIKE = re.compile(r"\d{4}-\d\d-\d\dT")  # not a host: a container's line has two stamps
_BEFORE_TEXT = re.compile(r"[ \t]*(?:\[ID \d+ [\w.]+\] *)?")
_BARE_HOST = re.compile(r"[ \t]+(?!last message )(\S+)[ \t]+(?=\S)")


class Origin(NamedTuple):
    host: str  # "" when the line names none
    program: str
    pid: str


def read_origin(rest: str) -> tuple[Origin, int] | None:
    """Origin of what follows a stamp, and where it ends (behind "program[pid]: ").

    Knows the forms of syslogd with a host and without, of FreeBSD (`<mail.info>` before
    the host), of BusyBox (`mail.info` behind it), AIX (`mail:info`), macOS (`<Info>` behind
    the process id) and of loggers that write a level.
    None when there is no "program: ".
    """
    found = _ORIGIN.match(rest, 0, MAX_ORIGIN) or _TWO_HOSTS.match(rest, 0, MAX_ORIGIN)
    if found is None:
        return None
    host, program, pid = found["host"] or "", found["program"], found["pid"] or ""
    if _STAMP_LIKE.match(host):
        return None
    if host.startswith("[") and host.endswith("]"):  # an address
        host = host[1:-1]
    return Origin(intern(host), intern(program), pid), found.end()


def text_start(rest: str, end: int) -> int:
    """Where the text starts: behind blanks and the `[ID 197553 mail.info]` of Solaris."""
    found = _BEFORE_TEXT.match(rest, end)
    return found.end() if found else end


def bare_host(rest: str, *, is_named: bool) -> tuple[str, int]:
    """The host of a line without a program, if such lines name one; where its text starts."""
    found = _BARE_HOST.match(rest) if is_named else None
    if found is None:
        return "", len(rest) - len(rest.lstrip(" \t"))
    return intern(found[1]), found.end()
