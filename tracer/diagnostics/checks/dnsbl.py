"""Block lists: whether the sending addresses and the sender's domain stand in one.

Source: RFC 5782. Its test points (2.1, 2.2, 5) decide first whether a list can be asked from
here at all: a list that refuses us, is gone, or lists the whole world tells nothing.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tracer.diagnostics.about import About, Params
from tracer.diagnostics.blocklists import HEAVY, Blocklist, Kind, Meaning, blocklists, is_refusal
from tracer.diagnostics.check import Check
from tracer.diagnostics.lookup import Answer
from tracer.diagnostics.model import Finding, Fix, Side, Target
from tracer.diagnostics.outbound import is_internal
from tracer.diagnostics.world import World
from tracer.errors import ConfigError

CODES = (
    "dnsbl.clean", "dnsbl.listed", "dnsbl.listed_lightly", "dnsbl.internal", "dnsbl.refused",
    "dnsbl.rewritten", "dnsbl.silent", "dnsbl.dead", "dnsbl.lists_everything",
    "dnsbl.unexplained", "dnsbl.bad_file",
)  # fmt: skip

if TYPE_CHECKING:
    import publicsuffixlist

_REASONS = ("refused", "rewritten", "silent", "dead", "lists_everything", "unexplained")


@dataclass(frozen=True, slots=True)
class _Said:
    """What a list said about a subject: `reason` is why that tells nothing, "" if it does."""

    listing: Blocklist
    subject: str
    answer: Answer
    evidence: tuple[Answer, ...]
    reason: str = ""
    meanings: tuple[Meaning, ...] = ()


def run(target: Target, world: World) -> Iterator[Finding]:
    """A finding per listing; one for what is clean; one per reason for lists that tell nothing."""
    try:
        lists = blocklists(world.options.get("blocklists", ""))
    except ConfigError as error:
        yield About("dnsbl", Side.US, "blocklists").unknown("bad_file", reason=str(error))
        return
    internal = [ip for ip in dict.fromkeys(target.ips) if is_internal(ip)]
    for ip in internal:
        yield About("dnsbl", Side.SENDER, ip).na("internal")
    pairs = [
        (listing, subject)
        for subject, kind in _subjects(target, internal)
        for listing in lists
        if kind in listing.kinds
    ]
    said = _asked(pairs, world)
    for one in said:
        if one.meanings:
            yield _listing(one, world)
    for subject in dict.fromkeys(subject for _, subject in pairs):
        clean = [
            one for one in said if one.subject == subject and not one.reason and not one.meanings
        ]
        if clean:
            yield _clean(subject, clean)
    yield from _useless(said)


def _subjects(target: Target, internal: Sequence[str]) -> Iterator[tuple[str, Kind]]:
    for ip in dict.fromkeys(target.ips):
        if ip not in internal:
            yield ip, Kind.IP6 if ":" in ip else Kind.IP4
    domains = (target.sender_domain, target.header_from.rpartition("@")[2].lower().rstrip("."))
    for domain in dict.fromkeys(_registered(domain) for domain in domains if domain):
        yield domain, Kind.DOMAIN


def _registered(domain: str) -> str:
    """The domain that somebody registered: lists of domains hold those, not what is below."""
    return str(_suffixes().privatesuffix(domain) or domain)


@functools.cache
def _suffixes() -> publicsuffixlist.PublicSuffixList:
    import publicsuffixlist

    return publicsuffixlist.PublicSuffixList()


def _asked(pairs: Sequence[tuple[Blocklist, str]], world: World) -> list[_Said]:
    """Test points and subjects, all at once."""
    names = dict.fromkeys(
        name
        for listing, subject in pairs
        for name in (*listing.test_points, listing.question(subject))
    )
    answers = world.dns.ask_all((name, "A") for name in names)
    found = dict(zip(names, answers, strict=True))
    return [_said(listing, subject, found) for listing, subject in pairs]


def _said(listing: Blocklist, subject: str, found: dict[str, Answer]) -> _Said:
    there, absent = (found[name] for name in listing.test_points)
    answer = found[listing.question(subject)]
    reason = _untrusted(there, absent) or _unanswered(answer)
    meanings: tuple[Meaning, ...] = ()
    if not reason:
        told = [m for record in answer.records for m in listing.meanings(record)]
        meanings = tuple(one for one in told if one.weight != 0)
        reason = "unexplained" if answer.records and not told else ""
    return _Said(listing, subject, answer, (there, absent, answer), reason, meanings)


def _untrusted(there: Answer, absent: Answer) -> str:
    """Why a list tells nothing from here, by its test points; "" if it does."""
    for answer in (there, absent):
        if reason := _unanswered(answer):
            return reason
    if absent.records:
        return "lists_everything"
    return "" if there.records else "dead"


def _unanswered(answer: Answer) -> str:
    """Why one answer is no word about its subject; "" if it is one."""
    if not answer.known:
        return "silent"
    if any(not record.startswith("127.") for record in answer.records):
        return "rewritten"
    if any(is_refusal(record) for record in answer.records):
        return "refused"
    return ""


def _listing(one: _Said, world: World) -> Finding:
    listing = one.listing
    weight = max(listing.weight if m.weight is None else m.weight for m in one.meanings)
    reasons = world.dns.ask(one.answer.name, "TXT")
    about = About("dnsbl", one.meanings[0].side, one.subject)
    fix = Fix(
        reference="RFC 5782",
        url=listing.removal.replace("{subject}", one.subject),
        effective_s=one.answer.ttl_s,
    )
    params: Params = {
        "list": listing.name,
        "zone": listing.zone,
        "meaning": ", ".join(dict.fromkeys(m.text for m in one.meanings)),
        "weight": weight,
        "said": " ".join(reasons.records),
        "removal": fix.url or listing.name,
    }
    evidence = (one.answer.evidence, reasons.evidence)
    if weight >= HEAVY:
        return about.fail("listed", *evidence, fix=fix, **params)
    return about.warning("listed_lightly", *evidence, fix=fix, **params)


def _clean(subject: str, clean: Sequence[_Said]) -> Finding:
    return About("dnsbl", Side.SENDER, subject).passed(
        "clean",
        *(one.answer.evidence for one in clean),
        count=len(clean),
        lists=", ".join(one.listing.name for one in clean),
    )


def _useless(said: Sequence[_Said]) -> Iterator[Finding]:
    """The lists that told nothing, together by the reason."""
    for reason in _REASONS:
        silent = [one for one in said if one.reason == reason]
        if not silent:
            continue
        lists = dict.fromkeys(one.listing.name for one in silent)
        evidence = {
            answer.name: answer.evidence
            for one in silent
            for answer in one.evidence
            if reason == "dead" or _unanswered(answer) or answer.records
        }
        subject = ", ".join(dict.fromkeys(one.subject for one in silent))
        yield About("dnsbl", Side.US, subject).unknown(
            reason, *evidence.values(), lists=", ".join(lists), count=len(lists)
        )


def _concerns(target: Target) -> bool:
    return bool(target.ips or target.sender or target.header_from)


CHECK = Check(name="dnsbl", run=run, concerns=_concerns)
