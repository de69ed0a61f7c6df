"""Setting up mail programs: whether they find the domain's servers by themselves.

Sources: RFC 6186 and RFC 8314, 5.1 (SRV; `.` means "not offered"), Thunderbird's autoconfig
(wiki.mozilla.org/Thunderbird:Autoconfiguration), Microsoft's Autodiscover ([MS-OXDISCO] 4.1).
Names only: no page is fetched.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tracer.diagnostics.about import About
from tracer.diagnostics.check import Check
from tracer.diagnostics.lookup import Answer
from tracer.diagnostics.model import Finding, Fix, Target
from tracer.diagnostics.smtp_hosts import inbound_domain, inbound_side
from tracer.diagnostics.world import World

CODES = (
    "client_setup.found", "client_setup.none", "client_setup.dangling",
    "client_setup.not_encrypted", "client_setup.unknown",
)  # fmt: skip

_SERVICES = (
    "_submissions._tcp", "_submission._tcp", "_imaps._tcp", "_imap._tcp", "_pop3s._tcp",
    "_pop3._tcp", "_autodiscover._tcp",
)  # fmt: skip
_HOSTS = ("autoconfig", "autodiscover")
_PLAIN = {"_imap._tcp": "_imaps._tcp", "_pop3._tcp": "_pop3s._tcp"}


@dataclass(frozen=True, slots=True)
class Service:
    """One SRV record: what is offered, where (RFC 2782)."""

    name: str
    target: str
    port: int


def run(target: Target, world: World) -> Iterator[Finding]:
    """One finding for what there is, and one per record that leads nowhere."""
    about = About("client_setup", inbound_side(target), inbound_domain(target))
    names = [f"{service}.{about.subject}" for service in _SERVICES]
    hosts = [f"{host}.{about.subject}" for host in _HOSTS]
    answers = world.dns.ask_all(
        [
            *((name, "SRV") for name in names),
            *((host, rdtype) for host in hosts for rdtype in ("A", "AAAA")),
        ]
    )
    of_services, of_hosts = answers[: len(names)], answers[len(names) :]
    offered = {
        service: found
        for service, answer in zip(_SERVICES, of_services, strict=True)
        for found in _services(service, answer)
    }
    found_hosts = dict.fromkeys(answer.name for answer in of_hosts if answer.records)
    if not offered and not found_hosts:
        yield _nothing(about, answers)
        return
    faults = [
        *_dangling(about, offered, of_services, world),
        *_not_encrypted(about, offered, of_services),
    ]
    yield from faults
    if not faults:
        evidence = (answer.evidence for answer in answers if answer.records)
        found = ", ".join([*offered, *found_hosts])
        yield about.passed("found", *evidence, found=found)


def _services(service: str, answer: Answer) -> Iterator[Service]:
    for record in answer.records:
        fields = record.split()
        if len(fields) == 4 and fields[2].isdigit() and fields[3] != ".":
            yield Service(service, fields[3].rstrip(".").lower(), int(fields[2]))


def _nothing(about: About, answers: Sequence[Answer]) -> Finding:
    unsure = [answer for answer in answers if not answer.known]
    if unsure:
        evidence = (answer.evidence for answer in unsure)
        return about.unknown("unknown", *evidence, reason=unsure[0].evidence.note)
    host = f"mail.{about.subject}"
    fix = Fix(
        records=(
            f"_submissions._tcp.{about.subject}. 3600 IN SRV 0 1 465 {host}.",
            f"_imaps._tcp.{about.subject}. 3600 IN SRV 0 1 993 {host}.",
        ),
        reference="RFC 6186, 3; RFC 8314, 5.1",
        effective_s=answers[0].ttl_s,
    )
    return about.na("none", *(answer.evidence for answer in answers), fix=fix)


def _dangling(
    about: About, offered: dict[str, Service], answers: Sequence[Answer], world: World
) -> Iterator[Finding]:
    names = dict.fromkeys(service.target for service in offered.values())
    questions = [(name, rdtype) for name in names for rdtype in ("A", "AAAA")]
    addresses = world.dns.ask_all(questions)
    known = {answer.name for answer in addresses if answer.records or not answer.known}
    for service, answer in zip(_SERVICES, answers, strict=True):
        if (one := offered.get(service)) and one.target not in known:
            records = (f"{one.target}. 3600 IN A 192.0.2.10",)
            fix = Fix(records=records, reference="RFC 2782", effective_s=answer.ttl_s)
            yield about.warning(
                "dangling", answer.evidence, fix=fix, service=service, host=one.target
            )


def _not_encrypted(
    about: About, offered: dict[str, Service], answers: Sequence[Answer]
) -> Iterator[Finding]:
    """IMAP or POP offered without TLS from the start only."""
    for service, answer in zip(_SERVICES, answers, strict=True):
        better = _PLAIN.get(service)
        if better and service in offered and better not in offered:
            host = offered[service].target
            port = 993 if better == "_imaps._tcp" else 995
            records = (f"{better}.{about.subject}. 3600 IN SRV 0 1 {port} {host}.",)
            fix = Fix(records=records, reference="RFC 8314, 3", effective_s=answer.ttl_s)
            yield about.warning(
                "not_encrypted", answer.evidence, fix=fix, service=service, better=better
            )


CHECK = Check(name="client_setup", run=run, concerns=lambda target: bool(inbound_domain(target)))
