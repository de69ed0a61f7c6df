"""The shape of a log format: a name, the programs it reads, and one pure function.

It must not know any format: those are listed in the package, which looks them up.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tracer.model import Event, LogLine

Parser = Callable[[LogLine], list[Event]]


@dataclass(frozen=True, slots=True)
class LogFormat:
    """How the lines of one family of programs become events."""

    name: str  # "postfix": the word of `--format`
    parse: Parser  # pure; never raises; [] if a line says nothing about a message
    claims: Callable[[str], bool]  # whether lines of this program are this format's
