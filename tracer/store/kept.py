"""How the lines of a hop are kept (tracer/store/packing.py packs them)."""

from __future__ import annotations

import msgspec


class Lines(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The lines of one hop in order of time, what repeats kept together, which packs best.

    `said` has a line for each: program, pid and text, parted by the mark; the hop's own
    queue id at the start of a text is left out. One source or TLS version stands for all.
    """

    host: str  # as the lines call it
    first_us: int
    later_us: tuple[int, ...]  # each after the line before it
    said: str
    sources: tuple[str, ...]
    tls: tuple[str, ...]  # what another line of the same process told; () nothing


class Said(msgspec.Struct, frozen=True, gc=False):
    """One line as it is kept; what packing needs of an event."""

    queue_id: str
    at_us: int
    program: str
    pid: str
    text: str
    source: str
    tls: str
