"""What programs put in front of a line's own stamp, or between two of them.

Containers (`docker compose logs`, `kubectl logs --prefix`, stern), syslog's priority and
octet count (RFC 6587 section 3.4.1), `grep` with names and numbers, quoted mail, colours.
"""

from __future__ import annotations

import re

_MONTH_DAY = r"[A-Z][a-z]{2} [ \d]\d \d\d:\d\d"
_A_STAMP = rf"(?:{_MONTH_DAY}|\d{{4}}-\d\d-\d\d[T ]\d\d:)"
_PREFIX = re.compile(
    r"(?:[\0\ufeff\x1e\s]+"
    r"|(?:\x1b\[[0-9;]*[mK])+"
    r"|<(?:\d{1,3}(?!>[1-9]\d? )|[a-z]\w{1,9}\.[a-z]{1,9})>\s?"
    r"|\d{1,6} (?=<\d{1,3}>)"  # the octets that follow
    r"|\[(?!\d)[\w./:@-]{1,200}\] "  # kubectl logs --prefix
    rf"|(?!{_A_STAMP})[\w./@-]{{1,200}}(?: *\| ?|:(?:\d{{1,9}}:)?)"  # docker compose logs; grep -Hn
    rf"|(?!{_A_STAMP})[a-z][\w.-]{{0,99}} (?:[a-z][\w.-]{{0,99}} )?(?={_A_STAMP})"  # stern
    r"|> ?)+"
)
_BETWEEN = re.compile(
    rf"[ \t](?:(?!{_A_STAMP})(?:std(?:out|err) [FP] "  # Kubernetes' container runtime
    r"|\{[^{}]{0,500}\} "  # the labels of Loki
    r"|\([\w.:@-]{1,255}\) [\w.:@-]{1,255}->\S{1,255} "  # Wazuh: who, and which file
    r"|[A-Z]{4} '[\w.-]{1,100}' std(?:out|err) output:\s"  # supervisord
    r"|\S{1,255}[ \t](?=[A-Z\d<{])"  # the host, or the stream, that a log host or a shipper names
    r"))?(?:<\d{1,3}>)?"
)


def prefix_end(line: str) -> int:
    """Where the line's own head can begin: behind all that was put in front of it."""
    found = _PREFIX.match(line)
    return found.end() if found else 0


def inner_start(line: str, end: int) -> int:
    """Where a second head can begin behind the stamp that ends at `end`."""
    found = _BETWEEN.match(line, end)
    return found.end() if found else end
