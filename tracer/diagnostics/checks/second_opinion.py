"""What checkdmarc says of the records beyond our own checks; only when it is asked for by name.

Source: checkdmarc 6, whose importing takes a second. Only its functions for one kind of
record are called, every question of theirs goes through our Lookup, and no page is fetched.
Its word is told as its word: it is a linter, and knows nothing of this mail.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tracer.diagnostics.about import About
from tracer.diagnostics.check import Check
from tracer.diagnostics.checks import dmarc, spf, tls_rpt
from tracer.diagnostics.lookup import Answer, Lookup, ascii_name
from tracer.diagnostics.lookup.adapter import nameserver_of
from tracer.diagnostics.model import Finding, Fix, Side, Target
from tracer.diagnostics.smtp_hosts import inbound_domain, inbound_side
from tracer.diagnostics.world import World

CODES = ("second_opinion.warning", "second_opinion.agrees", "second_opinion.unknown")

_TIMEOUT_S = 20.0  # our Lookup has limits of its own, which end sooner
_EVIDENCE = 4  # answers shown with a warning

Said = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Part:
    """One kind of record: who lints it, and what our own check tells about it already.

    An error is left out where our check found one of `told`; a warning that `ours` matches
    is left out always.
    """

    name: str
    place: str  # before the domain
    lint: Callable[[str, dict[str, Any]], Said]
    check: Check | None = None
    told: frozenset[str] = frozenset()
    ours: re.Pattern[str] = re.compile("(?!)")


def run(target: Target, world: World) -> Iterator[Finding]:
    """A finding for each thing that checkdmarc alone says; one that it agrees otherwise."""
    sender = ascii_name((target.header_from or target.sender).rpartition("@")[2]) or ""
    inbound = ascii_name(inbound_domain(target)) or ""
    sides = ((sender, Side.SENDER, _OF_SENDER), (inbound, inbound_side(target), _OF_RECIPIENT))
    for domain, side, parts in sides:
        for part in parts if domain else ():
            yield from _part(About("second_opinion", side, domain), part, target, world)


def _part(about: About, part: _Part, target: Target, world: World) -> Iterator[Finding]:
    answer = world.dns.ask(f"{part.place}{about.subject}", "TXT")
    asked: list[Answer] = []
    said, trouble = _asked_for(part, about.subject, world.dns, asked)
    unknown = next((one.evidence for one in (answer, *asked) if not one.known), None)
    if trouble or unknown:
        reason = trouble or (unknown.note if unknown else "")
        yield about.unknown("unknown", unknown or answer.evidence, part=part.name, reason=reason)
        return
    texts = list(_new(part, said, target, world))
    evidence = list(dict.fromkeys(one.evidence for one in (answer, *asked)))[:_EVIDENCE]
    for text in texts:
        fix = Fix(reference=_reference(text))
        yield about.warning("warning", *evidence, fix=fix, part=part.name, text=text)
    if not texts:
        yield about.passed("agrees", answer.evidence, part=part.name)


def _asked_for(part: _Part, domain: str, lookup: Lookup, asked: list[Answer]) -> tuple[Said, str]:
    """What checkdmarc says, and what it tripped over."""
    os.environ["CACHE_MAX_AGE_SECONDS"] = "0"  # read at its import: its caches outlive a run
    import dns.resolver

    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers = [nameserver_of(lookup, asked)]
    resolver.lifetime = _TIMEOUT_S
    # Both: some of its functions heed the one, some (of exp=) the other alone.
    doors = {"resolver": resolver, "nameservers": resolver.nameservers}
    try:
        return part.lint(domain, {**doors, "timeout": _TIMEOUT_S, "retries": 0}), ""
    except Exception as error:  # what another's linter trips over is no fault of the domain
        return {}, f"checkdmarc: {type(error).__name__}: {error}"[:300]


def _new(part: _Part, said: Said, target: Target, world: World) -> Iterator[str]:
    """Its words, each once, without those that our own checks have."""
    texts = [*said.get("warnings", ())]
    if said.get("error") and not _is_told(part, target, world):
        texts.insert(0, said["error"])
    for text in dict.fromkeys(" ".join(str(one).split()) for one in texts):
        if not part.ours.search(text):
            yield text


def _is_told(part: _Part, target: Target, world: World) -> bool:
    """Whether our own check finds the record at fault; its answers are known already."""
    if part.check is None:
        return False
    found = {finding.code.partition(".")[2] for finding in part.check.run(target, world)}
    return not part.told.isdisjoint(found)


def _reference(text: str) -> str:
    found = re.search(r"RFC (\d{4,5})(?: ?(?:§|section) ?([\d.]*\d))?", text)
    return f"RFC {found[1]}" + (f", {found[2]}" if found[2] else "") if found else ""


def _spf(domain: str, doors: dict[str, Any]) -> Said:
    from checkdmarc.spf import check_spf

    found: Said = check_spf(domain, **doors)
    return found


def _dmarc(domain: str, doors: dict[str, Any]) -> Said:
    from checkdmarc.dmarc import check_dmarc

    found: Said = check_dmarc(domain, ignore_unrelated_records=True, **doors)
    return found


def _tls_rpt(domain: str, doors: dict[str, Any]) -> Said:
    from checkdmarc.smtp_tls_reporting import check_smtp_tls_reporting

    found: Said = check_smtp_tls_reporting(domain, **doors)
    return found


def _mta_sts(domain: str, doors: dict[str, Any]) -> Said:
    """The record alone: `check_mta_sts` would fetch the policy."""
    from checkdmarc.mta_sts import MTASTSError, parse_mta_sts_record, query_mta_sts_record

    try:
        found = query_mta_sts_record(domain, **doors)
        parsed = parse_mta_sts_record(found["record"])
    except MTASTSError as error:
        return {"error": str(error), "warnings": []}
    return {"warnings": [*found["warnings"], *parsed["warnings"]]}


_OF_SENDER = (
    _Part(
        "SPF", "", _spf, spf.CHECK,
        frozenset(
            "missing several_records syntax no_record_there loop too_many_mx "
            "too_many_lookups too_many_voids unknown".split()
        ),
        re.compile(
            "bytes|after the all mechanism|multiple all mechanisms|redirect modifier was ignored"
            "|ptr mechanism (should not|points to)"
        ),
    ),
    _Part(
        "DMARC", "_dmarc.", _dmarc, dmarc.CHECK,
        frozenset(
            "missing wrong_place bad_version several_records bad_policy bad_tags "
            "report_not_allowed unknown".split()
        ),
        re.compile(
            "removed in RFC 9989|Unknown DMARC tag|tag value of none|rua tag .*not found"
            "|at the root of|not a valid .* tag value|^fo=|has not indicated that it accepts"
            "|does not indicate that it accepts"
        ),
    ),
)  # fmt: skip
_OF_RECIPIENT = (
    _Part(
        "MTA-STS", "_mta-sts.", _mta_sts,
        ours=re.compile("does not exist|Multiple MTA-STS|id value must be|missing the required"),
    ),
    _Part(
        "TLS-RPT", "_smtp._tls.", _tls_rpt, tls_rpt.CHECK,
        frozenset("none missing several_records bad_record unknown".split()),
    ),
)  # fmt: skip

CHECK = Check(
    name="second_opinion",
    run=run,
    concerns=lambda target: bool(target.sender_domain or inbound_domain(target)),
    on_request=True,
)
