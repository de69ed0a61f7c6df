"""The log formats: each one file with a `FORMAT`, listed here.

Adding one is written down in docs/adding-a-format.md.
"""

from __future__ import annotations

from collectors.formats import milters, postfix, proxmox, reports
from collectors.formats.log_format import LogFormat, Parser
from tracer.errors import UnusableInput
from tracer.model import Event, LogLine

__all__ = ["FORMATS", "LogFormat", "Parser", "parse_line", "parser_for", "parser_named"]

FORMATS: tuple[LogFormat, ...] = (postfix.FORMAT, proxmox.FORMAT, milters.FORMAT, reports.FORMAT)

_MOST_PROGRAMS = 4096  # a log full of made-up program names must not fill the memory
_parsers: dict[str, Parser | None] = {}


def parser_for(program: str) -> Parser | None:
    """The parser of the first format that claims `program`; None if none does.

    Answers are remembered by program: this is asked once per log line.
    """
    try:
        return _parsers[program]
    except KeyError:
        found = next((form.parse for form in FORMATS if form.claims(program)), None)
        if len(_parsers) < _MOST_PROGRAMS:
            _parsers[program] = found
        return found


def parse_line(line: LogLine) -> list[Event]:
    """The events of one line, read by the format that claims its program."""
    parse = parser_for(line.program)
    return parse(line) if parse else []


def parser_named(name: str) -> Parser | None:
    """The parser of one format for every line; None for `auto`: each line's program decides.

    Raises UnusableInput when there is no such format.
    """
    if name == "auto":
        return None
    known = {form.name: form.parse for form in FORMATS}
    if name not in known:
        raise UnusableInput(
            f"there is no log format {name!r}; the formats are auto, {', '.join(known)}"
        )
    return known[name]
