"""Every DNS question of a run passes here."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

import msgspec

from tracer.diagnostics.model import Evidence


class Answered(StrEnum):
    """What came of a question; the last two say nothing about the name itself."""

    ANSWER = "answer"
    NODATA = "nodata"
    NXDOMAIN = "nxdomain"
    TEMPORARY = "temporary"
    BOGUS = "bogus"


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """One question's answer. Records are presentation text in the server's order; a TXT
    record's strings are joined without a space, its octets beyond ASCII read as Latin-1."""

    name: str  # A-labels, lower case, no dot at the end
    rdtype: str
    outcome: Answered
    records: tuple[str, ...] = ()
    canonical: str = ""  # where a CNAME led
    ttl_s: int | None = None
    evidence: Evidence


class Lookup:
    """One run's questions: asked once each, absolute names, no search list, within a budget."""

    def ask(self, name: str, rdtype: str) -> Answer:
        raise NotImplementedError

    def ask_all(self, questions: Iterable[tuple[str, str]]) -> tuple[Answer, ...]:
        raise NotImplementedError
