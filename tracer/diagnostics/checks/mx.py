"""Where a domain's mail is to be delivered: its MX records and their hosts' addresses.

Sources: RFC 5321, 5.1; RFC 2181, 10.3 (no alias); RFC 7505 (null MX); RFC 6890 (addresses
that are not public).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from tracer.diagnostics.about import About
from tracer.diagnostics.check import Check
from tracer.diagnostics.lookup import Answered
from tracer.diagnostics.model import Evidence, Finding, Fix, Side, Target
from tracer.diagnostics.outbound import Refusal, is_internal
from tracer.diagnostics.smtp_hosts import MailHost, MailHosts, mail_hosts
from tracer.diagnostics.world import World

CODES = (
    "mx.found", "mx.single", "mx.no_domain", "mx.none", "mx.null", "mx.null_sender",
    "mx.null_with_others", "mx.implicit", "mx.alias", "mx.literal", "mx.not_public",
    "mx.unresolvable", "mx.duplicate", "mx.only_ipv6", "mx.unknown",
    "mx.host_unknown",
)  # fmt: skip

_SHOULD = "RFC 5321, 5.1"


def run(target: Target, world: World) -> Iterator[Finding]:
    """What stands in the way of mail to the recipient's domain, and of answers to the sender's."""
    sides = {target.sender_domain: Side.SENDER, target.recipient_domain: Side.RECIPIENT}
    for domain, side in sides.items():
        if domain:
            yield from _domain(About("mx", side, domain), mail_hosts(domain, world.dns), world)


def _domain(about: About, found: MailHosts, world: World) -> Iterator[Finding]:
    mx = found.mx
    if not mx.known:
        yield about.unknown("unknown", mx.evidence, reason=mx.evidence.note)
    elif mx.outcome is Answered.NXDOMAIN:
        yield about.fail("no_domain", mx.evidence, fix=Fix(effective_s=mx.ttl_s))
    elif found.is_implicit:
        yield from _implicit(about, found, world)
    elif found.is_null:
        yield from _null(about, found)
    else:
        yield from _hosts(about, found, world)


def _implicit(about: About, found: MailHosts, world: World) -> Iterator[Finding]:
    fix = _example(about.subject, found.mx.ttl_s)
    answers = world.dns.ask_all([(about.subject, "A"), (about.subject, "AAAA")])
    evidence = (found.mx.evidence, *(answer.evidence for answer in answers))
    if found.hosts:
        yield about.warning("implicit", *evidence, fix=fix, address=found.hosts[0].addresses[0])
    elif all(answer.known for answer in answers):
        yield about.fail("none", *evidence, fix=fix)
    else:
        yield about.unknown("unknown", *evidence, reason=_reason(evidence))


def _null(about: About, found: MailHosts) -> Iterator[Finding]:
    evidence = found.mx.evidence
    if any(name for _, name in found.records):
        names = ", ".join(name for _, name in found.records if name)
        fix = Fix(
            records=tuple(
                f"{about.subject}. 3600 IN MX {preference} {name}."
                for preference, name in found.records
                if name
            ),
            reference="RFC 7505, 3",
            effective_s=found.mx.ttl_s,
        )
        yield about.fail("null_with_others", evidence, fix=fix, hosts=names)
    elif about.side is Side.SENDER:
        fix = Fix(reference="RFC 7505, 4.2", effective_s=found.mx.ttl_s)
        yield about.warning("null_sender", evidence, fix=fix)
    else:
        yield about.fail("null", evidence, fix=Fix(reference="RFC 7505, 3"))


def _hosts(about: About, found: MailHosts, world: World) -> Iterator[Finding]:
    usable = [host for host in found.hosts if _is_usable(host, world)]
    is_lost = not usable and all(host.is_known for host in found.hosts)
    faults = [fault for host in found.hosts for fault in _host(about, host, found, world, is_lost)]
    faults += _duplicates(about, found)
    if usable and not any(":" not in address for host in usable for address in host.addresses):
        faults.append(_only_ipv6(about, found, usable[0]))
    yield from faults
    if usable and not faults:
        names = ", ".join(host.name for host in found.hosts)
        what = "found" if len(found.hosts) > 1 else "single"
        yield about.passed(what, *_evidence(found), hosts=names, count=len(found.hosts))


def _host(
    about: About, host: MailHost, found: MailHosts, world: World, is_lost: bool
) -> Iterator[Finding]:
    """What is wrong with one host; a failure where no other host takes the mail either."""
    tell = about.fail if is_lost else about.warning
    ttl_s = found.mx.ttl_s
    if host.is_literal:
        fix = _example(about.subject, ttl_s)
        yield tell("literal", found.mx.evidence, fix=fix, host=host.name)
        return
    evidence = (found.mx.evidence, *(answer.evidence for answer in host.answers))
    if aliases := [answer for answer in host.answers if answer.canonical]:
        real = aliases[0].canonical
        record = f"{about.subject}. 3600 IN MX {host.preference} {real}."
        fix = Fix(records=(record,), reference="RFC 2181, 10.3", effective_s=ttl_s)
        yield about.warning("alias", *evidence, fix=fix, host=host.name, real=real)
    if not host.is_known:
        yield about.unknown("host_unknown", *evidence, host=host.name, reason=_reason(evidence))
    elif not host.addresses:
        ttl_s = host.answers[0].ttl_s
        fix = Fix(
            records=(f"{host.name}. 3600 IN A 192.0.2.10",), reference=_SHOULD, effective_s=ttl_s
        )
        yield tell("unresolvable", *evidence, fix=fix, host=host.name)
    elif hidden := [address for address in host.addresses if _is_hidden(address, world)]:
        fix = Fix(reference="RFC 6890", effective_s=host.answers[0].ttl_s)
        yield tell("not_public", *evidence, fix=fix, host=host.name, addresses=", ".join(hidden))


def _duplicates(about: About, found: MailHosts) -> Iterator[Finding]:
    for name, times in Counter(name for _, name in found.records).items():
        if times > 1:
            best = min(preference for preference, other in found.records if other == name)
            fix = Fix(
                records=(f"{about.subject}. 3600 IN MX {best} {name}.",),
                reference=_SHOULD,
                effective_s=found.mx.ttl_s,
            )
            yield about.warning("duplicate", found.mx.evidence, fix=fix, host=name, times=times)


def _only_ipv6(about: About, found: MailHosts, host: MailHost) -> Finding:
    fix = Fix(
        records=(f"{host.name}. 3600 IN A 192.0.2.10",),
        reference="RFC 3974, 2",
        effective_s=host.answers[0].ttl_s,
    )
    return about.warning("only_ipv6", *_evidence(found), fix=fix, host=host.name)


def _is_usable(host: MailHost, world: World) -> bool:
    return any(not _is_hidden(address, world) for address in host.addresses)


def _is_hidden(address: str, world: World) -> bool:
    """An address that nobody outside reaches, and that the settings do not know as ours."""
    return is_internal(address) and world.outbound.refuses(address) is Refusal.NOT_PUBLIC


def _example(domain: str, ttl_s: int | None) -> Fix:
    return Fix(
        records=(f"{domain}. 3600 IN MX 10 mail.{domain}.", f"mail.{domain}. 3600 IN A 192.0.2.10"),
        reference=_SHOULD,
        effective_s=ttl_s,
    )


def _evidence(found: MailHosts) -> tuple[Evidence, ...]:
    answers = (answer for host in found.hosts for answer in host.answers)
    return (found.mx.evidence, *(answer.evidence for answer in answers))


def _reason(evidence: Iterable[Evidence]) -> str:
    return next((one.note for one in evidence if one.note), "")


CHECK = Check(name="mx", run=run, concerns=lambda target: bool(target.sender or target.recipient))
