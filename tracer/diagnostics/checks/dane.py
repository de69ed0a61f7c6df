"""DANE: whether the keys that a domain pins in DNS are those that its mail hosts show.

Sources: RFC 7672 (2.2 which names, 3.1 usages, 3.2 names in certificates), RFC 7671 (5, 8.1
rollover), RFC 6698 (2.1, 2.2). A sender that honours DANE keeps the mail back where nothing
matches, so a mismatch is a failure although all others deliver.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tracer.diagnostics.about import About
from tracer.diagnostics.check import Check
from tracer.diagnostics.lookup import Answer, Answered, Lookup
from tracer.diagnostics.model import Evidence, Finding, Fix, Side, Target
from tracer.diagnostics.smtp import Conversation, Tls
from tracer.diagnostics.smtp_hosts import (
    MailHost,
    MailHosts,
    conversations,
    inbound_domain,
    inbound_side,
    mail_hosts,
)
from tracer.diagnostics.smtp_tls import covers
from tracer.diagnostics.world import World

CODES = (
    "dane.matches", "dane.none", "dane.unsigned", "dane.mx_unsigned", "dane.mismatch",
    "dane.unusable", "dane.no_starttls", "dane.bogus", "dane.unknown", "dane.not_compared",
    "dane.not_validated",
)  # fmt: skip

_TA, _EE = 2, 3
_REFERENCE = "RFC 7672, 3.1"
_SIGNED = ("com", "DS")
"""The root signs the answer, so the AD bit tells a resolver that validates."""
_HASHES = {1: hashlib.sha256, 2: hashlib.sha512}
_HEX = re.compile(r"[0-9a-fA-F]+")


@dataclass(frozen=True, slots=True)
class Tlsa:
    """One record: usage, selector (0 certificate, 1 key), matching (0 whole, 1, 2 hashes)."""

    usage: int
    selector: int
    matching: int
    value: bytes

    @property
    def is_usable(self) -> bool:
        """RFC 7672, 3.1: only 2 and 3 count for mail hosts; unknown numbers match nothing."""
        sizes = {1: 32, 2: 64}.get(self.matching, len(self.value))
        return (
            self.usage in (_TA, _EE)
            and self.selector in (0, 1)
            and self.matching in (0, 1, 2)
            and len(self.value) == sizes > 0
        )

    def matches(self, der: bytes) -> bool:
        """Whether it pins this certificate."""
        octets = der if self.selector == 0 else _key(der)
        hashed = _HASHES.get(self.matching)
        return bool(octets) and (hashed(octets).digest() if hashed else octets) == self.value


def read(record: str) -> Tlsa | None:
    """`3 1 1 0B9F…`, blanks within the digits allowed; None for what is no TLSA record."""
    numbers, digits = record.split()[:3], "".join(record.split()[3:])
    if len(numbers) < 3 or not all(n.isdigit() for n in numbers) or not _HEX.fullmatch(digits):
        return None
    if len(digits) % 2:
        return None
    usage, selector, kind = map(int, numbers)
    return Tlsa(usage, selector, kind, bytes.fromhex(digits))


def matching(records: Sequence[Tlsa], tls: Tls, host: str, domain: str) -> Tlsa | None:
    """The record that the session satisfies, if one does.

    Usage 3 needs no valid dates or names (RFC 7672, 3.1.1); 2 pins an authority of the chain
    and asks that the certificate bear the host's name or the domain's (3.2.3).
    """
    for record in records:
        if not record.is_usable or not tls.chain:
            continue
        if record.usage == _EE and record.matches(tls.chain[0]):
            return record
        names = tls.certificate.names if tls.certificate else ()
        named = covers(names, host) or covers(names, domain)
        if record.usage == _TA and named and any(map(record.matches, tls.chain)):
            return record
    return None


def run(target: Target, world: World) -> Iterator[Finding]:
    """One finding per host that has TLSA records; one that there are none."""
    about = About("dane", inbound_side(target), inbound_domain(target))
    hosts = mail_hosts(about.subject, world.dns)
    reachable = [host for host in hosts.hosts if host.addresses]
    answers = _pinned(reachable, world.dns)
    if not any(answer.records or answer.outcome is Answered.BOGUS for answer in answers):
        if reachable:
            yield _none(about, answers)
        return
    talks = conversations(target, world)
    for host, answer in zip(reachable, answers, strict=True):
        if answer.records or not answer.known:
            of_host = [talk for talk in talks if talk.address in host.addresses]
            yield _host(about.of(host.name), answer, of_host, hosts, world)


def _pinned(hosts: Sequence[MailHost], dns: Lookup) -> list[Answer]:
    """The TLSA answer of each host; where the name is a signed alias, that of its target counts
    before its own (RFC 7672, 2.2.2)."""
    names = {host.name: list(dict.fromkeys((*_target(host), host.name))) for host in hosts}
    questions = [(f"_25._tcp.{name}", "TLSA") for listed in names.values() for name in listed]
    answers = iter(dns.ask_all(questions))
    found = []
    for host in hosts:
        of_host = [next(answers) for _ in names[host.name]]
        found.append(next((one for one in of_host if one.records or not one.known), of_host[-1]))
    return found


def _target(host: MailHost) -> Iterator[str]:
    for answer in host.answers:
        if answer.canonical and answer.evidence.authenticated:
            yield answer.canonical


def _none(about: About, answers: Sequence[Answer]) -> Finding:
    unsure = [answer.evidence for answer in answers if not answer.known]
    if unsure:
        return about.unknown("unknown", *unsure, reason=unsure[0].note)
    return about.na("none", *(answer.evidence for answer in answers))


def _host(
    about: About,
    answer: Answer,
    talks: Sequence[Conversation],
    hosts: MailHosts,
    world: World,
) -> Finding:
    evidence = answer.evidence
    if answer.outcome is Answered.BOGUS:
        fix = Fix(reference="RFC 7672, 2.1.2")
        return about.fail("bogus", evidence, fix=fix, reason=evidence.note)
    if not answer.known:
        return about.unknown("unknown", evidence, reason=evidence.note)
    if not evidence.authenticated:
        signed = world.dns.ask(*_SIGNED)
        if not signed.evidence.authenticated:
            return about.of(about.subject, Side.US).unknown(
                "not_validated", evidence, signed.evidence
            )
        return about.warning("unsigned", evidence, fix=Fix(reference="RFC 7672, 2.2"))
    records = [one for one in map(read, answer.records) if one]
    if not any(one.is_usable for one in records):
        fix = _pins(about.subject, talks, answer.ttl_s)
        return about.warning("unusable", evidence, fix=fix, records="; ".join(answer.records))
    return _compared(about, answer, records, talks, hosts)


def _compared(
    about: About,
    answer: Answer,
    records: Sequence[Tlsa],
    talks: Sequence[Conversation],
    hosts: MailHosts,
) -> Finding:
    evidence: list[Evidence] = [answer.evidence, *(talk.evidence for talk in talks)]
    sessions = [talk.tls for talk in talks if talk.tls]
    if any(talk.offers_starttls is False for talk in talks):
        return about.fail("no_starttls", *evidence, fix=Fix(reference="RFC 7672, 2.2"))
    if not sessions:
        return about.unknown("not_compared", *evidence)
    found = [matching(records, tls, about.subject, hosts.domain) for tls in sessions]
    if not all(found):
        fix = _pins(about.subject, talks, answer.ttl_s)
        return about.fail("mismatch", *evidence, fix=fix, count=len(records))
    if not hosts.mx.evidence.authenticated and not hosts.is_implicit:
        fix = Fix(reference="RFC 7672, 2.2.1")
        return about.na("mx_unsigned", hosts.mx.evidence, *evidence, fix=fix)
    shown = " ".join(str(number) for number in _numbers(found[0]))
    return about.passed("matches", *evidence, record=shown, count=len(records))


def _numbers(record: Tlsa | None) -> tuple[int, ...]:
    return (record.usage, record.selector, record.matching) if record else ()


def _pins(host: str, talks: Sequence[Conversation], ttl_s: int | None) -> Fix:
    """`3 1 1` for each key that the host shows now."""
    keys = dict.fromkeys(_key(talk.tls.chain[0]) for talk in talks if talk.tls and talk.tls.chain)
    records = tuple(
        f"_25._tcp.{host}. 3600 IN TLSA 3 1 1 {hashlib.sha256(key).hexdigest()}"
        for key in keys
        if key
    )
    return Fix(records=records, reference=f"{_REFERENCE}; RFC 7671, 8.1", effective_s=ttl_s)


def _key(der: bytes) -> bytes:
    """The public key of a certificate (SubjectPublicKeyInfo in DER); b"" if it has none."""
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    try:
        key = x509.load_der_x509_certificate(der).public_key()
    except (ValueError, UnsupportedAlgorithm):
        return b""
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


CHECK = Check(name="dane", run=run, concerns=lambda target: bool(inbound_domain(target)))
