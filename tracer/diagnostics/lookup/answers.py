"""What comes of a DNS question."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from tracer.diagnostics.model import Evidence, Source


class Answered(StrEnum):
    """What came of a question; the last two say nothing about the name itself."""

    ANSWER = "answer"
    NODATA = "nodata"
    NXDOMAIN = "nxdomain"
    TEMPORARY = "temporary"
    BOGUS = "bogus"


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """One question's answer. Records are presentation text in the server's order; a TXT
    record's strings are joined without a space, its octets beyond ASCII read as Latin-1.

    `ttl_s` is the shortest of the chain; of NODATA and NXDOMAIN, how long that is remembered
    (RFC 2308, 5). `authenticated` is the AD bit: the resolver proved it by DNSSEC.
    """

    name: str  # A-labels, lower case, no dot at the end
    rdtype: str
    outcome: Answered
    records: tuple[str, ...] = ()
    canonical: str = ""  # where a CNAME led
    ttl_s: int | None = None
    evidence: Evidence

    @property
    def known(self) -> bool:
        """Whether the answer says anything about the name: it is there, or it is not."""
        return self.outcome not in (Answered.TEMPORARY, Answered.BOGUS)

    @property
    def absent(self) -> bool:
        """Whether there surely is no such record."""
        return self.outcome in (Answered.NODATA, Answered.NXDOMAIN)

    @property
    def authenticated(self) -> bool:
        return self.evidence.authenticated


def unasked(name: str, rdtype: str, outcome: Answered, note: str, at_us: int) -> Answer:
    """An answer to a question that was never sent, and why."""
    evidence = Evidence(
        source=Source.DNS,
        question=f"{name} {rdtype}",
        answer="",
        outcome=outcome.value,
        at_us=at_us,
        note=note,
    )
    return Answer(name=name, rdtype=rdtype, outcome=outcome, evidence=evidence)
