"""A Postfix line in, what its event tells out: shared by the tests of the format."""

from __future__ import annotations

from typing import Any

from collectors.formats.postfix import parse
from tracer.model import Event, EventKind, LogLine

AT_US = 1_763_815_200_000_000
_WHERE = frozenset(("at_us", "host", "program", "pid", "text", "source"))
_DEFAULTS = Event(EventKind.UNKNOWN, 0, "", "")


def line(program: str, text: str, at_us: int = AT_US) -> LogLine:
    """A line of host mx1, process 77, source "f"."""
    return LogLine(at_us, "mx1", program, "77", text, f"Nov 22 12:40:00 mx1 {program}[77]: ", "f")


def told(event: Event) -> dict[str, Any]:
    """The fields that an event fills, without those copied from its line."""
    return {
        name: getattr(event, name)
        for name in event.__struct_fields__
        if name not in _WHERE
        and (name == "kind" or getattr(event, name) != getattr(_DEFAULTS, name))
    }


def said(program: str, text: str) -> dict[str, Any]:
    """What the one event of a line tells."""
    (event,) = parse(line(program, text))
    return told(event)
