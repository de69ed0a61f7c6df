"""What comes of judging a reply (tracer/causes/decide.py)."""

from __future__ import annotations

import msgspec

from tracer.causes.catalog import Level


class Verdict(msgspec.Struct, frozen=True):
    """A cause, how it was found, and the words or the code that decided."""

    cause: str
    level: Level | None = None  # None: nothing decided
    words: tuple[str, ...] = ()
    variant: str = ""
