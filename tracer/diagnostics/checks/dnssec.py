"""DNSSEC: whether what DNS says about a domain's mail is signed, and whether the signatures hold.

Sources: RFC 4033, 5 (secure, insecure, bogus), RFC 4035, 3.2.3 (the AD bit), RFC 8914 (why an
answer fails). Our resolver validates; one that does not can tell only that a domain is signed.
"""

from __future__ import annotations

from collections.abc import Iterator

from tracer.diagnostics.about import About
from tracer.diagnostics.check import Check
from tracer.diagnostics.lookup import Answer, Answered
from tracer.diagnostics.model import Finding, Fix, Side, Target
from tracer.diagnostics.smtp_hosts import mail_hosts
from tracer.diagnostics.world import World

CODES = (
    "dnssec.secure", "dnssec.insecure", "dnssec.bogus", "dnssec.not_validated", "dnssec.unknown",
)  # fmt: skip


def run(target: Target, world: World) -> Iterator[Finding]:
    """A finding for each of the two domains; one more for each mail host whose answers fail."""
    sides = {target.sender_domain: Side.SENDER, target.recipient_domain: Side.RECIPIENT}
    for domain, side in sides.items():
        if domain:
            yield from _domain(About("dnssec", side, domain), world)


def _domain(about: About, world: World) -> Iterator[Finding]:
    signer, _ = world.dns.ask_all([(about.subject, "DS"), (about.subject, "MX")])
    found = mail_hosts(about.subject, world.dns)
    answers = [(about.subject, found.mx)]
    answers += [(host.name, answer) for host in found.hosts for answer in host.answers]
    bogus = {name: one for name, one in answers if one.outcome is Answered.BOGUS}
    for name, answer in bogus.items():
        fix = Fix(reference="RFC 4035, 5.5")
        yield about.of(name).fail("bogus", answer.evidence, fix=fix, reason=answer.evidence.note)
    if about.subject not in bogus:
        yield _state(about, found.mx, signer)


def _state(about: About, mx: Answer, signer: Answer) -> Finding:
    evidence = (mx.evidence, signer.evidence)
    if not mx.known:
        return about.unknown("unknown", mx.evidence, reason=mx.evidence.note)
    if mx.evidence.authenticated:
        return about.passed("secure", mx.evidence)
    if signer.records:
        return about.of(about.subject, Side.US).unknown("not_validated", *evidence)
    if not signer.known:
        return about.unknown("unknown", *evidence, reason=signer.evidence.note)
    return about.na("insecure", *evidence)


CHECK = Check(
    name="dnssec", run=run, concerns=lambda target: bool(target.sender or target.recipient)
)
