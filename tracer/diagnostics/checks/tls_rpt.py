"""TLS-RPT: where others report that they could not encrypt.

Source: RFC 8460, 3. Absent, it is a fault of nobody; beside MTA-STS or DANE it is what tells
the domain that its own policy keeps mail back.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from tracer.diagnostics.about import About
from tracer.diagnostics.check import Check
from tracer.diagnostics.lookup import Answer
from tracer.diagnostics.model import Finding, Fix, Target
from tracer.diagnostics.mta_sts import sts_records
from tracer.diagnostics.smtp_hosts import inbound_domain, inbound_side, mail_hosts
from tracer.diagnostics.world import World

CODES = (
    "tls_rpt.published", "tls_rpt.none", "tls_rpt.missing", "tls_rpt.several_records",
    "tls_rpt.bad_record", "tls_rpt.unknown",
)  # fmt: skip

_OURS = re.compile(r"v=TLSRPTv1[ \t]*(;|$)")
_PLACE = re.compile(r"(mailto:[^@\s!]+@[^@\s!]+\.[^@\s!]+|https://[^\s!]+)")


def run(target: Target, world: World) -> Iterator[Finding]:
    """One finding."""
    about = About("tls_rpt", inbound_side(target), inbound_domain(target))
    txt = world.dns.ask(f"_smtp._tls.{about.subject}", "TXT")
    records = [record for record in txt.records if _OURS.match(record)]
    if not txt.known:
        yield about.unknown("unknown", txt.evidence, reason=txt.evidence.note)
    elif not records:
        yield _absent(about, txt, world)
    else:
        yield _present(about, txt, records)


def places(record: str) -> tuple[str, ...]:
    """Where reports go: the `rua` field's addresses that can be used."""
    for part in record.split(";"):
        name, equals, value = part.partition("=")
        if equals and name.strip() == "rua":
            given = (place.strip() for place in value.split(","))
            return tuple(place for place in given if _PLACE.fullmatch(place))
    return ()


def _present(about: About, txt: Answer, records: Sequence[str]) -> Finding:
    if len(records) > 1:
        fix = _fix(about, txt)
        return about.warning("several_records", txt.evidence, fix=fix, count=len(records))
    found = places(records[0])
    if not found:
        fix = _fix(about, txt)
        return about.warning("bad_record", txt.evidence, fix=fix, record=records[0])
    return about.passed("published", txt.evidence, places=", ".join(found))


def _absent(about: About, txt: Answer, world: World) -> Finding:
    sts = world.dns.ask(f"_mta-sts.{about.subject}", "TXT")
    if sts_records(sts.records) or _is_pinned(about.subject, world):
        return about.warning("missing", txt.evidence, fix=_fix(about, txt))
    return about.na("none", txt.evidence, fix=_fix(about, txt))


def _is_pinned(domain: str, world: World) -> bool:
    """Whether DANE holds for the domain itself: both its MX and its hosts' keys are signed."""
    found = mail_hosts(domain, world.dns)
    names = [host.name for host in found.hosts if host.addresses]
    answers = world.dns.ask_all((f"_25._tcp.{name}", "TLSA") for name in names)
    pinned = any(answer.records and answer.evidence.authenticated for answer in answers)
    return pinned and found.mx.evidence.authenticated


def _fix(about: About, txt: Answer) -> Fix:
    domain = about.subject
    return Fix(
        records=(
            f'_smtp._tls.{domain}. 3600 IN TXT "v=TLSRPTv1; rua=mailto:tls-reports@{domain}"',
        ),
        reference="RFC 8460, 3",
        effective_s=txt.ttl_s,
    )


CHECK = Check(name="tls_rpt", run=run, concerns=lambda target: bool(inbound_domain(target)))
