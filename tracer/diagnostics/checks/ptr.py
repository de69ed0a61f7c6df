"""The name of a sending address, and whether it leads back (forward-confirmed reverse DNS).

Sources: RFC 1912, 2.1; Gmail's sender guidelines (support.google.com/a/answer/81126), which
refuse with 5.7.25 without it; RFC 1035, 3.5 and RFC 3596, 2.5 for the names.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator

from tracer.diagnostics.about import About
from tracer.diagnostics.check import Check
from tracer.diagnostics.lookup import Answer
from tracer.diagnostics.model import Finding, Fix, Side, Target
from tracer.diagnostics.outbound import is_internal
from tracer.diagnostics.world import World

CODES = (
    "ptr.confirmed", "ptr.missing", "ptr.not_confirmed", "ptr.generic", "ptr.internal",
    "ptr.unknown", "ptr.not_an_address",
)  # fmt: skip

_REFERENCE = "RFC 1912, 2.1"
_GUIDE = "https://support.google.com/a/answer/81126"
_NAMES = 5  # of one address; a host with more is no mail host's
_WORDS = re.compile(r"dyn(amic|ip)?|dial(up|in)?|pool|dhcp|ppp(oe)?|adsl|dsl|cable|customer|cust")


def run(target: Target, world: World) -> Iterator[Finding]:
    """What a receiving host learns from each address that the mail is sent from."""
    for address in dict.fromkeys(target.ips):
        yield _address(About("ptr", Side.PROVIDER, address), target, world)


def _address(about: About, target: Target, world: World) -> Finding:
    try:
        ip = ipaddress.ip_address(about.subject)
    except ValueError:
        return about.na("not_an_address")
    if is_internal(str(ip)):
        return about.na("internal")
    answer = world.dns.ask(ip.reverse_pointer, "PTR")
    names = list(dict.fromkeys(record.rstrip(".").lower() for record in answer.records))[:_NAMES]
    wanted = target.helo or f"mail.{target.sender_domain or 'example.com'}"
    fix = _fix(f"{ip.reverse_pointer}. 3600 IN PTR {wanted}.", answer.ttl_s)
    if not answer.known:
        return about.unknown("unknown", answer.evidence, reason=answer.evidence.note)
    if not names:
        return about.fail("missing", answer.evidence, fix=fix, name=wanted)
    return _named(about, ip, names, answer, world)


def _named(
    about: About,
    ip: ipaddress.IPv4Address | ipaddress.IPv6Address,
    names: list[str],
    answer: Answer,
    world: World,
) -> Finding:
    rdtype = "AAAA" if ip.version == 6 else "A"
    forward = world.dns.ask_all([(name, rdtype) for name in names])
    evidence = (answer.evidence, *(one.evidence for one in forward))
    shown = ", ".join(names)
    confirmed = [name for name, one in zip(names, forward, strict=True) if _leads_to(one, ip)]
    if not confirmed:
        if not all(one.known for one in forward):
            return about.unknown("unknown", *evidence, reason=_reason(forward))
        fix = _fix(f"{names[0]}. 3600 IN {rdtype} {ip}", forward[0].ttl_s)
        return about.fail("not_confirmed", *evidence, fix=fix, names=shown, name=names[0])
    if all(is_generic(name, about.subject) for name in confirmed):
        fix = _fix("", answer.ttl_s)
        return about.warning("generic", *evidence, fix=fix, name=confirmed[0])
    return about.passed("confirmed", *evidence, name=confirmed[0])


def is_generic(name: str, address: str) -> bool:
    """Whether a name was made from the address, or says that it is given out to anybody.

    Such names are a provider's default; receivers take them for home connections.
    """
    ip = ipaddress.ip_address(address)
    first = name.partition(".")[0]
    if ip.version == 6:
        digits = re.sub(r"[^0-9a-f]", "", name)
        return ip.exploded.replace(":", "")[-16:] in digits
    octets = address.split(".")
    numbers = re.findall(r"\d+", first)
    written = [number.lstrip("0") or "0" for number in numbers]
    if _runs_in(octets, written) or _runs_in(octets[::-1], written):
        return True
    padded = "".join(octet.zfill(3) for octet in octets)
    if padded in first or f"{int(ip):08x}" in first:
        return True
    labels = re.split(r"[.-]", name)
    return len(numbers) >= 2 and any(_WORDS.fullmatch(re.sub(r"\d", "", part)) for part in labels)


def _runs_in(octets: list[str], numbers: list[str]) -> bool:
    """All four octets, or the last three or two where the name's other part is a network's."""
    return any(numbers[at : at + 4] == octets for at in range(len(numbers) - 3)) or any(
        numbers[at : at + 3] == octets[1:] for at in range(len(numbers) - 2)
    )


def _leads_to(answer: Answer, ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    return any(ipaddress.ip_address(record) == ip for record in answer.records)


def _fix(record: str, ttl_s: int | None) -> Fix:
    return Fix(
        records=(record,) if record else (), reference=_REFERENCE, url=_GUIDE, effective_s=ttl_s
    )


def _reason(answers: tuple[Answer, ...]) -> str:
    return next((one.evidence.note for one in answers if not one.known), "")


CHECK = Check(name="ptr", run=run, concerns=lambda target: bool(target.ips))
