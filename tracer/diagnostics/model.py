"""The words of a diagnosis: Target, Evidence, Finding, Report.

A finding is a code with parameters, never prose: its texts stand in `texts/` in every
language. What could not be found out is UNKNOWN, never a failure.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Verdict(StrEnum):
    """How a check ended, the worst first."""

    FAIL = "fail"
    WARNING = "warning"
    UNKNOWN = "unknown"  # we could not find out
    PASS = "pass"
    NA = "na"  # does not apply here


class Side(StrEnum):
    """Who can act on a finding."""

    SENDER = "sender"  # the domain that the mail is from
    US = "us"  # this mail system and its network
    RECIPIENT = "recipient"  # the domain that the mail is to
    PROVIDER = "provider"  # whoever runs a list, a provider or a network between
    NOBODY = "nobody"


class Source(StrEnum):
    """Where a piece of evidence was read."""

    DNS = "dns"
    SMTP = "smtp"
    HTTPS = "https"
    TRACES = "traces"


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """One question and what came back, as it was."""

    source: Source
    question: str  # "example.com TXT", "RCPT TO:<anna@example.com>", an address of a page
    answer: str  # records one a line, a reply, "" where nothing came
    server: str = ""  # who was asked: 127.0.0.1:53, mx1.example.com[192.0.2.1]:25
    outcome: str = "answer"  # answer nodata nxdomain temporary bogus; for others ok or error
    ttl_s: int | None = None
    at_us: int = 0
    took_ms: float | None = None
    authenticated: bool = False  # AD bit
    note: str = ""  # EDE text, rcode, TLS error


class Fix(msgspec.Struct, frozen=True, kw_only=True):
    """What to put where. Steps are texts of the finding's code; records are ready to paste."""

    records: tuple[str, ...] = ()  # zone-file lines: `example.com. 3600 IN TXT "v=spf1 …"`
    settings: tuple[str, ...] = ()  # lines for a program's settings: `myhostname = …`
    reference: str = ""  # "RFC 7208, 4.6.4"
    url: str = ""
    effective_s: int | None = None  # how long caches may keep what is there now (TTL)


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing found: `spf.too_many_lookups` about `example.com`."""

    check: str  # name of the check
    code: str  # check.what, stable
    verdict: Verdict
    side: Side = Side.NOBODY
    subject: str = ""  # the domain, address or host that it is about
    params: dict[str, str | int | float] = {}  # fills the texts' {placeholders}
    evidence: tuple[Evidence, ...] = ()
    fix: Fix | None = None


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """What is diagnosed. Any part may be missing: "" or ()."""

    sender: str = ""  # an address or only a domain
    recipient: str = ""
    ips: tuple[str, ...] = ()  # addresses that the mail is sent from
    helo: str = ""
    header_from: str = ""  # domain or address of From:, when it is not the sender's
    selectors: tuple[str, ...] = ()  # DKIM selectors known for the sender
    probe_recipient: bool = False  # RCPT TO with the recipient was asked for
    probe_catch_all: bool = False
    # Of parts that nobody gave, by name: "settings", "report:ID" or a row's id.
    taken_from: dict[str, str] = {}

    @property
    def sender_domain(self) -> str:
        return self.sender.rpartition("@")[2].lower().rstrip(".")

    @property
    def recipient_domain(self) -> str:
        return self.recipient.rpartition("@")[2].lower().rstrip(".")


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """One run: findings in the order of the checks."""

    target: Target
    started_us: int
    finished_us: int
    findings: tuple[Finding, ...]
