"""Whether the recipient's mail hosts encrypt, and what their certificates are worth.

Sources: RFC 3207 (STARTTLS), RFC 8996 (TLS 1.0 and 1.1), RFC 7435 and RFC 7672, 1.3 (mail is
encrypted whatever the certificate, unless MTA-STS or DANE ask for a valid one: hence warnings).
A host that did not get as far as offering has not been found without.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tracer.diagnostics.about import About, Params
from tracer.diagnostics.check import Check
from tracer.diagnostics.model import Finding, Fix, Side, Target
from tracer.diagnostics.smtp import Certificate, Conversation, Tls, Trouble
from tracer.diagnostics.smtp_hosts import conversations, inbound_domain, inbound_side
from tracer.diagnostics.smtp_tls import covers
from tracer.diagnostics.world import World
from tracer.model import DAY_US, when

CODES = (
    "starttls.encrypted", "starttls.not_offered", "starttls.stripped", "starttls.put_off",
    "starttls.refused", "starttls.failed", "starttls.old_version", "starttls.expired",
    "starttls.not_yet_valid", "starttls.expires_soon", "starttls.wrong_name",
    "starttls.untrusted", "starttls.unreadable", "starttls.not_known",
)  # fmt: skip

_OLD = frozenset({"SSLv3", "TLSv1", "TLSv1.1"})
_SOON_US = 7 * DAY_US
_OVERWRITTEN = "X" * 4  # firewalls that "inspect" SMTP write X over a word (Cisco's fixup)
_UNTRIED = frozenset({Trouble.OFF, Trouble.NOT_PUBLIC, Trouble.NO_ROUTE})


def run(target: Target, world: World) -> Iterator[Finding]:
    """One finding for the hosts without fault, one per fault of a host, one for the unknown."""
    about = About("starttls", inbound_side(target), inbound_domain(target))
    talks = conversations(target, world)
    good: list[Conversation] = []
    unheard: list[Conversation] = []
    told: set[tuple[str, str]] = set()
    for talk in talks:
        if talk.starttls is None and not talk.answered:
            unheard.append(talk)
            continue
        faults = list(_faults(about.of(talk.host), talk, world.now_us or talk.at_us))
        if not faults:
            good.append(talk)
        # A host's addresses mostly share one certificate: its faults are told once.
        for fault in faults:
            if (fault.code, fault.subject) not in told:
                told.add((fault.code, fault.subject))
                yield fault
    if good:
        yield _encrypted(about, good)
    if unheard and not good and not told:
        yield _not_known(about, unheard)


def faults_of(tls: Tls, host: str, now_us: int) -> tuple[str, ...]:
    """What makes a certificate invalid for a host: `expired`, `not_yet_valid`, `wrong_name`,
    `untrusted`, `unreadable`; () for a valid one."""
    certificate = tls.certificate
    if certificate is None:
        return ("unreadable",)
    found = []
    if now_us > certificate.not_after_us:
        found.append("expired")
    if now_us < certificate.not_before_us:
        found.append("not_yet_valid")
    if not covers(certificate.names, host):
        found.append("wrong_name")
    if certificate.trusted is False:
        found.append("untrusted")
    return tuple(found)


def _faults(about: About, talk: Conversation, now_us: int) -> Iterator[Finding]:
    if talk.offers_starttls is False:
        yield _not_offered(about, talk)
    elif talk.tls is not None:
        yield from _of_session(about, talk, talk.tls, now_us)
    elif talk.starttls is not None and not talk.starttls.is_positive:
        tell = about.warning if talk.starttls.is_permanent else about.unknown
        what = "refused" if talk.starttls.is_permanent else "put_off"
        yield tell(what, talk.evidence, host=talk.host, reply=talk.starttls.text)
    elif talk.tls_error:
        fix = Fix(reference="RFC 3207, 4.1")
        yield about.warning("failed", talk.evidence, fix=fix, host=talk.host, error=talk.tls_error)
    else:
        yield about.unknown("put_off", talk.evidence, host=talk.host, reply=talk.note)


def _not_offered(about: About, talk: Conversation) -> Finding:
    if any(_OVERWRITTEN in keyword for keyword in talk.extensions):
        between = about.of(about.subject, Side.PROVIDER)
        fix = Fix(reference="RFC 3207, 6")
        return between.warning("stripped", talk.evidence, fix=fix, host=talk.host)
    fix = Fix(
        settings=(
            "smtpd_tls_security_level = may",
            "smtpd_tls_chain_files = /etc/ssl/private/mail.pem",
        ),
        reference="RFC 3207",
    )
    return about.warning("not_offered", talk.evidence, fix=fix, host=talk.host)


def _of_session(about: About, talk: Conversation, tls: Tls, now_us: int) -> Iterator[Finding]:
    evidence = talk.evidence
    if tls.version in _OLD:
        fix = Fix(settings=("smtpd_tls_protocols = >=TLSv1.2",), reference="RFC 8996")
        yield about.warning("old_version", evidence, fix=fix, host=talk.host, version=tls.version)
    faults = faults_of(tls, talk.host, now_us)
    for fault in faults:
        params = _params(talk.host, tls.certificate)
        fix = Fix(reference="RFC 7672, 1.3; RFC 8461, 4.2")
        yield about.warning(fault, evidence, fix=fix, **params)
    if not faults and tls.certificate and _ends_soon(tls.certificate, now_us):
        params = _params(talk.host, tls.certificate)
        yield about.warning("expires_soon", evidence, **params)


def _ends_soon(certificate: Certificate, now_us: int) -> bool:
    """A week before its end, and not sooner than a fifth of its life: some live six days."""
    life_us = certificate.not_after_us - certificate.not_before_us
    return certificate.not_after_us - now_us < min(_SOON_US, life_us // 5)


def _params(host: str, certificate: Certificate | None) -> Params:
    if certificate is None:
        return {"host": host}
    return {
        "host": host,
        "names": ", ".join(certificate.names),
        "issuer": certificate.issuer,
        "from": when(certificate.not_before_us).date().isoformat(),
        "until": when(certificate.not_after_us).date().isoformat(),
        "why": certificate.why,
    }


def _encrypted(about: About, good: Sequence[Conversation]) -> Finding:
    sessions = [talk.tls for talk in good if talk.tls]
    ends = [tls.certificate.not_after_us for tls in sessions if tls.certificate]
    return about.passed(
        "encrypted",
        *(talk.evidence for talk in good),
        hosts=", ".join(dict.fromkeys(talk.host for talk in good)),
        version=min(tls.version for tls in sessions),
        until=when(min(ends)).date().isoformat(),
    )


def _not_known(about: About, unheard: Sequence[Conversation]) -> Finding:
    """No host told; the check `smtp` says why."""
    evidence = [talk.evidence for talk in unheard]
    if all(talk.trouble in _UNTRIED for talk in unheard):
        return about.na("not_known", *evidence)
    return about.unknown("not_known", *evidence)


CHECK = Check(name="starttls", run=run, concerns=lambda target: bool(inbound_domain(target)))
