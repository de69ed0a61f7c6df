"""The name that the sending host greets with.

Sources: RFC 5321, 2.3.5 and 4.1.1.1 (fully qualified, resolvable; address literals for hosts
without a name), 4.1.4 (a difference to the address is no reason to refuse, but many count it).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Sequence

from tracer.diagnostics.about import About
from tracer.diagnostics.check import Check
from tracer.diagnostics.lookup import Answer, ascii_name
from tracer.diagnostics.model import Finding, Fix, Side, Target
from tracer.diagnostics.world import World

CODES = (
    "helo.matches", "helo.resolves", "helo.not_qualified", "helo.literal", "helo.unresolvable",
    "helo.differs", "helo.unknown",
)  # fmt: skip

_REFERENCE = "RFC 5321, 4.1.1.1"
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?")
_LOCAL = frozenset({"localhost", "localdomain", "local", "lan", "internal", "home", "invalid"})


def run(target: Target, world: World) -> Iterator[Finding]:
    """Whether the name is one, is known to the world, and leads to the sending addresses."""
    about = About("helo", Side.SENDER, target.helo)
    fix = Fix(
        settings=(f"myhostname = mail.{target.sender_domain or 'example.com'}",),
        reference=_REFERENCE,
    )
    if target.helo.startswith("[") or _address(target.helo) is not None:
        yield about.warning("literal", fix=fix)
    elif not is_qualified(target.helo):
        yield about.fail("not_qualified", fix=fix)
    else:
        name = target.helo.rstrip(".")
        answers = world.dns.ask_all([(name, "A"), (name, "AAAA")])
        yield _resolved(about, target, answers, fix)


def is_qualified(name: str) -> bool:
    """Whether a name can be known beyond its own network: labels of letters, two at least."""
    ascii_form = ascii_name(name)
    if ascii_form is None or "." not in ascii_form:
        return False
    labels = ascii_form.split(".")
    return all(map(_LABEL.fullmatch, labels)) and labels[-1] not in _LOCAL


def _resolved(about: About, target: Target, answers: Sequence[Answer], fix: Fix) -> Finding:
    evidence = [answer.evidence for answer in answers]
    found = {_address(record) for answer in answers for record in answer.records} - {None}
    sent_from = {_address(ip) for ip in target.ips} - {None}
    unsure = next((answer for answer in answers if not answer.known), None)
    if unsure and not found & sent_from:
        return about.unknown("unknown", *evidence, reason=unsure.evidence.note)
    ip = target.ips[0] if target.ips else "192.0.2.10"
    record = f"{about.subject.rstrip('.')}. 3600 IN {'AAAA' if ':' in ip else 'A'} {ip}"
    forward = Fix(
        records=(record,),
        settings=fix.settings,
        reference=_REFERENCE,
        effective_s=answers[0].ttl_s,
    )
    if not found:
        return about.fail("unresolvable", *evidence, fix=forward)
    shown = ", ".join(map(str, sorted(found, key=str)))
    if not sent_from:
        return about.passed("resolves", *evidence, addresses=shown)
    if found & sent_from:
        return about.passed("matches", *evidence, addresses=shown)
    return about.warning("differs", *evidence, fix=forward, addresses=shown, ip=ip)


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


CHECK = Check(name="helo", run=run, concerns=lambda target: bool(target.helo))
