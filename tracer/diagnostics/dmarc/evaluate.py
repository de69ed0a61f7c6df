"""What DMARC says about one message (RFC 9989, 4.10 and 5.3)."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

import msgspec

from tracer.diagnostics.dmarc.discover import DmarcUnclear, Walk, Walks
from tracer.diagnostics.dmarc.record import DmarcRecord, Policy
from tracer.diagnostics.lookup import Answered, Lookup, ascii_name


class DmarcResult(StrEnum):
    """RFC 9989, 9.2."""

    PASS = "pass"
    FAIL = "fail"
    NONE = "none"
    TEMPERROR = "temperror"
    PERMERROR = "permerror"


class AuthResult(msgspec.Struct, frozen=True, kw_only=True):
    """What SPF or one DKIM signature says about a domain."""

    domain: str
    result: str


class DmarcVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """The verdict and how it came about.

    `policy` is the one that applies to this author domain, after sp, np and t; "" where
    there is no record. `aligned` are the identifiers that made it pass: `spf:DOMAIN`,
    `dkim:DOMAIN`. `reason` is an English sentence, "" for a plain pass.
    """

    result: DmarcResult
    domain: str = ""  # of From:
    policy: str = ""
    record_domain: str = ""
    org_domain: str = ""
    record: str = ""
    queries: tuple[str, ...] = ()
    aligned: tuple[str, ...] = ()
    several_records: tuple[str, ...] = ()  # domains whose records do not count for that
    reason: str = ""


def evaluate(
    lookup: Lookup, from_domain: str, spf: AuthResult | None, dkim: Sequence[AuthResult]
) -> DmarcVerdict:
    """The verdict about mail from `from_domain` with these results; never raises."""
    domain = ascii_name(from_domain.strip())
    if not domain or "@" in domain:
        return DmarcVerdict(
            result=DmarcResult.PERMERROR,
            domain=from_domain,
            reason=f"“{from_domain}” is not a domain name",
        )
    return _Evaluation(lookup, domain, spf, dkim).verdict()


class _Evaluation:
    def __init__(
        self, lookup: Lookup, domain: str, spf: AuthResult | None, dkim: Sequence[AuthResult]
    ) -> None:
        self._lookup = lookup
        self._domain = domain
        self._walks = Walks(lookup)
        named = [("spf", one) for one in [spf] if one] + [("dkim", one) for one in dkim]
        self._identifiers = [
            (kind, ascii_name(one.domain) or "", one.result.lower()) for kind, one in named
        ]
        self._own_walk: Walk | None = None

    def verdict(self) -> DmarcVerdict:
        try:
            own = self._walks.record_at(self._domain)
            record = own or self._walk().policy_record
        except DmarcUnclear as error:
            return self._made(DmarcResult.TEMPERROR, None, reason=str(error))
        if record is None:
            return self._made(DmarcResult.NONE, None, reason="no DMARC record applies")
        if not record.is_usable:
            reason = "the record's policy cannot be read and it names no address for reports"
            return self._made(DmarcResult.NONE, record, reason=reason)
        return self._judged(record)

    def _judged(self, record: DmarcRecord) -> DmarcVerdict:
        aligned, unclear = self._aligned(record, "pass")
        if aligned:
            return self._made(DmarcResult.PASS, record, aligned=tuple(aligned))
        pending, also_unclear = self._aligned(record, "temperror")
        if unclear or pending or also_unclear:
            reason = unclear or also_unclear or f"a temporary error of {', '.join(pending)}"
            return self._made(DmarcResult.TEMPERROR, record, reason=reason)
        return self._made(DmarcResult.FAIL, record, reason="nothing that passes is aligned")

    def _aligned(self, record: DmarcRecord, result: str) -> tuple[list[str], str]:
        """The aligned identifiers with this result, and why one could not be judged."""
        aligned, unclear = [], ""
        for kind, domain, its_result in self._identifiers:
            if its_result != result or not domain:
                continue
            strict = record.aspf_strict if kind == "spf" else record.adkim_strict
            try:
                if self._is_aligned(domain, strict=strict):
                    aligned.append(f"{kind}:{domain}")
            except DmarcUnclear as error:
                unclear = str(error)
        return aligned, unclear

    def _is_aligned(self, domain: str, *, strict: bool) -> bool:
        if domain == self._domain:
            return True
        if strict:
            return False
        ours = self._walk().organizational_domain
        return ours == self._walks.up_from(domain).organizational_domain

    def _walk(self) -> Walk:
        if self._own_walk is None:
            self._own_walk = self._walks.up_from(self._domain)
        return self._own_walk

    def _org_domain(self, record: DmarcRecord | None) -> str:
        """The author's organisational domain; without a walk where RFC 9989 needs none."""
        passing = [domain for _, domain, result in self._identifiers if result == "pass"]
        own = record is not None and record.domain == self._domain
        if own and passing and all(domain == self._domain for domain in passing):
            return self._domain
        try:
            return self._walk().organizational_domain
        except DmarcUnclear:
            return ""

    def _made(
        self,
        result: DmarcResult,
        record: DmarcRecord | None,
        *,
        aligned: tuple[str, ...] = (),
        reason: str = "",
    ) -> DmarcVerdict:
        policy = self._policy(record) if record else ""
        org_domain = self._org_domain(record)
        return DmarcVerdict(
            result=result,
            domain=self._domain,
            policy=policy,
            record_domain=record.domain if record else "",
            org_domain=org_domain,
            record=record.text if record else "",
            queries=tuple(self._walks.queries),
            aligned=aligned,
            several_records=tuple(self._walks.several),
            reason=reason,
        )

    def _policy(self, record: DmarcRecord) -> Policy:
        """RFC 9989, 4.10.1: p for the domain itself, sp for those below, np if not there."""
        if record.domain == self._domain:
            return record.applied(record.p)
        below = record.sp or record.p
        if record.np is not None and record.np != below and not self._exists():
            below = record.np
        return record.applied(below)

    def _exists(self) -> bool:
        """Only NXDOMAIN says that a name is not there (A.4)."""
        return self._lookup.ask(self._domain, "A").outcome is not Answered.NXDOMAIN
