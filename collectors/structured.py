"""Heads of RFC 5424: `<22>1 stamp host app procid msgid structured-data text`."""

from __future__ import annotations

import re
from typing import NamedTuple

_WORD = r"(\S{1,255}) "
_HEAD = re.compile(
    rf"(?:<\d{{1,3}}>)?[1-9]\d? (\S{{1,40}}) {_WORD * 4}"
)  # a file may lack the priority
# Section 6.3, and "]" in a value without its backslash, as some senders write it.
_DATA = re.compile(r"-|(?:\[[^\s=\]\"]+(?: [^\s=\]\"]+=\"(?:[^\"\\]|\\.)*\")*\])+")
_BEFORE_TEXT = re.compile(" *\ufeff? *")


class Structured(NamedTuple):
    """The fields as written, "" for the nil value `-` of a name; the text starts at `end`."""

    stamp: str
    host: str
    app: str
    procid: str
    end: int


def read_structured(line: str) -> Structured | None:
    """The head of an RFC 5424 line; None when `line` is none."""
    head = _HEAD.match(line)
    if head is None:
        return None
    data = _DATA.match(line, head.end())
    before_text = _BEFORE_TEXT.match(line, data.end() if data else head.end())
    stamp, host, app, procid, _ = head.groups()
    return Structured(
        stamp,
        "" if host == "-" else host,
        "" if app == "-" else app,
        "" if procid == "-" else procid,
        before_text.end() if before_text else head.end(),
    )
